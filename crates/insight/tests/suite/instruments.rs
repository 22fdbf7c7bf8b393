//! The instruments measure by the definitions, and leave a training as it is.

use chainrule_data::{Dataset, Digits, Targets};
use chainrule_graph::{Graph, Params};
use chainrule_insight::monitor::noise_scale;
use chainrule_insight::{Diagnosis, Evidence, Instruments, Kind, Log};
use chainrule_nn::loss::{CrossEntropy, MeanSquaredError};
use chainrule_nn::{
    Dropout, Layer, Linear, Loss, Model, Reduction, Residual, Sequential, activation,
};
use chainrule_tensor::random::generator;
use chainrule_tensor::{Real, Tensor};
use chainrule_train::Trainer;
use chainrule_train::optimizer::{Adam, Sgd};

fn digits(samples: usize) -> Dataset<f32> {
    Digits::load().unwrap().dataset().select(&(0..samples).collect::<Vec<_>>()).unwrap()
}

/// A little of everything: fused and unfused activations, normalisation, a way around, noise, a
/// learned slope.
fn varied() -> Sequential {
    Sequential::new()
        .linear(64, 12)
        .tanh()
        .layer(Residual::new(Sequential::new().linear(12, 12).gelu().linear(12, 12)))
        .linear(12, 10)
        .batch_norm()
        .relu()
        .layer(Dropout { p: 0.2 })
        .linear(10, 10)
        .prelu()
        .layer(Linear::to(10).without_bias())
}

/// Kind "losses over batches" (transformers#24725): of a step of several batches the record has the
/// loss of all, which is that of one batch of them, although they count differently.
#[test]
fn the_record_of_accumulated_batches_is_that_of_one_batch_of_all() {
    let data = digits(60);
    let model = Sequential::new().linear(64, 10);
    let weights = vec![1.0, 5.0, 1.0, 1.0, 1.0, 9.0, 1.0, 1.0, 2.0, 1.0];
    let weighted =
        || CrossEntropy { weights: weights.clone(), ignore_index: Some(3.0), ..CrossEntropy };
    let record = |batch_size, accumulate| {
        let (mut params, mut instruments) = (model.init([64], 3).unwrap(), Instruments::new());
        Trainer::new(&model, weighted(), Adam::new(0.01))
            .epochs(1)
            .batch_size(batch_size)
            .accumulate(accumulate)
            .callback(&mut instruments)
            .fit(&mut params, &data, None)
            .unwrap();
        let records = &instruments.log().records;
        assert_eq!(records.len(), 1);
        (records[0].loss, records[0].samples)
    };
    let (expected, samples) = record(60, 1);
    for (batch_size, accumulate) in [(30, 2), (25, 3), (7, 9), (1, 60)] {
        let (loss, of) = record(batch_size, accumulate);
        assert!(
            (loss / expected - 1.0).abs() < 1e-5 && loss != 0.0,
            "{batch_size}: {loss}, not {expected}"
        );
        // Batches that the loss ignores as a whole are not shown.
        assert!(of == samples || batch_size == 1, "{batch_size}: {of} samples");
    }
}

#[test]
fn a_training_has_the_same_bits_with_and_without_them() {
    let data = digits(100);
    let model = varied();
    for accumulate in [1, 2] {
        let train = |instruments: Option<&mut Instruments>| {
            let mut params = model.init([64], 3).unwrap();
            let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
                .epochs(3)
                .batch_size(32)
                .accumulate(accumulate);
            if let Some(instruments) = instruments {
                trainer = trainer.callback(instruments);
            }
            let history = trainer.fit(&mut params, &data, Some(&data)).unwrap();
            let losses: Vec<f64> = history
                .epochs
                .iter()
                .map(|epoch| epoch.validation.as_ref().unwrap().loss)
                .collect();
            (params.values().to_vec(), params.statistic_values().to_vec(), losses)
        };
        let mut instruments = Instruments::new().every(2).window(2).singular_values_up_to(64);
        let (plain, watched) = (train(None), train(Some(&mut instruments)));
        assert_eq!(plain, watched, "{accumulate}");
        assert!(instruments.log().records.len() >= 3);
        let gaps: Vec<(usize, f64)> = instruments.log().gaps().collect();
        let last = instruments.log().epochs[2].clone();
        assert_eq!(gaps[2], (3, last.validation.unwrap().loss - last.train.loss));
    }
}

