//! The claims of the examples, from fixed seeds and at small sizes: each module is the example
//! itself.

#![allow(dead_code, reason = "the examples' `main` functions run by themselves")]
#![allow(clippy::duplicate_mod, reason = "each example has its own `support`")]

#[path = "../../examples/cross_entropy_asymmetry.rs"]
mod cross_entropy_asymmetry;
#[path = "../../examples/depth_vs_width.rs"]
mod depth_vs_width;
#[path = "../../examples/dying_relu.rs"]
mod dying_relu;
#[path = "../../examples/initialisation.rs"]
mod initialisation;
#[path = "../../examples/loss_choice.rs"]
mod loss_choice;
#[path = "../../examples/memoisation.rs"]
mod memoisation;
#[path = "../../examples/multi_label.rs"]
mod multi_label;
#[path = "../../examples/prelu_learns_its_slope.rs"]
mod prelu_learns_its_slope;
#[path = "../../examples/soft_labels.rs"]
mod soft_labels;
#[path = "../../examples/universal_approximation.rs"]
mod universal_approximation;
#[path = "../../examples/vanishing_gradients.rs"]
mod vanishing_gradients;
#[path = "../../examples/zero_centred.rs"]
mod zero_centred;

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
            assert!((0.3..15.0).contains(&left), "{name}: {layers:?}");
        }
    }
}

#[test]
fn a_table_makes_an_exponential_number_of_derivatives_linear() {
    for n in 1..=12 {
        let (table, expanded) =
            (memoisation::with_table(n, 0.99).unwrap(), memoisation::written_out(n, 0.99));
        assert_eq!((table.evaluations, expanded.evaluations), (2 * n as u64, 2 * ((1 << n) - 1)));
        // d x^(2^n) / dx = 2^n x^(2^n - 1)
        let exact = (1 << n) as f64 * 0.99_f64.powi((1 << n) - 1);
        assert!(
            (table.value / exact - 1.0).abs() < 1e-12
                && (expanded.value / exact - 1.0).abs() < 1e-12
        );
    }
}

#[test]
fn first_weights_decide_whether_a_deep_network_learns() {
    let factors = |name| {
        let report = initialisation::report(name, 6, 64).unwrap();
        (report.forward.unwrap(), report.backward.unwrap())
    };
    let (forward, backward) = factors("he_normal");
    assert!(
        (0.6..1.6).contains(&forward) && (0.6..1.6).contains(&backward),
        "{forward} {backward}"
    );
    let (forward, backward) = factors("lecun_normal");
    assert!(
        (0.3..0.8).contains(&forward) && (0.3..0.8).contains(&backward),
        "{forward} {backward}"
    );
    let outcomes = initialisation::trained(&initialisation::recipe(6, 32, 12), 600).unwrap();
    let accuracy = |run: usize| outcomes[run].accuracy().unwrap_or(0.0);
    assert!(accuracy(0) > 0.8, "He: {}", accuracy(0));
    assert!(
        accuracy(3) < 0.3 && accuracy(5) < 0.3,
        "small: {}, all alike: {}",
        accuracy(3),
        accuracy(5)
    );
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
    let [sigmoid, sigmoid_down, tanh_up, tanh] = [0, 1, 2, 3];
    for (which, together) in [(sigmoid, 1.0), (sigmoid_down, 0.0), (tanh_up, 1.0), (tanh, 0.0)] {
        let share = zero_centred::moved_together(which, &data, 1, 20).unwrap();
        assert!((share - together).abs() < 0.01, "{}: {share}", zero_centred::NAMES[which]);
    }
    let loss = |which, rate, seed| zero_centred::loss(which, &data, rate, seed).unwrap();
    let best = |which, seed| {
        [0.3, 0.6, 1.0]
            .map(|rate| loss(which, rate, seed))
            .into_iter()
            .fold(f64::INFINITY, f64::min)
    };
    for seed in 0..3 {
        // Around zero, a larger step is possible, which gets further.
        let (around, above) = (best(tanh, seed), best(tanh_up, seed));
        assert!(around < 0.75 * above, "seed {seed}: {around} {above}");
        let (down, up) = (loss(sigmoid_down, 1.0, seed), loss(sigmoid, 1.0, seed));
        assert!(down < 0.93 * up, "seed {seed}: {down} {up}");
        // Most of what a sigmoid lacks is slope.
        assert!(above < 0.5 * down, "seed {seed}: {above} {down}");
    }
}

