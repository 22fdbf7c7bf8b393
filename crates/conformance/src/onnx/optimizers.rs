//! Optimizers: one step of each, by the text that names them with their settings.
//!
//! ONNX counts updates from 0 and hands the memory in. It names the settings otherwise: `alpha` and
//! `beta` are the momentum and one minus the dampening, or Adam's betas; `norm_coefficient` is the
//! weight decay.

use chainrule::prelude::*;
use chainrule::train::optimizer::{self, State, Update};

use super::node::Node;

/// Inputs: the learning rate, the number of updates before, then all weights, all gradients, all of
/// each memory. Results: all weights, all of each memory.
pub(super) fn run<T: Real>(node: &Node) -> Result<Vec<Tensor<T>>, String> {
    let memories = if node.op == "Adam" { 2 } else { 1 };
    let groups = (node.inputs.len() - 2) / (2 + memories);
    let updates = node.scalar(1, 0.0) as u64;
    let mut results = vec![Vec::new(); 1 + memories];
    for group in 0..groups {
        let part = |kind: usize| Ok(node.input(2 + kind * groups + group)?.cast::<T>());
        let mut state = (0..2 + memories).map(part).collect::<Result<Vec<Tensor<T>>, String>>()?;
        let gradient = state.remove(1);
        if node.op == "Adagrad" {
            adagrad(node, updates, &mut state, &gradient)?
        } else {
            step(node, updates, &mut state, &gradient)?
        }
        results.iter_mut().zip(state).for_each(|(results, result)| results.push(result));
    }
    Ok(results.into_iter().flatten().collect())
}

/// A step of Adam or of gradient descent with momentum, with the memory handed in.
fn step<T: Real>(
    node: &Node,
    updates: u64,
    state: &mut [Tensor<T>],
    gradient: &Tensor<T>,
) -> Result<(), String> {
    let number = |name| node.number(name, 0.0);
    let (rate, decay, alpha, beta) =
        (node.scalar(0, 0.0), number("norm_coefficient"), number("alpha"), number("beta"));
    let (text, step) = if node.op == "Adam" {
        // Before its second update ONNX leaves the bias corrections out. Here they are 1 in a step
        // so late that nothing is left of beta^t. From then on its epsilon is corrected as well,
        // for which there is no setting.
        if updates > 0 {
            return Err("ONNX's epsilon after the first update has no counterpart".to_owned());
        }
        let text = format!(
            "adam(beta1={alpha}, beta2={beta}, epsilon={}, weight_decay={decay})",
            number("epsilon")
        );
        (text, u64::MAX)
    } else {
        // The first update takes the whole gradient, as without dampening; ours would also forget
        // the memory in step 1.
        let dampening = if updates > 0 { 1.0 - beta } else { 0.0 };
        let nesterov = node.text("mode") == "nesterov";
        let settings = format!(
            "momentum={alpha}, dampening={dampening}, nesterov={nesterov}, weight_decay={decay}"
        );
        (format!("sgd({settings})"), updates + 2)
    };
    let optimizer = optimizer::by_name::<T>(&text).map_err(|error| error.to_string())?;
    let [weights, memory @ ..] = state else { return Err("there are no weights".to_owned()) };
    let mut slots: Vec<&mut [T]> = memory.iter_mut().map(Tensor::values_mut).collect();
    let weights = weights.values_mut();
    let gradient = gradient.values();
    let (learning_rate, share, slots) = (rate, 1.0 / step as f64, &mut slots);
    optimizer.step(Update { step, learning_rate, momentum: None, share, weights, gradient, slots });
    Ok(())
}

/// A first step of Adagrad for each weight, whose sum of squares begins where ONNX's is.
fn adagrad<T: Real>(
    node: &Node,
    updates: u64,
    state: &mut [Tensor<T>],
    gradient: &Tensor<T>,
) -> Result<(), String> {
    if updates > 0 {
        return Err("only the first update of Adagrad is expressed".to_owned());
    }
    let number = |name| node.number(name, 0.0);
    let [weights, sums] = state else { return Err("a sum of squares is expected".to_owned()) };
    let places = weights.values_mut().iter_mut().zip(sums.values_mut()).zip(gradient.values());
    for ((weight, sum), &gradient) in places {
        let text = format!(
            "adagrad(learning_rate={}, lr_decay={}, weight_decay={}, epsilon={}, \
             initial_accumulator={})",
            node.scalar(0, 0.0),
            number("decay_factor"),
            number("norm_coefficient"),
            number("epsilon"),
            sum.to_f64()
        );
        let optimizer = optimizer::by_name::<T>(&text).map_err(|error| error.to_string())?;
        let (mut one, mut state) = ([*weight], State::new(optimizer.as_ref(), 1));
        state.step(optimizer.as_ref(), &mut one, &[gradient]);
        (*weight, *sum) = (one[0], state.slots()[0][0]);
    }
    Ok(())
}
