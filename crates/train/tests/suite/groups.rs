//! Groups, penalties, constraints and running statistics within a training.

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_nn::{Model, Sequential, loss::MeanSquaredError};
use chainrule_tensor::{Tensor, random::generator};
use chainrule_train::optimizer::{Adam, Sgd};
use chainrule_train::{ClipNorm, Group, MaxNorm, Penalty, TrainError, Trainer, UnitNorm};

fn data() -> Dataset<f64> {
    let mut generator = generator(1);
    let inputs = Tensor::normal([24, 3], 2.0, 1.5, &mut generator).unwrap();
    let targets = Tensor::uniform([24, 2], -1.0..1.0, &mut generator).unwrap();
    Dataset::new(inputs, Targets::Values(targets)).unwrap()
}

fn model() -> Sequential<f64> {
    Sequential::default().linear(3, 4).batch_norm().tanh().linear(4, 2)
}

fn trained(
    change: impl FnOnce(Trainer<'_, f64>) -> Trainer<'_, f64>,
) -> Result<(Params<f64>, Params<f64>), TrainError> {
    let model = model();
    let before = model.init([3], 0).unwrap();
    let mut params = before.clone();
    let trainer =
        Trainer::new(&model, MeanSquaredError, Adam { weight_decay: 0.1, ..Adam::new(0.05) });
    change(trainer.epochs(3).batch_size(8)).fit(&mut params, &data(), None)?;
    Ok((before, params))
}

#[test]
fn what_is_frozen_keeps_its_bits_and_all_else_moves() {
    let (before, after) =
        trained(|trainer| trainer.freeze("0.*").constraint("*.weight", MaxNorm { max_norm: 0.01 }))
            .unwrap();
    for (name, tensor) in after.iter() {
        let same = tensor.values() == before.get(name).unwrap().values();
        assert_eq!(same, name.starts_with("0."), "{name}");
    }
    // Statistics are no parameters: those behind the frozen layer have moved.
    assert_ne!(after.get("1.running_mean").unwrap().values(), [0.0; 4]);
}

#[test]
fn what_is_frozen_does_not_count_in_the_norm() {
    let model = model();
    let before = model.init([3], 0).unwrap();
    let mut params = before.clone();
    let mut trainer =
        Trainer::new(&model, MeanSquaredError, Sgd::new(1.0)).epochs(1).batch_size(24);
    trainer = trainer.freeze("3.*").rule(ClipNorm { max_norm: 1e-3 });
    trainer.fit(&mut params, &data(), None).unwrap();
    let moves =
        params.values().iter().zip(before.values()).map(|(after, before)| (after - before).powi(2));
    // All of the norm is left to what is not frozen, but for the 1e-6 beside it in the division.
    let norm = moves.sum::<f64>().sqrt();
    assert!((norm - 1e-3).abs() < 1e-6, "{norm}");
}

#[test]
fn running_statistics_are_those_of_the_batches_seen() {
    let model = Sequential::double().batch_norm();
    let mut params = model.init([3], 0).unwrap();
    let inputs = data().inputs().clone();
    let identity = Dataset::new(inputs.clone(), Targets::Values(inputs.clone())).unwrap();
    let mut trainer =
        Trainer::new(&model, MeanSquaredError, Sgd::new(0.0)).epochs(1).batch_size(8).in_order();
    trainer.fit(&mut params, &identity, None).unwrap();
    for channel in 0..3 {
        let column: Vec<f64> = (0..24).map(|row| inputs.at(&[row, channel])).collect();
        let (mut mean, mut variance) = (0.0, 1.0);
        for batch in column.chunks(8) {
            let of_batch = batch.iter().sum::<f64>() / 8.0;
            mean = 0.9 * mean + 0.1 * of_batch;
            variance = 0.9 * variance
                + 0.1 * batch.iter().map(|x| (x - of_batch).powi(2)).sum::<f64>() / 7.0;
        }
        assert!((params.get("0.running_mean").unwrap().values()[channel] - mean).abs() < 1e-14);
        assert!((params.get("0.running_var").unwrap().values()[channel] - variance).abs() < 1e-14);
    }
}

#[test]
fn penalties_make_weights_smaller_and_constraints_hold() {
    let size = |params: &Params<f64>, name: &str| {
        params.get(name).unwrap().values().iter().map(|w| w * w).sum::<f64>()
    };
    let (_, plain) = trained(|trainer| trainer).unwrap();
    let (_, penalised) =
        trained(|trainer| trainer.penalty(Penalty::l2(1.0).on("3.weight"))).unwrap();
    assert!(size(&penalised, "3.weight") < size(&plain, "3.weight"));
    let (_, unit) = trained(|trainer| trainer.constraint("3.weight", UnitNorm)).unwrap();
    assert!((size(&unit, "3.weight") - 2.0).abs() < 1e-14, "two units of norm 1");
    let (_, decayed) =
        trained(|trainer| trainer.groups([Group::new("*").weight_decay(5.0)])).unwrap();
    assert!(size(&decayed, "3.weight") < size(&plain, "3.weight"));
}

#[test]
fn mistakes_are_named_before_the_first_step() {
    let error = |change: &dyn Fn(Trainer<'_, f64>) -> Trainer<'_, f64>| {
        trained(change).unwrap_err().to_string()
    };
    let known = "there are: 0.weight, 0.bias, 1.weight, 1.bias, 3.weight, 3.bias";
    assert_eq!(
        error(&|trainer| trainer.freeze("5.*")),
        format!("no parameter has a name like `5.*`; {known}")
    );
    assert_eq!(
        error(&|trainer| trainer.penalty(Penalty::l1(1.0).on("w"))),
        format!("no parameter has a name like `w`; {known}")
    );
    assert_eq!(
        error(&|trainer| trainer.constraint("*", MaxNorm { max_norm: -1.0 })),
        "max_norm: max_norm must be above 0, but it is -1"
    );
    let message = error(&|trainer| trainer.batch_size(23));
    assert!(
        message.starts_with("batch_norm: 1 value for each channel, but training needs at least 2"),
        "{message}"
    );
}
