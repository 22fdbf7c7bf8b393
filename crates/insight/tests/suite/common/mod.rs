//! Small data sets, and a training that is diagnosed.

use chainrule_data::{Dataset, Digits, Targets};
use chainrule_insight::{Diagnosis, Evidence, Finding, Instruments, Kind, Severity};
use chainrule_nn::{Loss, Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;
use chainrule_train::optimizer::Optimizer;
use chainrule_train::{Group, Trainer};

/// Two classes in the plane, one around the other.
pub fn circles(samples: usize, seed: u64) -> Dataset {
    let noise: Tensor = Tensor::normal([samples, 2], 0.0, 0.1, &mut generator(seed)).unwrap();
    let angle = |i: usize| i as f32 * 2.399_963;
    let radius = |i: usize| if i.is_multiple_of(2) { 0.5 } else { 1.5 };
    let place =
        |i: usize| if i.is_multiple_of(2) { angle(i / 2).cos() } else { angle(i / 2).sin() };
    let inputs = Tensor::from_fn([samples, 2], |i| radius(i / 2) * place(i) + noise.values()[i]);
    Dataset::new(
        inputs,
        Targets::Classes { indices: (0..samples as u32).map(|i| i % 2).collect(), classes: 2 },
    )
    .unwrap()
}

/// Clouds around random centres, one for each class.
pub fn clouds(counts: &[usize], width: usize, spread: f64, seed: u64) -> Dataset {
    let centres: Tensor =
        Tensor::normal([counts.len(), width], 0.0, 1.0, &mut generator(seed)).unwrap();
    let indices: Vec<u32> =
        counts.iter().zip(0..).flat_map(|(&count, class)| vec![class; count]).collect();
    let noise: Tensor =
        Tensor::normal([indices.len(), width], 0.0, spread, &mut generator(seed + 1)).unwrap();
    let inputs = Tensor::from_fn([indices.len(), width], |i| {
        centres.row(indices[i / width] as usize)[i % width] + noise.values()[i]
    });
    Dataset::new(inputs, Targets::Classes { indices, classes: counts.len() }).unwrap()
}

/// A smooth function of a few numbers.
pub fn curve(samples: usize, seed: u64) -> Dataset {
    let inputs: Tensor = Tensor::normal([samples, 3], 0.0, 1.0, &mut generator(seed)).unwrap();
    let target = |row: &[f32]| (2.0 * row[0]).sin() + 0.5 * row[1] * row[2];
    let targets = Tensor::from_fn([samples, 1], |i| target(inputs.row(i)));
    Dataset::new(inputs, Targets::Values(targets)).unwrap()
}

/// Labels that do not exclude each other: the signs of three of the inputs.
pub fn labels(samples: usize, seed: u64) -> Dataset {
    let inputs: Tensor = Tensor::normal([samples, 4], 0.0, 1.0, &mut generator(seed)).unwrap();
    let targets =
        Tensor::from_fn([samples, 3], |i| f32::from(u8::from(inputs.row(i / 3)[i % 3] > 0.0)));
    Dataset::new(inputs, Targets::Labels(targets)).unwrap()
}

/// Some of the digits.
pub fn digits(from: usize, to: usize) -> Dataset {
    Digits::load().unwrap().dataset().select(&(from..to).collect::<Vec<_>>()).unwrap()
}

/// A training with instruments, and all that can be said of it.
pub struct Experiment {
    pub model: Sequential,
    pub loss: Box<dyn Loss>,
    pub optimizer: Box<dyn Optimizer>,
    pub data: Dataset,
    pub validation: Option<Dataset>,
    pub epochs: usize,
    pub batch_size: usize,
    pub seed: u64,
    pub groups: Vec<Group>,
}

impl Experiment {
    pub fn new(
        model: Sequential,
        loss: impl Loss + 'static,
        optimizer: impl Optimizer + 'static,
        data: Dataset,
    ) -> Experiment {
        let (loss, optimizer) = (Box::new(loss), Box::new(optimizer));
        let (validation, groups) = (None, Vec::new());
        Experiment {
            model,
            loss,
            optimizer,
            data,
            validation,
            epochs: 10,
            batch_size: 16,
            seed: 1,
            groups,
        }
    }

    pub fn epochs(mut self, epochs: usize) -> Experiment {
        self.epochs = epochs;
        self
    }

    pub fn validated(mut self, data: Dataset) -> Experiment {
        self.validation = Some(data);
        self
    }

    /// All findings, infos included.
    pub fn findings(self) -> Vec<Finding> {
        let Experiment {
            model,
            loss,
            optimizer,
            data,
            validation,
            epochs,
            batch_size,
            seed,
            groups,
        } = self;
        let sample = &data.inputs().shape()[1..];
        let mut params = model.init(sample, seed).unwrap();
        let mut instruments = Instruments::new().every(4);
        let error = Trainer::new(&model, &*loss, optimizer)
            .epochs(epochs)
            .batch_size(batch_size)
            .seed(seed)
            .groups(groups)
            .callback(&mut instruments)
            .fit(&mut params, &data, validation.as_ref())
            .err();
        let log = instruments.into_log();
        let mut evidence =
            Evidence::new().log(&log).model(&model).params(&params).loss(&*loss).data(&data);
        evidence.error = error.as_ref();
        Diagnosis::new().findings(&evidence)
    }
}

/// The kinds found at a severity of warning or above, each once.
pub fn bad(findings: &[Finding]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning)
        .map(|finding| finding.kind)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// That the fault raises exactly this kind, and neither the healthy twin nor the run with the
/// remedy raises anything.
#[track_caller]
pub fn check(
    kind: Kind,
    fault: Experiment,
    twin: Experiment,
    remedied: Experiment,
) -> Vec<Finding> {
    let findings = fault.findings();
    assert_eq!(bad(&findings), [kind], "{}", show(&findings));
    assert!(!findings[0].remedies.is_empty(), "{}", findings[0]);
    for (name, run) in [("the healthy twin", twin), ("the remedied run", remedied)] {
        let others = run.findings();
        assert_eq!(bad(&others), [], "{name}: {}", show(&others));
    }
    findings
}

pub fn show(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}