#[test]
fn the_cross_entropy_is_not_symmetric() {
    use cross_entropy_asymmetry::{cross_entropy, learned};
    let (p, q) = ([0.5, 0.5], [0.9, 0.1]);
    let (forth, back) = (cross_entropy(&p, &q).unwrap(), cross_entropy(&q, &p).unwrap());
    assert!(
        (forth + 0.5 * (0.09_f64).ln()).abs() < 1e-12 && (back - 2.0_f64.ln()).abs() < 1e-12,
        "{forth} {back}"
    );
    let p = [0.5, 0.3, 0.2];
    let right = learned(&p, false, 500).unwrap();
    assert!(right.iter().zip(p).all(|(q, p)| (q - p).abs() < 1e-3), "{right:?}");
    let wrong = learned(&p, true, 500).unwrap();
    assert!(wrong[0] > 0.95, "{wrong:?}");
}

#[test]
fn a_unit_dies_for_ever_only_where_its_activation_is_flat() {
    use dying_relu::{Cause, NAMES, UNITS, course};
    for known in activation::all::<f64>() {
        if known.for_outputs() || known.divisor() != 1 {
            continue;
        }
        let flat = Activation::<f64>::properties(&*known).can_die;
        let dead = course(known.kind(), Cause::Bias(-8.0), 20, 0).unwrap().dead;
        assert!(!flat || dead[0] == dead[1], "{}: {dead:?}", known.kind());
        assert!(flat || dead[0] == 0, "{}: {dead:?}", known.kind());
    }
    for cause in [Cause::Bias(-4.0), Cause::Step(20.0)] {
        for name in NAMES {
            let courses: Vec<_> =
                (0..3).map(|seed| course(name, cause, 60, seed).unwrap()).collect();
            let back = courses.iter().map(|course| course.back[59]).sum::<usize>();
            match (name, cause) {
                ("relu", _) => {
                    let dead = |course: &dying_relu::Course| {
                        course.off > 0 && course.dead[1] >= course.off
                    };
                    assert!(back == 0 && courses.iter().all(dead), "{courses:?}");
                }
                // The slope of a parametric unit is still growing.
                ("prelu", Cause::Bias(_)) => {
                    assert!(courses.iter().all(|course| course.dead == [0, 0]))
                }
                _ => assert!(
                    back > 0 && courses.iter().all(|course| course.dead == [0, 0]),
                    "{name} {cause:?}"
                ),
            }
        }
    }
    // Of a layer of dead units a constant is left, of leaky ones a straight line, of exponential
    // ones the function.
    for (name, least, most) in [("relu", 0.4, 0.7), ("leaky_relu", 0.0, 0.25), ("elu", 0.0, 0.1)] {
        let course = course(name, Cause::Bias(-4.0), 100, 0).unwrap();
        assert!(
            course.off == UNITS && (least..most).contains(&course.losses[99]),
            "{name}: {}",
            course.losses[99]
        );
    }
}

#[test]
fn one_output_for_a_digit_is_worse_than_ten() {
    let [value, squared, entropy] =
        loss_choice::answers(900, 15).unwrap().each_ref().map(loss_choice::accuracy);
    assert!(value < 0.7 && squared > 0.85 && entropy > 0.85, "{value} {squared} {entropy}");
    let [squared, entropy] = loss_choice::gradients_at(1e-6).unwrap();
    // 4 p (1 - p) of the squared error against sqrt 2 (1 - p).
    assert!((squared / 4e-6 / 2.0_f64.sqrt() - 1.0).abs() < 1e-4, "{squared}");
    assert!((entropy - 2.0_f64.sqrt()).abs() < 1e-4, "{entropy}");
}

