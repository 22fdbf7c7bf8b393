//! Trainings with all that they leave.

use chainrule_data::{Dataset, Digits, Targets};
use chainrule_graph::Params;
use chainrule_insight::{Diagnosis, Evidence, Instruments, Recording};
use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
use chainrule_nn::{Loss, Model, Sequential};
use chainrule_report::Material;
use chainrule_tensor::Tensor;
use chainrule_train::Trainer;
use chainrule_train::metric::Metric;
use chainrule_train::optimizer::Adam;

pub struct Trained {
    pub title: &'static str,
    pub model: Sequential,
    pub loss: Box<dyn Loss>,
    pub params: Params,
    pub test: Dataset,
    pub recording: Recording,
    pub image: Option<(usize, usize)>,
}

impl Trained {
    pub fn new(
        title: &'static str,
        model: Sequential,
        loss: impl Loss + Clone + 'static,
        metric: Option<Box<dyn Metric>>,
        (train, test): (Dataset, Dataset),
        (epochs, learning_rate): (usize, f64),
    ) -> Trained {
        let mut params = model.init(&train.input_shape(1)[1..], 0).unwrap();
        let mut instruments = Instruments::new().every(4);
        let mut trainer =
            Trainer::new(&model, loss.clone(), Adam::new(learning_rate)).epochs(epochs);
        if let Some(metric) = metric {
            trainer = trainer.metric(metric);
        }
        let fitted = trainer.callback(&mut instruments).fit(&mut params, &train, Some(&test));
        let mut recording = Recording::of(&fitted)
            .log(instruments.into_log())
            .configuration([("optimizer", "adam"), ("epochs", &epochs.to_string())]);
        let evidence = Evidence::new()
            .recording(&recording)
            .model(&model)
            .params(&params)
            .loss(&loss)
            .data(&train);
        recording.findings = Diagnosis::new().findings(&evidence);
        Trained { title, model, loss: Box::new(loss), params, test, recording, image: None }
    }

    pub fn run(&self) -> Material<'_> {
        let known = Evidence::new().model(&self.model).params(&self.params);
        let known = known.loss(self.loss.as_ref()).data(&self.test);
        let run = Material::new(self.title, &self.recording).evidence(known);
        if let Some((width, height)) = self.image { run.images(width, height) } else { run }
    }
}

/// Handwritten digits by ReLUs and tanh.
pub fn digits(epochs: usize) -> Trained {
    let parts = Digits::load().unwrap().dataset().split_stratified(0.2, 0).unwrap();
    let model = Sequential::new().linear(64, 32).relu().linear(32, 16).tanh().linear(16, 10);
    let accuracy: Box<dyn Metric> = Box::new(chainrule_train::metric::Accuracy::new());
    let trained =
        Trained::new("Digits", model, CrossEntropy, Some(accuracy), parts, (epochs, 0.003));
    Trained { image: Some((8, 8)), ..trained }
}

/// Two inputs, and whether they have the same sign, as classes of two outputs or as one label.
pub fn signs(labels: bool) -> Trained {
    let inputs: Tensor = Tensor::from_fn([256, 2], |i| ((i * i) as f32 * 0.37 + i as f32).sin());
    let same = |i: usize| u32::from(inputs.row(i)[0] * inputs.row(i)[1] > 0.0);
    let split = |targets| Dataset::new(inputs.clone(), targets).unwrap().split(0.25, 0).unwrap();
    let model = |outputs| Sequential::new().linear(2, 12).tanh().linear(12, outputs);
    if labels {
        let parts = split(Targets::Labels(Tensor::from_fn([256, 1], |i| same(i) as f32)));
        Trained::new("One label", model(1), BinaryCrossEntropy::default(), None, parts, (40, 0.03))
    } else {
        let parts = split(Targets::Classes { indices: (0..256).map(same).collect(), classes: 2 });
        Trained::new("Two classes", model(2), CrossEntropy, None, parts, (40, 0.03))
    }
}

/// A number from three.
pub fn regression() -> Trained {
    let inputs: Tensor = Tensor::from_fn([128, 3], |i| (i as f32 * 1.7).sin());
    let targets = Tensor::from_fn([128, 1], |i| inputs.row(i).iter().product());
    let parts = Dataset::new(inputs, Targets::Values(targets)).unwrap().split(0.25, 0).unwrap();
    let model = Sequential::new().linear(3, 8).elu().linear(8, 1);
    Trained::new("A number", model, MeanSquaredError, None, parts, (5, 0.01))
}
