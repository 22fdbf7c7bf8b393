//! Checks of losses while they are recorded.

use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::Predictions;

/// Notes a mistake of the settings.
#[track_caller]
pub(super) fn require<T: Real>(prediction: Var<'_, T>, checked: Result<(), String>) {
    if let Err(why) = checked {
        prediction.graph().fail(why);
    }
}

/// Notes a mistake if the model ends in what does not give such predictions.
#[track_caller]
pub(super) fn expect<T: Real>(loss: &str, predictions: Predictions, prediction: Var<'_, T>) {
    let Some(op) = ending(prediction).op_name() else { return };
    let affine = matches!(&*op, "affine" | "matmul");
    let advice = match predictions {
        Predictions::Logits
            if matches!(&*op, "softmax" | "log_softmax" | "sigmoid" | "log_sigmoid") =>
        {
            format!(
                "already ends in {op}: leave the {op} out, the loss applies its own; use it for \
                 predictions only"
            )
        }
        Predictions::Probabilities
            if affine || matches!(&*op, "log_softmax" | "log_sigmoid" | "tanh") =>
        {
            format!("ends in {op}: end it in sigmoid, or take a loss on logits")
        }
        Predictions::LogProbabilities if affine || matches!(&*op, "softmax" | "sigmoid") => {
            format!("ends in {op}: end it in log_softmax")
        }
        _ => return,
    };
    prediction.graph().fail(format!("{loss} takes {predictions}, but the model {advice}"));
}

/// The last value that is not just handed on.
fn ending<T: Real>(mut prediction: Var<'_, T>) -> Var<'_, T> {
    while let Some("identity" | "dropout" | "reshape" | "flatten") = prediction.op_name().as_deref()
    {
        prediction = prediction.operands()[0];
    }
    prediction
}

/// The values `[.., d]` times a weight for each column, of which there are `d` or none.
#[track_caller]
pub(super) fn weigh_columns<'g, T: Real>(
    loss: &str,
    what: &str,
    weights: &[f64],
    values: Var<'g, T>,
) -> Var<'g, T> {
    if weights.is_empty() {
        return values;
    }
    if weights.len() != values.features() {
        let (given, shape) = (weights.len(), values.shape());
        values
            .graph()
            .fail(format!("{loss}: {given} {what} for {shape}; give one for each column, or none"));
        return values;
    }
    let weights = weights.iter().map(|&weight| T::from_f64(weight)).collect();
    values.graph().apply(WeighColumns::<T>(weights), &[values])
}

/// Each column times a weight. A weight of 0 takes nothing, even of an infinite value.
#[derive(Debug)]
struct WeighColumns<T>(Vec<T>);

impl<T: Real> Op<T> for WeighColumns<T> {
    fn name(&self) -> &str {
        "weigh_columns"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let width = self.0.len();
        for (out, x) in pass.output.chunks_exact_mut(width).zip(pass.inputs[0].chunks_exact(width))
        {
            for ((out, &x), &weight) in out.iter_mut().zip(x).zip(&self.0) {
                *out = share_of(weight, x);
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let Some(dx) = pass.cotangents.get(0) else { return };
        let width = self.0.len();
        for (dx, g) in
            dx.accumulate().chunks_exact_mut(width).zip(pass.upstream.chunks_exact(width))
        {
            for ((dx, &g), &weight) in dx.iter_mut().zip(g).zip(&self.0) {
                *dx += g * weight;
            }
        }
    }
}

/// `max(0, x)`, with the derivative 0 at zero; NaN stays NaN.
#[inline(always)]
pub(super) fn positive_part<T: Real>(x: T) -> T {
    if x > T::ZERO || x.is_nan() { x } else { T::ZERO }
}

/// The derivative of [`positive_part`]: 1 above zero, 0 at zero and below, as in PyTorch's margin
/// losses.
#[inline(always)]
pub(super) fn is_positive<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x <= T::ZERO {
        T::ZERO
    } else {
        T::NAN
    }
}

/// `share x`, but 0 where the share is 0 and `x` infinite: what is not taken costs nothing.
/// Elsewhere a share of 0 keeps its tangent.
#[inline(always)]
pub(super) fn share_of<T: Real>(share: T, x: T) -> T {
    if share == T::ZERO && x.abs() == T::INFINITY { T::ZERO } else { share * x }
}

/// `ln(1 + e^x)`, without overflow.
#[inline(always)]
pub(super) fn softplus<T: Real>(x: T) -> T {
    x.maximum(T::ZERO) + (-x.abs()).exp().ln_1p()
}
