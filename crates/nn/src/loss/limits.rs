//! Zero times infinity (kind 4 of RELIABILITY.md). Every loss at infinite predictions is the limit
//! of its values at larger and larger ones, from that side, and so is its gradient. Where the limit
//! depends on the way, it is NaN. Public reports: pytorch#49844, numpyro#2240, optax#1786.

use chainrule_tensor::{Real, Tensor};

use super::check::run;
use super::{Predictions, Reduction, TargetForm, all, by_name};
use crate::limit::{close, limit};

/// Every entry by its name, and with settings that change what is multiplied.
fn texts() -> Vec<String> {
    let others = [
        "huber(delta=2)",
        "smooth_l1(beta=0)",
        "cross_entropy(label_smoothing=0.1)",
        "cross_entropy(weights=[0, 1, 2])",
        "nll(weights=[0, 1, 2])",
        "softmax_focal(gamma=0)",
        "softmax_focal(gamma=0.5)",
        "kl_divergence(log_target=true)",
        "bce_with_logits(pos_weights=[0, 1, 2])",
        "bce_with_logits(weights=[0, 1, 2])",
        "bce(weights=[0, 1, 2])",
        "focal(gamma=0)",
        "focal(gamma=0.5)",
        "focal(gamma=1, alpha=none)",
        "focal(alpha=0)",
        "focal(alpha=1)",
        "multi_label_soft_margin(weights=[0, 1, 2])",
        "multi_class_margin(p=2)",
        "multi_class_margin(weights=[0, 1, 2])",
        "poisson_nll(full=true)",
        "poisson_nll(log_input=false)",
        "poisson_nll(log_input=false, eps=0)",
        "gaussian_nll(full=true)",
        "gaussian_nll(log_variance=true)",
        "cosine_embedding(margin=0.5)",
    ];
    let names = all::<f64>().iter().map(|loss| loss.name().to_owned()).collect::<Vec<_>>();
    names.into_iter().chain(others.map(str::to_owned)).collect()
}

/// One sample of targets of each sort.
fn targets(form: TargetForm) -> Vec<Vec<f64>> {
    let probabilities = [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.2, 0.3, 0.5]].map(Vec::from);
    match form {
        TargetForm::Values => vec![vec![0.5, -2.0, 0.0]],
        TargetForm::Counts => vec![vec![0.0, 1.0, 3.0], vec![2.0, 0.0, 1.0]],
        TargetForm::Signs => vec![vec![1.0, -1.0, 1.0], vec![-1.0, 1.0, -1.0]],
        TargetForm::SampleSigns => vec![vec![1.0], vec![-1.0]],
        TargetForm::Labels => vec![vec![0.0, 1.0, 0.3], vec![1.0, 0.0, 1.0], vec![0.0, 1.0, 0.0]],
        TargetForm::MultiHot => vec![vec![0.0, 1.0, 0.0], vec![1.0, 1.0, 0.0]],
        TargetForm::Probabilities => probabilities.to_vec(),
        TargetForm::LogProbabilities => {
            probabilities.map(|row| row.into_iter().map(f64::ln).collect()).to_vec()
        }
        TargetForm::Classes => vec![vec![0.0], vec![1.0], vec![2.0]],
    }
}

/// A finite prediction, and the sides on which each of its numbers can be at its extreme.
fn base(predictions: Predictions) -> (Vec<f64>, &'static [f64]) {
    match predictions {
        Predictions::Probabilities => (vec![0.3, 0.6, 0.8], &[0.0]),
        Predictions::LogProbabilities => (vec![-0.7, -1.2, -1.9], &[f64::NEG_INFINITY]),
        Predictions::Positive => (vec![0.3, 1.7, 2.1], &[0.0, f64::INFINITY]),
        Predictions::MeansAndVariances => {
            (vec![0.3, -0.7, 1.1, 0.5, 2.0, 1.0], &[f64::NEG_INFINITY, f64::INFINITY])
        }
        Predictions::Pairs => {
            (vec![0.3, -0.7, 1.1, 0.5, 2.0, -1.0], &[f64::NEG_INFINITY, f64::INFINITY])
        }
        _ => (vec![0.3, -0.7, 1.1], &[f64::NEG_INFINITY, f64::INFINITY]),
    }
}

/// A point with some numbers at their extremes.
struct Extreme {
    base: Vec<f64>,
    /// The positions and their extremes.
    at: Vec<(usize, f64)>,
}

impl Extreme {
    fn point(&self) -> Vec<f64> {
        let mut point = self.base.clone();
        self.at.iter().for_each(|&(i, extreme)| point[i] = extreme);
        point
    }

    /// Returns true if two numbers may be compared with each other: on one side, or in one vector
    /// of a pair.
    fn compares(&self) -> bool {
        self.at[0].1 == self.at[1].1
            || (self.base.len() == 6 && self.at[0].0 / 3 == self.at[1].0 / 3)
    }

    /// The point on the way there, at distances that differ from number to number by these powers.
    fn near(&self, distance: f64, powers: [f64; 2]) -> Vec<f64> {
        let mut point = self.base.clone();
        for (&(i, extreme), power) in self.at.iter().zip(powers) {
            let far = distance.powf(power);
            point[i] = match extreme {
                f64::INFINITY => far,
                f64::NEG_INFINITY => -far,
                _ => 1.0 / far,
            };
        }
        point
    }
}

/// All points with one number at an extreme, and all with two.
fn extremes(predictions: Predictions) -> Vec<Extreme> {
    let (base, sides) = base(predictions);
    let single: Vec<(usize, f64)> =
        (0..base.len()).flat_map(|i| sides.iter().map(move |&side| (i, side))).collect();
    let pairs = single
        .iter()
        .flat_map(|&a| single.iter().filter(move |b| b.0 > a.0).map(move |&b| vec![a, b]));
    let ones = single.iter().map(|&a| vec![a]);
    ones.chain(pairs).map(|at| Extreme { base: base.clone(), at }).collect()
}

