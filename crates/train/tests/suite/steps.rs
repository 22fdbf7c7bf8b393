//! The effect of one step on the weights: the update by hand, clipping, the order of samples.

use crate::common;

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_nn::loss::{CrossEntropy, MeanSquaredError};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::optimizer::{Adam, Sgd, State};
use chainrule_train::{ClipNorm, ClipValue, GradientRule, Trainer};
use common::{classes, classifier};

/// The amount that one step with the whole data as its batch takes away from the weights, at a
/// learning rate of 1: the gradient after the rules.
fn step(rules: Vec<Box<dyn GradientRule>>) -> Vec<f32> {
    let (model, train) = (classifier(), classes(30, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.values().to_vec();
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Sgd::new(1.0)).epochs(1).batch_size(30).in_order();
    for rule in rules {
        trainer = trainer.rule(Boxed(rule));
    }
    trainer.fit(&mut params, &train, None).unwrap();
    before.iter().zip(params.values()).map(|(before, after)| before - after).collect()
}

/// Rules of several types in one list.
#[derive(Debug)]
struct Boxed(Box<dyn GradientRule>);

impl GradientRule for Boxed {
    fn apply(&self, gradient: &mut [f32]) {
        self.0.apply(gradient);
    }
    fn check(&self) -> Result<(), String> {
        self.0.check()
    }
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn a_step_is_the_gradient_by_central_differences() {
    let (model, train) = (classifier(), classes(30, 0));
    let params = model.init([2], 0).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(1.0)).batch_size(30);
    let mut loss = |params: &Params| trainer.evaluate(params, &train).unwrap().loss;
    let update = step(Vec::new());
    for (position, &slope) in update.iter().enumerate() {
        let moved = |by: f32| {
            let mut params = params.clone();
            params.values_mut()[position] += by;
            params
        };
        let numeric = (loss(&moved(0.01)) - loss(&moved(-0.01))) / 0.02;
        // In f32: rounding of the loss by 1e-7 over a distance of 0.02, and the third derivative.
        assert!(
            (f64::from(slope) - numeric).abs() < 1e-4,
            "weight {position}: {slope} and {numeric}"
        );
    }
}

#[test]
fn clipping_by_norm_shortens_the_update_of_all_parameters_together() {
    let free = step(Vec::new());
    let length = norm(&free);
    let clipped = step(vec![Box::new(ClipNorm { max_norm: length / 4.0 })]);
    assert!((norm(&clipped) / length - 0.25).abs() < 1e-5);
    // The direction stays; the weights near 1 round the difference of before and after.
    for (free, clipped) in free.iter().zip(&clipped) {
        assert!((free / 4.0 - clipped).abs() < 2e-7);
    }
    assert_eq!(step(vec![Box::new(ClipNorm { max_norm: length * 1.01 })]), free);
}

#[test]
fn clipping_by_value_limits_each_element() {
    let free = step(Vec::new());
    let largest = free.iter().fold(0.0_f32, |largest, g| largest.max(g.abs()));
    let limit = f64::from(largest) / 3.0;
    let clipped = step(vec![Box::new(ClipValue { max_value: limit })]);
    for (free, clipped) in free.iter().zip(&clipped) {
        assert!((free.clamp(-limit as f32, limit as f32) - clipped).abs() < 2e-7);
    }
}

#[test]
fn rules_apply_in_the_order_in_which_they_were_added() {
    let length = norm(&step(Vec::new()));
    let by_norm = || Box::new(ClipNorm { max_norm: length / 4.0 }) as Box<dyn GradientRule>;
    let by_value = || Box::new(ClipValue { max_value: length / 50.0 }) as Box<dyn GradientRule>;
    let norm_last = norm(&step(vec![by_value(), by_norm()]));
    let value_last = norm(&step(vec![by_norm(), by_value()]));
    assert!(norm_last > value_last * 1.01, "{norm_last} and {value_last}");
}

#[test]
fn a_training_is_the_loop_written_out() {
    use chainrule_graph::Graph;
    use chainrule_nn::{Layer, Loss, Reduction};

    let (model, data) = (classifier(), classes(24, 0));
    let adam = Adam::new(0.05);
    let mut params = model.init([2], 0).unwrap();
    Trainer::new(&model, CrossEntropy, adam)
        .epochs(3)
        .batch_size(8)
        .in_order()
        .fit(&mut params, &data, None)
        .unwrap();

    let graph = Graph::new();
    let (x, t) = (graph.input("x", [8, 2]), graph.class_input("t", 8, 3));
    let plan = graph.plan(CrossEntropy.forward(model.forward(x), t, Reduction::Mean)).unwrap();
    let mut by_hand = model.init([2], 0).unwrap();
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    let mut state = State::new(&adam, &by_hand);
    for batch in [[0, 8], [8, 16], [16, 24]].repeat(3) {
        let samples: Vec<usize> = (batch[0]..batch[1]).collect();
        let [inputs, targets] = workspace.inputs_mut([x.id(), t.id()]);
        data.gather(&samples, inputs, targets);
        plan.forward(&by_hand, &mut workspace);
        plan.backward(&by_hand, &mut workspace, &mut grads);
        state.step(&adam, by_hand.values_mut(), grads.values());
    }
    assert_eq!(state.steps(), 9);
    assert_eq!(params.values(), by_hand.values());
}

/// The weight of `y = w x` after each sample has been a step, one epoch of `x = 1, y = position`.
fn last_weight(epochs: usize, arrange: impl Fn(Trainer<'_>) -> Trainer<'_>) -> f32 {
    let model = Sequential::new().layer(chainrule_nn::Linear::new(1, 1).without_bias());
    let targets = Tensor::from_fn([5, 1], |i| i as f32);
    let data = Dataset::new(Tensor::ones([5, 1]), Targets::Values(targets)).unwrap();
    let mut params = model.init([1], 0).unwrap();
    // At a rate of one half, each step puts the weight exactly on its sample's target: the last
    // sample remains.
    let trainer =
        Trainer::new(&model, MeanSquaredError, Sgd::new(0.5)).epochs(epochs).batch_size(1);
    arrange(trainer).fit(&mut params, &data, None).unwrap();
    params.values()[0].round()
}

#[test]
fn samples_are_shuffled_anew_in_each_epoch_unless_in_order() {
    for epochs in 1..6 {
        assert_eq!(last_weight(epochs, |trainer| trainer.in_order()), 4.0);
    }
    let last = |seed: u64| {
        (1..20).map(|epochs| last_weight(epochs, |trainer| trainer.seed(seed))).collect::<Vec<_>>()
    };
    let first = last(0);
    assert!((0..5).all(|sample| first.contains(&(sample as f32))), "{first:?}");
    assert_ne!(first, last(1));
    assert_eq!(first, last(0));
}

#[test]
fn lengths_that_differ_are_a_mistake_of_the_program() {
    let mismatched: [fn(Adam); 4] = [
        |adam| State::new(&adam, 3).step(&adam, &mut [0.0; 4], &[0.0; 4]),
        |adam| State::new(&adam, 4).step(&adam, &mut [0.0; 4], &[0.0; 3]),
        |adam| State::new(&adam, 4).step(&adam, &mut [0.0; 3], &[0.0; 4]),
        // The memory of another optimizer.
        |adam| State::new(&Sgd::new(0.1), 4).step(&adam, &mut [0.0; 4], &[0.0; 4]),
    ];
    for mistake in mismatched {
        let panic = std::panic::catch_unwind(|| mistake(Adam::default())).unwrap_err();
        assert_eq!(
            panic.downcast_ref::<&str>(),
            Some(&"weights, gradient and state differ in length")
        );
    }
}
