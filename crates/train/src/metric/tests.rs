//! Rules that hold for every metric of the list.

use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;

use super::*;
use chainrule_nn::TargetKind;

const SAMPLES: usize = 23;
const OUTPUTS: usize = 4;

const KINDS: [TargetKind; 4] =
    [TargetKind::Classes, TargetKind::Probabilities, TargetKind::Labels, TargetKind::Values];

/// Outputs, and targets of each kind.
fn data(kind: TargetKind) -> (Tensor<f64>, Tensor<f64>) {
    let rng = &mut generator(5);
    let outputs = Tensor::normal([SAMPLES, OUTPUTS], 0.0, 1.0, rng).unwrap();
    let targets = match kind {
        TargetKind::Classes => Tensor::from_fn([SAMPLES], |i| (i * 7 % OUTPUTS) as f64),
        TargetKind::Probabilities => Tensor::from_fn([SAMPLES, OUTPUTS], |i| {
            [0.125, 0.5, 0.25, 0.125][(i + i / OUTPUTS) % OUTPUTS]
        }),
        TargetKind::Labels => Tensor::from_fn([SAMPLES, OUTPUTS], |i| f64::from(i % 3 == 0)),
        TargetKind::Values => Tensor::normal([SAMPLES, OUTPUTS], 0.0, 1.0, rng).unwrap(),
    };
    (outputs, targets)
}

/// Updates with batches of this many rows.
fn feed(
    metric: &mut dyn Listed<f64>,
    outputs: &Tensor<f64>,
    targets: &Tensor<f64>,
    batch: usize,
) -> f64 {
    let rows = outputs.shape()[0];
    for begin in (0..rows).step_by(batch) {
        let range = begin..(begin + batch).min(rows);
        metric.update(
            outputs.view().slice_rows(range.clone()).unwrap(),
            targets.view().slice_rows(range).unwrap(),
        );
    }
    metric.value()
}

/// Every metric with every kind of targets that it takes.
fn for_each(mut check: impl FnMut(&str, &mut dyn Listed<f64>, TargetKind)) {
    for name in all::<f64>().iter().map(|metric| metric.name()) {
        let kinds = KINDS.into_iter().filter(|&kind| by_name::<f64>(name).unwrap().accepts(kind));
        let mut taken = 0;
        for kind in kinds {
            let mut metric = by_name::<f64>(name).unwrap();
            metric.prepare(kind).unwrap();
            check(&format!("{name} of {kind}"), &mut *metric, kind);
            taken += 1;
        }
        assert!(taken > 0, "{name} takes no targets");
    }
}

#[test]
fn names_are_unlike_and_settings_are_read_as_they_are_written() {
    let names: std::collections::BTreeSet<_> =
        all::<f32>().iter().map(|metric| metric.name()).collect();
    assert_eq!(names.len(), all::<f32>().len());
    for mut metric in all::<f32>() {
        assert!(!metric.formula().is_empty());
        let settings: Vec<_> =
            metric.settings().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let again = by_name::<f32>(&format!("{}({})", metric.name(), settings.join(", "))).unwrap();
        assert_eq!(format!("{again:?}"), format!("{metric:?}"));
    }
    let message = |text| by_name::<f32>(text).unwrap_err().to_string();
    assert!(
        message("acuracy").starts_with(
            "there is no metric `acuracy` (did you mean `accuracy`?); there are: accuracy, \
             top_k_accuracy, "
        ),
        "{}",
        message("acuracy")
    );
    assert_eq!(
        message("f1(average=mean)"),
        "f1: average=mean: must be macro or micro or weighted or samples"
    );
    assert_eq!(message("top_k_accuracy(k=0)"), "top_k_accuracy: k must be at least 1, but it is 0");
}

#[test]
fn values_do_not_depend_on_the_batches_and_nothing_outlives_a_reset() {
    for_each(|what, metric, kind| {
        let (outputs, targets) = data(kind);
        assert!(metric.value().is_nan(), "{what}: over none");
        let expected = feed(metric, &outputs, &targets, SAMPLES);
        assert!(expected.is_finite(), "{what}: {expected}");
        for batch in [1, 4, 22] {
            metric.reset();
            assert!(metric.value().is_nan(), "{what}: after a reset");
            assert_eq!(
                feed(metric, &outputs, &targets, batch).to_bits(),
                expected.to_bits(),
                "{what}: by {batch}"
            );
        }
    });
}

#[test]
fn outputs_of_nan_are_wrong_or_make_the_value_nan() {
    for_each(|what, metric, kind| {
        let (mut outputs, targets) = data(kind);
        let whole = feed(metric, &outputs, &targets, 5);
        outputs.values_mut()[..SAMPLES / 2 * OUTPUTS].fill(f64::NAN);
        metric.reset();
        let value = feed(metric, &outputs, &targets, 5);
        assert!(value.is_nan() || value != whole, "{what}: {value}");
        outputs.values_mut().fill(f64::NAN);
        metric.reset();
        let value = feed(metric, &outputs, &targets, 5);
        let worst = if what.starts_with("hamming_loss") { 1.0 } else { 0.0 };
        assert!(value.is_nan() || value == worst, "{what}: {value} if all is NaN");
    });
}