#[test]
fn layers_are_operations_with_weights_and_the_activations_behind_them() {
    let data = digits(64);
    let (model, mut instruments) = (varied(), Instruments::new().every(1));
    let mut params = model.init([64], 3).unwrap();
    Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(1)
        .callback(&mut instruments)
        .fit(&mut params, &data, None)
        .unwrap();
    let log = instruments.into_log();
    let seen: Vec<_> = log
        .layers
        .iter()
        .map(|l| (&*l.path, &*l.op, l.activation.as_deref(), l.units, l.output))
        .collect();
    assert_eq!(
        seen,
        [
            ("0", "affine", Some("tanh"), 12, false),
            ("2.inner.0", "affine", Some("gelu"), 12, false),
            ("2.inner.2", "affine", None, 12, false),
            ("3", "affine", None, 10, false),
            ("5", "relu", Some("relu"), 10, false),
            ("7", "affine", Some("prelu"), 10, false),
            ("9", "matmul", None, 10, true),
        ]
    );
    for record in &log.records {
        for (layer, info) in record.layers.iter().zip(&log.layers) {
            let z = layer.pre_activations.as_ref().unwrap();
            assert_eq!(z.count, 32 * info.units, "{}", info.path);
            assert_eq!(
                z.histogram.counts.iter().map(|&count| count as usize).sum::<usize>(),
                z.count
            );
            assert!(layer.pre_activation_gradients.as_ref().unwrap().norm > 0.0, "{}", info.path);
            assert_eq!(layer.activations.is_some(), info.activation.is_some());
        }
    }
    assert!(log.records[0].layers[4].sparsity() > 0.1);
    assert_eq!(log.parameters[0].name, "0.weight");
    assert_eq!((log.windows.len(), log.windows[0].layers[0].rows), (1, 64));
    assert_eq!(log.epochs.len(), 1);
}

/// Two layers, and what they compute written out.
fn small(kind: &str) -> (Sequential<f64>, Dataset<f64>) {
    let function: Box<dyn Layer<f64>> = activation::by_name(kind).unwrap();
    let model = Sequential::default().linear(3, 4).layer(function).linear(4, 2);
    let inputs = Tensor::normal([5, 3], 0.0, 2.0, &mut generator(8)).unwrap();
    let targets = Tensor::normal([5, 2], 0.0, 1.0, &mut generator(9)).unwrap();
    (model, Dataset::new(inputs, Targets::Values(targets)).unwrap())
}

fn observe<T: Real>(
    model: &Sequential<T>,
    params: &mut Params<T>,
    data: &Dataset<T>,
    instruments: Instruments<T>,
) -> Log {
    let mut instruments = instruments.every(1);
    Trainer::new(model, MeanSquaredError, Sgd::new(0.1))
        .epochs(1)
        .batch_size(data.len())
        .in_order()
        .callback(&mut instruments)
        .fit(params, data, None)
        .unwrap();
    instruments.into_log()
}

