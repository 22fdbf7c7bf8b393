//! Comparisons with numbers that may be negative or zero, in a training (pytorch#47513, optax
//! PR#1767, fastai#962). What is better than the best does not depend on which side of zero it is.

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Var;
use chainrule_nn::loss::CustomLoss;
use chainrule_nn::{Loss, Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::Trainer;
use chainrule_train::callback::{BestWeights, EarlyStopping, Monitor};
use chainrule_train::optimizer::{Lbfgs, Sgd};
use chainrule_train::schedule::{RangeTest, ReduceOnPlateau};

/// Where zero lies: above, at and below all losses, and between them.
const SHIFTS: [f64; 5] = [3.0, 0.0, -0.25, -2.0, -50.0];

/// A line through points that lie on one.
fn line() -> (Sequential<f64>, Dataset<f64>) {
    let inputs = Tensor::from_fn([8, 1], |i| i as f64 / 4.0 - 1.0);
    let targets = inputs.map(|x: f64| 0.5 * x + 0.25);
    let data = Dataset::new(inputs, Targets::Values(targets)).unwrap();
    (Sequential::double().linear(1, 1), data)
}

/// The squared error and a number.
fn shifted(by: f64) -> impl Loss<f64> {
    CustomLoss::new("shifted", move |p: Var<'_, f64>, t| (p - t).square() + by)
}

#[test]
fn better_is_the_same_on_both_sides_of_zero() {
    for best in SHIFTS {
        for margin in [0.0, 0.1, 1.0] {
            let better = |monitor: Monitor, value| monitor.improves(value, Some(best), margin);
            for (change, improves) in [(-margin - 0.01, true), (-0.9 * margin, false), (0.5, false)]
            {
                assert_eq!(
                    better(Monitor::lowest("x"), best + change),
                    improves,
                    "{best} and {change}"
                );
                assert_eq!(better(Monitor::loss(), best + change), improves, "{best} and {change}");
                assert_eq!(
                    better(Monitor::highest("x"), best - change),
                    improves,
                    "{best} and {change}"
                );
            }
        }
    }
}

#[test]
fn callbacks_and_plateaus_watch_a_loss_wherever_its_zero_lies() {
    let run = |shift: f64| {
        let (model, data) = line();
        let mut params = model.init([1], 0).unwrap();
        let (mut stopping, mut best) = (
            EarlyStopping::new(Monitor::loss(), 4).margin(1e-3),
            BestWeights::new(Monitor::loss()),
        );
        let plateau = ReduceOnPlateau {
            patience: 0,
            threshold: 1e-3,
            absolute: true,
            ..ReduceOnPlateau::default()
        };
        let trainer = Trainer::new(&model, shifted(shift), Sgd::new(0.3)).in_order().epochs(60);
        let trainer = trainer.batch_size(8).reduce_on_plateau(plateau, Monitor::loss());
        let trainer = trainer.callback(&mut stopping).callback(&mut best);
        let history = { trainer }.fit(&mut params, &data, None).unwrap();
        let rates: Vec<f64> = history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
        (stopping.stopped_after(), best.best().unwrap().0, rates)
    };
    let whole = run(0.0);
    assert!(whole.0.is_some_and(|epoch| epoch > 5));
    for shift in SHIFTS {
        assert_eq!(run(shift), whole, "shifted by {shift}");
    }
}

#[test]
fn a_range_test_below_zero_runs_to_its_end() {
    let (model, data) = line();
    let params = model.init([1], 0).unwrap();
    let test = RangeTest { start: 1e-6, end: 0.1, batches: 50, ..RangeTest::default() };
    for shift in SHIFTS {
        let mut trainer = Trainer::new(&model, shifted(shift), Sgd::new(0.1)).batch_size(8);
        let report = trainer.range_test(&params, &data, &test).unwrap();
        assert!(!report.diverged && report.rates.len() == 50, "shifted by {shift}: {report:?}");
        // And ends where the loss explodes.
        let wild = RangeTest { end: 1e6, ..test };
        assert!(trainer.range_test(&params, &data, &wild).unwrap().diverged, "shifted by {shift}");
    }
}

#[test]
fn lbfgs_finds_the_same_minimum_wherever_its_zero_lies() {
    for shift in SHIFTS {
        let mut weights = [-1.2, 1.0];
        let minimum = Lbfgs::new(200).minimise(&mut weights, |w: &[f64], gradient: &mut [f64]| {
            let valley = w[1] - w[0] * w[0];
            gradient[0] = -2.0 * (1.0 - w[0]) - 400.0 * w[0] * valley;
            gradient[1] = 200.0 * valley;
            (1.0 - w[0]).powi(2) + 100.0 * valley * valley + shift
        });
        let minimum = minimum.unwrap();
        assert!((minimum.loss - shift).abs() < 1e-8, "shifted by {shift}: {minimum:?}");
        assert!(weights.iter().all(|w| (w - 1.0).abs() < 1e-4), "shifted by {shift}: {weights:?}");
    }
}
