//! Numbers nearer to zero than the smallest normal one: a multiplication with one takes 30 to 200
//! times as long, so nothing may leave them where they stay.
//!
//! Kind: denormals; goes back to pytorch#30934 and to steps of dead units that took three times as
//! long.

use chainrule::nn::activation;
use chainrule::prelude::*;
use chainrule::tensor::gemm::Put;
use chainrule::tensor::{broadcast, elementwise};
use chainrule::train::optimizer::{self, Parameters, State};

fn denormals(values: &[f32]) -> usize {
    values.iter().filter(|x| x.is_subnormal()).count()
}

/// From the smallest denormal number to the largest normal one, with both signs.
fn magnitudes() -> Vec<f32> {
    (-149..128)
        .step_by(3)
        .flat_map(|power| [1.0, -1.0].map(|sign| sign * 2.0_f32.powi(power)))
        .collect()
}

#[test]
fn flushing_leaves_all_but_denormal_numbers_as_they_are() {
    for x in magnitudes().into_iter().chain([0.0, -0.0, f32::INFINITY, f32::MIN_POSITIVE]) {
        let expected = if x.is_subnormal() { 0.0_f32.copysign(x) } else { x };
        assert_eq!(x.flushed().to_bits(), expected.to_bits(), "{x:e}");
    }
    assert!(f32::NAN.flushed().is_nan());
    assert_eq!((f64::MIN_POSITIVE / 2.0).flushed(), 0.0);
    assert_eq!(f64::MIN_POSITIVE.flushed(), f64::MIN_POSITIVE);
}

#[test]
fn element_wise_kernels_write_none() {
    let a = magnitudes();
    let n = a.len();
    let half = vec![0.5_f32; n];
    for put in [Put::Set, Put::Add] {
        let mut out = vec![0.0_f32; n];
        elementwise::map(put, &mut out, &a, |x| x * 0.5);
        assert_eq!(denormals(&out), 0, "map {put:?}");
        let mut out = vec![0.0_f32; n];
        elementwise::zip(put, &mut out, &a, &half, |x, y| x * y);
        assert_eq!(denormals(&out), 0, "zip {put:?}");
        let mut out = vec![0.0_f32; n];
        elementwise::zip3(put, &mut out, &a, &half, &half, |x, y, z| x * y * z);
        assert_eq!(denormals(&out), 0, "zip3 {put:?}");
        for (shape, b) in [([1, n], &half[..]), ([1, 1], &half[..1])] {
            let mut out = vec![0.0_f32; n];
            broadcast::zip(
                put,
                &mut out,
                [1, n].into(),
                &a,
                [1, n].into(),
                b,
                shape.into(),
                |x, y| x * y,
            );
            assert_eq!(denormals(&out), 0, "broadcast {put:?} {shape:?}");
        }
    }
    let mut out = a;
    elementwise::update(&mut out, &half, |x, y| x * y);
    assert_eq!(denormals(&out), 0, "update");
}

/// Values and gradients of every activation at inputs and with upstream gradients of every
/// magnitude.
#[test]
fn no_activation_gives_any() {
    for activation in activation::all::<f32>() {
        for scale in [1.0, 1e-20, 1e-37] {
            let x: Vec<f32> = magnitudes().into_iter().filter(|x| x.is_normal()).collect();
            let x = &x[..x.len() / 4 * 4];
            let graph = Graph::new();
            let input = graph.input("x", [x.len() / 4, 4]).keep_gradient();
            let y = activation.forward(input).keep();
            let plan = graph.plan((y * scale).sum(..)).unwrap();
            let (params, mut ws, mut grads) =
                (plan.init(0).unwrap(), plan.workspace(), plan.grads());
            ws.set(input, x).unwrap();
            plan.forward(&params, &mut ws);
            plan.backward(&params, &mut ws, &mut grads);
            let kind = activation.kind();
            assert_eq!(denormals(ws.value(y).values()), 0, "{kind}");
            assert_eq!(
                denormals(ws.gradient(input).values()),
                0,
                "the gradient of {kind} at {scale}"
            );
        }
    }
}

/// A unit that died: one gradient, then none. What an optimizer remembers of it, and with weight
/// decay the weight, shrinks step by step.
#[test]
fn no_optimizer_keeps_any() {
    let decays = |name: &str, text: &str| optimizer::by_name::<f32>(&format!("{name}({text})"));
    for listed in optimizer::all::<f32>() {
        let name = listed.name();
        let texts = ["", "learning_rate=0.5, weight_decay=0.5", "momentum=0.9, weight_decay=0.5"];
        for optimizer in texts.into_iter().filter_map(|text| decays(name, text).ok()) {
            for shape in [Shape::from(4), [2, 2].into()] {
                let mut weights = vec![1.0_f32, -2.0, 1e-3, 0.0];
                let mut state = State::new(optimizer.as_ref(), Parameters::new([("", shape)]));
                for step in 0..20_000 {
                    let gradient = if step == 0 { [1.0, -1e-3, 1e-15, 1e-22] } else { [0.0; 4] };
                    state.step(optimizer.as_ref(), &mut weights, &gradient);
                    let slots = state.slots().iter().map(|slot| denormals(slot)).sum::<usize>();
                    assert_eq!(
                        denormals(&weights) + slots,
                        0,
                        "{optimizer:?}, step {step}: {weights:?}"
                    );
                }
            }
        }
    }
}

/// Ten layers of ReLU fitted until their loss is small: many units are dead, and the probabilities
/// of most classes are next to nothing.
#[test]
fn a_training_with_dead_units_leaves_none() {
    let model =
        (0..7).fold(Sequential::new(), |model, _| model.linear(16, 16).relu()).linear(16, 4);
    let samples: Tensor = Tensor::normal([16, 16], 0.0, 1.0, &mut generator(1)).unwrap();
    let graph = Graph::new();
    let (x, y) = (graph.input("x", [16, 16]), graph.class_input("y", 16, 4));
    let logits = model.forward(x).keep();
    let plan = graph.plan(CrossEntropy.forward(logits, y, Reduction::Mean)).unwrap();
    let mut params = plan.init(3).unwrap();
    let (mut ws, mut grads) = (plan.workspace(), plan.grads());
    ws.set(x, samples.values()).unwrap();
    ws.set(y, &(0..16).map(|i| (i % 4) as f32).collect::<Vec<_>>()).unwrap();
    let sgd = Sgd::new(0.05).momentum(0.9);
    let mut state = State::new(&sgd, &params);
    let (mut worst, mut settled) = (0, 0);
    for step in 0..4000 {
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        state.step(&sgd, params.values_mut(), grads.values());
        worst = worst.max(denormals(grads.values()));
        settled += denormals(params.values())
            + state.slots().iter().map(|slot| denormals(slot)).sum::<usize>();
        assert_eq!(settled, 0, "step {step}");
    }
    let dead = state.slots()[0].iter().filter(|&&v| v == 0.0).count();
    assert!(dead > 100, "only {dead} weights have stopped: this shows nothing");
    assert!(worst <= 4, "{worst} denormal gradients in one step");
}