#[test]
fn statistics_are_those_of_the_values_in_between() {
    // Fused, and not.
    for kind in ["sigmoid", "gelu", "hard_tanh"] {
        let (model, data) = small(kind);
        let mut params = model.init([3], 5).unwrap();
        let before = params.clone();
        let log = observe(&model, &mut params, &data, Instruments::new());

        let graph = Graph::with_params(&before);
        let x = graph.constant(data.inputs());
        let w = |name: &str, shape: &[usize]| graph.param(name, shape, 0.0);
        let z = x.affine(w("0.weight", &[3, 4]), w("0.bias", &[4])).keep().keep_gradient();
        let a = activation::by_name(kind).unwrap().forward(z).keep().keep_gradient();
        let y = a.affine(w("2.weight", &[4, 2]), w("2.bias", &[2])).keep_gradient();
        let Targets::Values(targets) = data.targets() else { unreachable!() };
        let loss = MeanSquaredError.forward(y, graph.constant(targets), Reduction::Mean);
        let plan = graph.plan(loss).unwrap();
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        plan.forward(&before, &mut workspace);
        plan.backward(&before, &mut workspace, &mut grads);

        let close =
            |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{kind}: {a} {b}");
        let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (record, layer) = (&log.records[0], &log.records[0].layers[0]);
        let values = [
            (&layer.pre_activations, workspace.value(z)),
            (&layer.activations, workspace.value(a)),
            (&layer.pre_activation_gradients, workspace.gradient(z)),
            (&layer.activation_gradients, workspace.gradient(a)),
            (&record.layers[1].pre_activation_gradients, workspace.gradient(y)),
        ];
        for (statistics, expected) in values {
            let statistics = statistics.as_ref().unwrap();
            close(statistics.mean, mean(expected.values()));
            close(statistics.norm, norm(expected.values()));
        }
        close(record.gradient_norm, norm(grads.values()));
        let (low, high) = log.layers[0].properties.responsive;
        let outside =
            workspace.value(z).values().iter().filter(|z| **z < low || **z > high).count();
        close(layer.saturated, outside as f64 / 20.0);
        let weights = &record.parameters[0];
        close(weights.gradient_norm, norm(grads.get("0.weight").unwrap().values()));
        close(weights.update_ratio().unwrap(), 0.1 * weights.gradient_norm / weights.weight_norm);
        close(weights.weight_norm, norm(before.get("0.weight").unwrap().values()));
    }
}

#[test]
fn units_are_counted_over_the_rows_of_a_window() {
    let (model, data) = small("relu");
    let mut params = model.init([3], 5).unwrap();
    // One unit that no row reaches.
    params.get_mut("0.bias").unwrap()[1] = -1e3;
    let before = params.clone();
    let log = observe(&model, &mut params, &data, Instruments::new());
    let (weights, bias) = (before.get("0.weight").unwrap(), before.get("0.bias").unwrap());
    let z = |row: usize, unit: usize| {
        let x = data.inputs().row(row);
        (0..3).map(|i| x[i] * weights.at(&[i, unit])).sum::<f64>() + bias.values()[unit]
    };
    let active: Vec<u32> =
        (0..4).map(|unit| (0..5).filter(|&row| z(row, unit) > 0.0).count() as u32).collect();
    let units = &log.windows[0].layers[0];
    assert_eq!((log.windows[0].steps, units.rows), ((1, 1), 5));
    assert_eq!(units.active, active);
    // The signal from above is nowhere exactly zero, so that it is the derivative that stops it.
    assert_eq!(units.gradient, active);
    assert_eq!(units.inactive().collect::<Vec<_>>(), [1]);
    assert!(
        active.iter().any(|&rows| rows > 0 && rows < 5),
        "a unit that is active for some: {active:?}"
    );
}