/// Of each prediction, with the same target, the values and then the gradient.
fn outcomes<T: Real>(text: &str, predictions: &[Vec<f64>], target: &[f64]) -> Vec<Vec<f64>> {
    let loss = by_name::<T>(text).unwrap();
    let (rows, width) = (predictions.len(), predictions[0].len());
    let prediction =
        Tensor::from_fn([rows, width], |i| T::from_f64(predictions[i / width][i % width]));
    let shape = if target.len() == 1 { vec![rows] } else { vec![rows, target.len()] };
    let target = Tensor::from_fn(&shape[..], |i| T::from_f64(target[i % target.len()]));
    let [values, gradient, _] = run(&loss, &prediction, &target, Reduction::None);
    let values = values.chunks(values.len() / rows).zip(gradient.chunks(width));
    values
        .map(|(values, gradient)| values.iter().chain(gradient).map(|x| x.to_f64()).collect())
        .collect()
}

/// The limits along ways on which the numbers grow at different rates, NaN where they differ.
fn limits(text: &str, extremes: &[Extreme], target: &[f64]) -> Vec<Vec<f64>> {
    let ways = [[1.0, 1.0], [1.0, 0.5], [0.5, 1.0]].map(|powers| {
        let rows = [1e90, 1e100, 1e110].map(|far| {
            let near: Vec<_> = extremes.iter().map(|extreme| extreme.near(far, powers)).collect();
            outcomes::<f64>(text, &near, target)
        });
        let of = |row: usize, i: usize| limit([0, 1, 2].map(|far: usize| rows[far][row][i]));
        (0..extremes.len())
            .map(|row| (0..rows[0][row].len()).map(|i| of(row, i)).collect())
            .collect::<Vec<Vec<_>>>()
    });
    let common = |row: usize, i: usize| {
        let first = ways[0][row][i];
        if ways.iter().all(|way| close(way[row][i], first, 1e-7)) { first } else { f64::NAN }
    };
    (0..extremes.len())
        .map(|row| (0..ways[0][row].len()).map(|i| common(row, i)).collect())
        .collect()
}

#[test]
fn infinite_predictions_give_the_limits() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for text in texts() {
        let domain = by_name::<f64>(&text).unwrap().domain();
        let extremes = extremes(domain.predictions);
        let points: Vec<_> = extremes.iter().map(Extreme::point).collect();
        for target in domain.targets.iter().flat_map(|&form| targets(form)) {
            let expected = limits(&text, &extremes, &target);
            for (name, got, tolerance) in [
                ("f64", outcomes::<f64>(&text, &points, &target), 1e-6),
                ("f32", outcomes::<f32>(&text, &points, &target), 1e-5),
            ] {
                for ((extreme, point), (got, expected)) in
                    extremes.iter().zip(&points).zip(got.iter().zip(&expected))
                {
                    tried += 1;
                    let values = got.len() - point.len();
                    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
                        // Of two infinite numbers that are compared with each other, which of the
                        // values and derivatives still have a limit is not told apart: they may be
                        // NaN.
                        let given_up = got.is_nan()
                            && extreme.at.len() == 2
                            && (i >= values || extreme.compares());
                        if !close(got, expected, tolerance) && !given_up {
                            wrong.push(format!(
                                "{text} in {name} at {point:?} for {target:?}: number {i} is \
                                 {got:e}, not {expected:e}"
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 2000, "{tried}");
}

// pytorch#49844: 3.06e-7 on one side and 0 on the other.
#[test]
fn the_two_sides_of_a_label_cost_the_same_bits() {
    fn check<T: Real>(tiny: f64) {
        let sizes: Vec<f64> =
            (0..400).map(|i| f64::from(i) * 0.25).chain([1e4, f64::INFINITY]).collect();
        for (text, labels) in [
            ("bce_with_logits", [1.0, 0.0]),
            ("multi_label_soft_margin", [1.0, 0.0]),
            ("focal(alpha=none)", [1.0, 0.0]),
            ("focal(alpha=none, gamma=0)", [1.0, 0.0]),
            ("bce_with_logits(pos_weights=[1])", [1.0, 0.0]),
            ("soft_margin", [1.0, -1.0]),
            ("hinge", [1.0, -1.0]),
        ] {
            let loss = by_name::<T>(text).unwrap();
            for label in [labels, [labels[1], labels[0]]] {
                for &size in &sizes {
                    let side = |x: f64, t: f64| {
                        let [x, t] = [x, t].map(|x| Tensor::from_rows([[T::from_f64(x)]]));
                        run(&loss, &x, &t, Reduction::None).map(|x| x[0].to_f64())
                    };
                    let ([y, dx, _], [other_y, other_dx, _]) =
                        (side(size, label[0]), side(-size, label[1]));
                    assert_eq!((y, dx), (other_y, -other_dx), "{text} at {size} with {label:?}");
                }
            }
        }
        let [x, t] = [15.0, 1.0].map(|x| Tensor::from_rows([[T::from_f64(x)]]));
        let loss = by_name::<T>("bce_with_logits").unwrap();
        let [y, dx, _] = run(&loss, &x, &t, Reduction::None).map(|x| x[0].to_f64());
        assert!((y / 3.059022737137205e-7 - 1.0).abs() < tiny, "{y:e}");
        assert!((dx / -3.0590222692562468e-7 - 1.0).abs() < tiny, "{dx:e}");
    }
    check::<f64>(1e-12);
    check::<f32>(1e-6);
}
