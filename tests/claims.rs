//! What the examples claim, from fixed seeds and at small sizes: each module is the example itself.

#![allow(dead_code, reason = "the examples' `main` functions run by themselves")]

#[path = "../examples/cross_entropy_asymmetry.rs"]
mod cross_entropy_asymmetry;
#[path = "../examples/depth_vs_width.rs"]
mod depth_vs_width;
#[path = "../examples/dying_relu.rs"]
mod dying_relu;
#[path = "../examples/initialisation.rs"]
mod initialisation;
#[path = "../examples/loss_choice.rs"]
mod loss_choice;
#[path = "../examples/memoisation.rs"]
mod memoisation;
#[path = "../examples/multi_label.rs"]
mod multi_label;
#[path = "../examples/prelu_learns_its_slope.rs"]
mod prelu_learns_its_slope;
#[path = "../examples/soft_labels.rs"]
mod soft_labels;
#[path = "../examples/universal_approximation.rs"]
mod universal_approximation;
#[path = "../examples/vanishing_gradients.rs"]
mod vanishing_gradients;
#[path = "../examples/zero_centred.rs"]
mod zero_centred;

use chainrule::insight::counterfactual::Recipe;
use chainrule::nn::{Activation, activation};
use chainrule::prelude::*;

#[test]
fn gradients_vanish_behind_sigmoids_and_not_behind_tanh_and_relu() {
    for depth in [10, 20] {
        let layers = vanishing_gradients::gradient_by_layer("sigmoid", depth, 64).unwrap();
        assert_eq!(layers.len(), depth);
        for pair in layers.windows(2) {
            // At most 1/4 by the sigmoid, and weights of gain 1 that scatter around 1.
            assert!(pair[0] < 0.35 * pair[1] && pair[0] > 0.0, "{layers:?}");
        }
        for name in ["tanh", "relu"] {
            let layers = vanishing_gradients::gradient_by_layer(name, depth, 64).unwrap();
            let left = layers[0] / layers[depth - 1];
            assert!((0.05..20.0).contains(&left), "{name}: {layers:?}");
        }
    }
}

#[test]
fn a_table_makes_an_exponential_number_of_derivatives_linear() {
    for n in 1..=12 {
        let (table, expanded) = (memoisation::with_table(n, 0.99).unwrap(), memoisation::written_out(n, 0.99));
        assert_eq!((table.evaluations, expanded.evaluations), (2 * n as u64, 2 * ((1 << n) - 1)));
        // d x^(2^n) / dx = 2^n x^(2^n - 1)
        let exact = (1 << n) as f64 * 0.99_f64.powi((1 << n) - 1);
        assert!((table.value / exact - 1.0).abs() < 1e-12 && (expanded.value / exact - 1.0).abs() < 1e-12);
    }
}

#[test]
fn first_weights_decide_whether_a_deep_network_learns() {
    let (forward, backward) = initialisation::factors("he_normal", 6, 64).unwrap();
    assert!((0.6..1.6).contains(&forward) && (0.6..1.6).contains(&backward), "{forward} {backward}");
    let (forward, backward) = initialisation::factors("lecun_normal", 6, 64).unwrap();
    assert!((0.3..0.8).contains(&forward) && (0.3..0.8).contains(&backward), "{forward} {backward}");
    let recipe = Recipe { depth: 6, width: 32, learning_rate: 0.05, epochs: 12, ..Recipe::default() };
    let outcomes = initialisation::trained(&recipe, 600).unwrap();
    let accuracy = |run: usize| outcomes[run].accuracy().unwrap_or(0.0);
    assert!(accuracy(0) > 0.8, "He: {}", accuracy(0));
    assert!(accuracy(3) < 0.3 && accuracy(5) < 0.3, "small: {}, all alike: {}", accuracy(3), accuracy(5));
}

#[test]
fn a_parametric_unit_learns_the_slope_of_the_data() {
    for truth in [-1.0, 0.4, 1.0] {
        let slopes = prelu_learns_its_slope::slopes(truth, 20).unwrap();
        assert_eq!(slopes[0], 0.25);
        assert!((slopes[20] - truth).abs() < 1e-3, "{truth}: {slopes:?}");
    }
}

#[test]
fn outputs_around_zero_learn_faster_at_the_same_derivatives() {
    let data = Digits::load().unwrap().dataset().select(&(0..500).collect::<Vec<_>>()).unwrap();
    let together = |name| zero_centred::moved_together(name, &data, 20).unwrap();
    assert_eq!(together("sigmoid"), 1.0);
    assert!(together("sigmoid - 1/2") < 0.01 && together("tanh") < 0.01);
    let loss = |name| *zero_centred::losses(name, &data, 20).unwrap().last().unwrap();
    let [sigmoid, centred, tanh] = zero_centred::ACTIVATIONS.map(loss);
    assert!(centred < 0.9 * sigmoid && tanh < centred, "{sigmoid} {centred} {tanh}");
}

#[test]
fn the_cross_entropy_is_not_symmetric() {
    use cross_entropy_asymmetry::{cross_entropy, learned};
    let (p, q) = ([0.5, 0.5], [0.9, 0.1]);
    let (forth, back) = (cross_entropy(&p, &q).unwrap(), cross_entropy(&q, &p).unwrap());
    assert!((forth + 0.5 * (0.09_f64).ln()).abs() < 1e-12 && (back - 2.0_f64.ln()).abs() < 1e-12, "{forth} {back}");
    let p = [0.5, 0.3, 0.2];
    let right = learned(&p, false, 500).unwrap();
    assert!(right.iter().zip(p).all(|(q, p)| (q - p).abs() < 1e-3), "{right:?}");
    let wrong = learned(&p, true, 500).unwrap();
    assert!(wrong[0] > 0.95, "{wrong:?}");
}