#[test]
fn a_single_class_and_a_single_sample_do_no_harm() {
    for_each(|what, metric, kind| {
        for (rows, width) in [(1, 1), (1, 3), (3, 1), (4, 2)] {
            metric.reset();
            let outputs = Tensor::<f64>::zeros([rows, width]);
            let targets = match kind {
                TargetKind::Classes => Tensor::zeros([rows]),
                _ => Tensor::full([rows, width], 1.0 / width as f64),
            };
            let value = feed(metric, &outputs, &targets, 2);
            assert!(
                value.is_nan() || (-1.0..=2.0).contains(&value),
                "{what} of [{rows}, {width}]: {value}"
            );
        }
    });
}

#[test]
fn a_class_that_is_none_does_no_harm() {
    for_each(|_, metric, kind| {
        if kind == TargetKind::Classes {
            let targets = Tensor::from(vec![7.0, f64::NAN, -1.0]);
            feed(metric, &Tensor::zeros([3, 2]), &targets, 2);
        }
    });
}

#[test]
fn references_and_boxes_are_metrics() {
    let mut accuracy = Accuracy::new();
    {
        let mut boxed: Box<dyn Metric + '_> = Box::new(&mut accuracy);
        boxed.update(Tensor::from_rows([[1.0, 0.0]]).view(), Tensor::from(vec![0.0]).view());
        assert_eq!((boxed.name(), boxed.value()), ("accuracy", 1.0));
        assert!(boxed.accepts(TargetKind::Classes) && boxed.prepare(TargetKind::Classes).is_ok());
    }
    assert_eq!(Metric::<f32>::value(&accuracy), 1.0);
    Metric::<f32>::reset(&mut (&mut accuracy));
    assert!(Metric::<f32>::value(&accuracy).is_nan());
}

// Once more: metrics given shapes that do not fit index out of bounds.
#[test]
fn shapes_that_do_not_fit_are_told_by_the_panic_that_the_trait_states() {
    let shapes: [&[usize]; 9] =
        [&[], &[0], &[4], &[3], &[4, 3], &[3, 4], &[4, 0], &[0, 3], &[2, 2, 3]];
    let (mut taken, mut refused) = (0, 0);
    for_each(|name, metric, _| {
        for outputs in shapes {
            for targets in shapes {
                let tensor = |shape: &[usize]| Tensor::<f64>::from_fn(shape, |i| (i % 3) as f64);
                let (outputs, targets) = (tensor(outputs), tensor(targets));
                metric.reset();
                let update = std::panic::AssertUnwindSafe(|| {
                    metric.update(outputs.view(), targets.view());
                    metric.value()
                });
                match std::panic::catch_unwind(update) {
                    Ok(_) => taken += 1,
                    Err(panic) => {
                        let message = panic
                            .downcast::<String>()
                            .map_or_else(|_| String::new(), |message| *message);
                        let stated = message.starts_with("metric: outputs of shape")
                            && message.contains("do not fit");
                        assert!(
                            stated,
                            "{name} {} {}: {message}",
                            outputs.shape(),
                            targets.shape()
                        );
                        refused += 1;
                    }
                }
            }
        }
    });
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}

#[test]
fn batches_of_another_width_are_taken_or_refused() {
    for_each(|name, metric, kind| {
        let (outputs, targets) = data(kind);
        metric.update(outputs.view(), targets.view());
        let narrow = Tensor::<f64>::ones([2, 3]);
        let update = std::panic::AssertUnwindSafe(|| {
            metric.update(narrow.view(), narrow.view());
            metric.value()
        });
        if let Err(panic) = std::panic::catch_unwind(update) {
            let message =
                panic.downcast::<String>().map_or_else(|_| String::new(), |message| *message);
            assert_eq!(message, "metric: 3 outputs after batches of 4", "{name}");
        }
    });
}

// Memory safety: a size that cannot be allocated is an error before it is tried.
#[test]
fn more_bins_than_memory_holds_are_refused() {
    for text in ["ece(bins=1000000000000)", "expected_calibration_error(bins=18446744073709551615)"]
    {
        let error = by_name::<f32>(text).unwrap_err().to_string();
        assert!(
            error.contains("is too many: ") && error.contains("more than the memory that there is"),
            "{error}"
        );
    }
}

// Zero times infinity (kind 4 of RELIABILITY.md): pytorch#49844, optax#1786.
#[test]
fn infinite_outputs_give_the_limits() {
    let mut tried = 0;
    for_each(|what, metric, kind| {
        let (outputs, soft) = data(kind);
        let hard = Tensor::from_fn(soft.shape(), |i| soft.values()[i].round());
        for targets in [&soft, &hard] {
            for place in 0..4 * OUTPUTS {
                for sign in [1.0, -1.0] {
                    let mut at = |size: f64| {
                        let mut outputs = outputs.clone();
                        outputs.values_mut()[place] = sign * size;
                        metric.reset();
                        feed(metric, &outputs, targets, SAMPLES)
                    };
                    let [a, b, c] = [1e90, 1e100, 1e110].map(&mut at);
                    let steady =
                        c.is_infinite() || (b - c).abs() <= 1e-9 || (a.is_nan() && c.is_nan());
                    let expected = match steady {
                        true => c,
                        false if a < b && b < c => f64::INFINITY,
                        false if a > b && b > c => f64::NEG_INFINITY,
                        false => panic!("{what}: no limit of {a}, {b}, {c}"),
                    };
                    let got = at(f64::INFINITY);
                    let alike = got == expected
                        || (got - expected).abs() <= 1e-9
                        || (got.is_nan() && expected.is_nan());
                    assert!(alike, "{what} with {sign} inf at {place}: {got}, not {expected}");
                    tried += 1;
                }
            }
        }
    });
    assert!(tried > 1000, "{tried}");
}