/// The layer in front of it carries a unit back that had no gradient of its own; another one stays
/// dead.
#[test]
fn relus_that_recover_are_told_from_those_that_do_not() {
    let layer = |from, to| Linear::new(from, to).weight_init(1.0).bias_init(0.0);
    let model =
        Sequential::double().layer(layer(1, 1)).relu().layer(layer(1, 3)).relu().layer(layer(3, 1));
    let mut params = model.init([1], 0).unwrap();
    params.get_mut("2.bias").unwrap().copy_from_slice(&[0.0, -1.8, -1e3]);
    let inputs = Tensor::from_rows([[0.8], [0.9], [1.0], [1.1]]);
    let data = Dataset::new(inputs.clone(), Targets::Values(inputs.map(|x| 20.0 * x))).unwrap();
    let mut instruments = Instruments::new().every(1).window(1);
    Trainer::new(&model, MeanSquaredError, Sgd::new(0.005))
        .epochs(60)
        .callback(&mut instruments)
        .fit(&mut params, &data, None)
        .unwrap();
    let log = instruments.into_log();
    let units = |window: usize| &log.windows[window].layers[1];
    assert_eq!(units(0).inactive().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(units(0).without_gradient().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(units(0).revived_in(units(59)), [1]);
    assert_eq!(units(59).inactive().collect::<Vec<_>>(), [2]);
    let findings = Diagnosis::new()
        .findings(&Evidence::new().log(&log).model(&model).params(&params).data(&data));
    let dying: Vec<&str> = findings
        .iter()
        .filter(|found| found.kind == Kind::DyingRelu)
        .map(|found| &*found.evidence)
        .collect();
    let expected = "inactive on all 4 rows of the data: 1 of its 3 relu units; 2 were so in the \
                    first window, \
                    unit 1 has recovered";
    assert_eq!(dying, [expected]);
}

#[test]
fn gradient_noise_is_that_of_the_samples_own_gradients() {
    let (model, data) = small("tanh");
    let mut params = model.init([3], 5).unwrap();
    let before = params.clone();
    let log = observe(&model, &mut params, &data, Instruments::new());
    let noise = log.records[0].noise.unwrap();
    let squares = (0..5).map(|sample| {
        let one = data.select(&[sample]).unwrap();
        observe(&model, &mut before.clone(), &one, Instruments::new()).records[0]
            .gradient_norm
            .powi(2)
    });
    let expected = squares.sum::<f64>() / 5.0;
    assert!((noise.of_samples - expected).abs() < 1e-12 * expected);
    assert_eq!(noise.samples, 5);
    assert!((noise.of_batch.sqrt() - log.records[0].gradient_norm).abs() < 1e-12);
    assert!(log.noise_scale().is_some_and(|scale| scale > 0.0));
    assert_eq!(log.noise_scale(), noise_scale(&[noise]));
}

#[test]
fn singular_values_are_those_of_the_jacobian() {
    let (model, data) = small("tanh");
    let mut params = model.init([3], 5).unwrap();
    let before = params.clone();
    let log = observe(&model, &mut params, &data, Instruments::new().singular_values_up_to(4));
    let weights = before.get("0.weight").unwrap();
    let z = |unit: usize| {
        let x = data.inputs().row(0);
        (0..3).map(|i| x[i] * weights.at(&[i, unit])).sum::<f64>()
            + before.get("0.bias").unwrap().values()[unit]
    };
    let slopes: Vec<f64> = (0..4).map(|unit| 1.0 - z(unit).tanh().powi(2)).collect();
    let jacobian = Tensor::from_fn([4, 3], |i| slopes[i / 3] * weights.at(&[i % 3, i / 3]));
    let expected = jacobian.singular_values().unwrap();
    let range = log.records[0].layers[0].singular_range.unwrap();
    assert!(
        (range.largest - expected[0]).abs() < 1e-12 && (range.smallest - expected[2]).abs() < 1e-12
    );
    // The last layer has no activation.
    let expected = before.get("2.weight").unwrap().to_tensor().singular_values().unwrap();
    let range = log.records[0].layers[1].singular_range.unwrap();
    assert!(
        (range.largest - expected[0]).abs() < 1e-12 && (range.smallest - expected[1]).abs() < 1e-12
    );
}

#[test]
fn few_records_are_kept_of_a_long_training() {
    let (data, model) = (digits(32), varied());
    let mut instruments = Instruments::new().every(3).at_most(8);
    let mut params = model.init([64], 3).unwrap();
    Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(70)
        .callback(&mut instruments)
        .fit(&mut params, &data, None)
        .unwrap();
    let steps: Vec<u64> = instruments.log().records.iter().map(|record| record.step).collect();
    assert_eq!(steps, [1, 13, 25, 37, 49, 61]);
}

#[test]
fn settings_that_make_no_sense_are_told_before_the_first_step() {
    let (model, data) = small("tanh");
    let mut params = model.init([3], 5).unwrap();
    let mut trainer =
        Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).callback(Instruments::new().every(0));
    let error = trainer.fit(&mut params, &data, None).unwrap_err();
    assert_eq!(error.to_string(), "instruments: `every` must be at least 1, but it is 0");
}