#[test]
fn a_unit_dies_for_ever_only_where_its_activation_is_flat() {
    for known in activation::all::<f64>() {
        if known.for_outputs() || known.divisor() != 1 {
            continue;
        }
        let flat = Activation::<f64>::properties(&*known).can_die;
        let (before, after, _) = dying_relu::from_bias(known.kind(), -8.0, 40).unwrap();
        assert!(!flat || before == after, "{}: {before} dead units, then {after}", known.kind());
        assert!(flat || before == 0, "{} has {before} dead units", known.kind());
    }
    let (before, after, loss) = dying_relu::from_bias("relu", -8.0, 40).unwrap();
    assert_eq!((before, after), (16, 16));
    // What is left is the mean.
    assert!(loss > 0.4, "{loss}");
    for name in ["leaky_relu", "prelu", "elu"] {
        let (_, dead, loss) = dying_relu::from_bias(name, -8.0, 400).unwrap();
        assert!(dead == 0 && loss < 0.1, "{name}: {loss}");
    }
    let (before, after) = dying_relu::after_step("relu", 20.0, 50).unwrap();
    assert!(before > 0 && after == before, "{before} {after}");
}

#[test]
fn one_output_for_a_digit_is_worse_than_ten() {
    let [value, squared, entropy] = loss_choice::accuracies(900, 15).unwrap();
    assert!(value < 0.75 && squared > 0.85 && entropy > 0.9, "{value} {squared} {entropy}");
    let [squared, entropy] = loss_choice::gradients_at(1e-6).unwrap();
    // 4 p (1 - p) of the squared error against sqrt 2 (1 - p).
    assert!((squared / 4e-6 / 2.0_f64.sqrt() - 1.0).abs() < 1e-4, "{squared}");
    assert!((entropy - 2.0_f64.sqrt()).abs() < 1e-4, "{entropy}");
}

#[test]
fn soft_labels_teach_shares() {
    let [soft, hard] = [true, false].map(|soft| soft_labels::learned(soft, 1500, 15).unwrap());
    assert!(soft.accuracy > 0.7 && hard.accuracy > 0.7, "{} {}", soft.accuracy, hard.accuracy);
    assert!(soft.distance < 0.7 * hard.distance, "{} {}", soft.distance, hard.distance);
    assert!(soft.loss > soft.entropy && hard.loss > soft.loss, "{} {} {}", soft.loss, hard.loss, soft.entropy);
}

#[test]
fn softmax_competes_and_sigmoids_do_not() {
    let [sigmoids, softmax] = [false, true].map(|competing| multi_label::answers(competing, 1500, 20).unwrap());
    assert!(sigmoids.of_two > 0.7 && sigmoids.of_none < 0.1, "{} {}", sigmoids.of_two, sigmoids.of_none);
    // Two probabilities sum to one at most; the largest of ten is a tenth at least.
    assert!(softmax.of_two <= 0.5 && softmax.of_none >= 0.1, "{} {}", softmax.of_two, softmax.of_none);
}

#[test]
fn a_wider_hidden_layer_comes_closer() {
    use universal_approximation::{FUNCTIONS, constructed, learned};
    for (name, f) in FUNCTIONS {
        let errors = [2, 8, 32, 128].map(|width| constructed(width, f).unwrap());
        for pair in errors.windows(2) {
            assert!(pair[1].1 < 0.75 * pair[0].1, "{name}: {errors:?}");
        }
        assert_eq!(errors[3].0 > 0.4, name.starts_with("step"), "the largest error: {errors:?}");
        let [narrow, wide] = [1, 32].map(|width| learned(width, f, 60).unwrap().1);
        assert!(wide < 0.5 * narrow, "{name}: {narrow}, then {wide}");
    }
}

#[test]
fn depth_represents_what_width_cannot_afford() {
    use depth_vs_width::{deep, judged, learned, shallow};
    for k in 1..=8 {
        let ((model, few), (wide, many)) = (deep(k).unwrap(), shallow(k, 1 << k).unwrap());
        assert_eq!([judged(&model, &few, k).unwrap(), judged(&wide, &many, k).unwrap()], [(0.0, 1 << k); 2], "k = {k}");
        // A deep network grows by six parameters for each fold, a wide one doubles.
        assert_eq!((few.count(), many.count()), (6 * k + 1, 3 * (1 << k) + 1));
        // One hidden layer has at most one piece more than units.
        if k > 1 {
            let (model, params) = shallow(k, (1 << k) - 2).unwrap();
            let (error, pieces) = judged(&model, &params, k).unwrap();
            assert!(error > 0.0 && pieces < 1 << k, "k = {k}: {error} {pieces}");
        }
    }
    let [narrow, wide] = [&[2, 2, 2][..], &[32]].map(|widths| learned(widths, 3, 3, 150).unwrap());
    let best = |errors: &[f64]| errors.iter().fold(f64::INFINITY, |best, &error| error.min(best));
    assert!(best(&narrow) > 0.1 && best(&wide) < best(&narrow), "{narrow:?} {wide:?}");
}