#[test]
fn soft_labels_teach_shares() {
    let [soft, hard] = [true, false].map(|soft| soft_labels::learned(soft, 1500, 20).unwrap());
    assert!(soft.accuracy > 0.7 && hard.accuracy > 0.7, "{} {}", soft.accuracy, hard.accuracy);
    assert!(soft.distance < 0.87 * hard.distance, "{} {}", soft.distance, hard.distance);
    assert!(
        soft.loss > soft.entropy && hard.loss > soft.loss,
        "{} {} {}",
        soft.loss,
        hard.loss,
        soft.entropy
    );
}

#[test]
fn softmax_competes_and_sigmoids_do_not() {
    let [sigmoids, softmax] =
        [false, true].map(|competing| multi_label::answers(competing, 1500, 10).unwrap());
    assert!(sigmoids.of_two > 0.6 && sigmoids.both > 0.3, "{} {}", sigmoids.of_two, sigmoids.both);
    assert!(sigmoids.of_none < 0.1, "{}", sigmoids.of_none);
    // Two probabilities sum to one at most; the largest of ten is a tenth at least.
    assert!(softmax.of_two <= 0.5 && softmax.both == 0.0, "{} {}", softmax.of_two, softmax.both);
    assert!(softmax.of_none >= 0.1, "{}", softmax.of_none);
}

#[test]
fn a_wider_hidden_layer_comes_closer() {
    use universal_approximation::{FUNCTIONS, constructed, errors, learned};
    for (name, f) in FUNCTIONS {
        let built =
            [2, 8, 32, 128].map(|width| errors(&constructed(width, f).unwrap(), f).unwrap());
        for pair in built.windows(2) {
            assert!(pair[1].1 < 0.75 * pair[0].1, "{name}: {built:?}");
        }
        assert_eq!(built[3].0 > 0.4, name.starts_with("step"), "the largest error: {built:?}");
        let [narrow, wide] =
            [1, 32].map(|width| errors(&learned(width, f, 60).unwrap(), f).unwrap().1);
        assert!(wide < 0.5 * narrow, "{name}: {narrow}, then {wide}");
    }
}

#[test]
fn depth_represents_what_width_cannot_afford() {
    use depth_vs_width::{bound, deep, judged, shallow};
    for k in 1..=8 {
        let (narrow, wide) = (deep(k).unwrap(), shallow(k, 1 << k).unwrap());
        assert_eq!(
            [judged(&narrow, k).unwrap(), judged(&wide, k).unwrap()],
            [(0.0, 1 << k); 2],
            "k = {k}"
        );
        // A deep network grows by six parameters for each fold, a wide one doubles.
        assert_eq!((narrow.1.count(), wide.1.count()), (6 * k + 1, 3 * (1 << k) + 1));
        // One hidden layer has at most one piece more than units.
        if k > 1 {
            let (error, pieces) = judged(&shallow(k, (1 << k) - 2).unwrap(), k).unwrap();
            assert!(error > 0.0 && pieces < 1 << k, "k = {k}: {error} {pieces}");
        }
        // At the same number of parameters.
        let same = shallow(k, 2 * k).unwrap();
        assert_eq!(same.1.count(), narrow.1.count());
        assert!(judged(&same, k).unwrap().0 >= bound(k, 2 * k), "k = {k}");
    }
    assert!(bound(10, 20) > 0.97 * bound(10, 0));
}

#[test]
fn what_a_narrow_deep_network_represents_is_not_learned() {
    use depth_vs_width::{found_again, learned, ranked};
    let best =
        |networks| ranked(networks, 3).unwrap().iter().map(|network| network.0).collect::<Vec<_>>();
    // One seed of six may find it, and one of three may not.
    let narrow = best(learned(&[2; 3], 3, 6, 800).unwrap());
    assert!(narrow[1] > 0.1, "{narrow:?}");
    let large = best(learned(&[32; 2], 3, 3, 3000).unwrap());
    assert!(large[1] < 0.1, "{large:?}");
    let again = best(found_again(0.01, 3, 3, 800).unwrap());
    assert!(again[1] < 0.03, "{again:?}");
}
