use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, elementwise};

use super::{Loss, TargetKind, expect_logits};
use crate::Configure;

/// Binary cross-entropy on logits, one value for each element: `-t ln sigmoid(p) - (1 - t) ln(1 - sigmoid(p))`,
/// computed as `max(p, 0) - p t + ln(1 + e^-|p|)`; gradient `sigmoid(p) - t`.
///
/// For samples with several labels that do not exclude each other, such as a picture with both a laptop and a
/// smartphone: each label has a sigmoid of its own, where a softmax would make them compete. Targets are in `[0, 1]`,
/// soft ones included, and have the shape of the logits. The mean is over all elements, as in PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinaryCrossEntropy;

impl Configure for BinaryCrossEntropy {
    fn formula(&self) -> &'static str {
        "max(p, 0) - p t + ln(1 + e^-|p|)"
    }
}

impl<T: Real> Loss<T> for BinaryCrossEntropy {
    fn name(&self) -> &str {
        "binary_cross_entropy"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Labels
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        expect_logits("binary_cross_entropy", prediction);
        prediction.graph().apply(SigmoidBinaryCrossEntropy, &[prediction, target])
    }
}

/// The fused operation: built from `max` and `abs` its gradient at zero would be `-t`, not `1/2 - t`.
#[derive(Debug)]
struct SigmoidBinaryCrossEntropy;

const LOGITS: usize = 0;
const TARGET: usize = 1;

impl<T: Real> Op<T> for SigmoidBinaryCrossEntropy {
    fn name(&self) -> &str {
        "binary_cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (logits, target) = (inputs[LOGITS], inputs[TARGET]);
        if logits != target {
            return Err(format!("logits {logits} and target {target} must have the same shape"));
        }
        Ok(logits)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, t) = (pass.inputs.get(LOGITS), pass.inputs.get(TARGET));
        elementwise::zip(
            Put::Set,
            pass.output,
            x,
            t,
            #[inline(always)]
            |x, t| x.maximum(T::ZERO) - x * t + (-x.abs()).exp().ln_1p(),
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, t) = (pass.inputs.get(LOGITS), pass.inputs.get(TARGET));
        if let Some(dx) = pass.cotangents.get(LOGITS) {
            elementwise::zip3(
                dx.put,
                dx.values,
                pass.upstream,
                x,
                t,
                #[inline(always)]
                |g, x, t| g * (x.sigmoid() - t),
            );
        }
        if let Some(dt) = pass.cotangents.get(TARGET) {
            dt.zip(pass.upstream, x, |g, x| -g * x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reduction;
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    const X: [f64; 6] = [0.0, 2.0, -3.0, 100.0, -100.0, 0.5];
    const T: [f64; 6] = [0.0, 1.0, 0.0, 1.0, 1.0, 0.3];

    #[test]
    fn golden_values() {
        let graph = Graph::<f64>::new();
        let (x, t) = (graph.input("x", [2, 3]).keep_gradient(), graph.input("t", [2, 3]));
        let none = BinaryCrossEntropy.forward(x, t, Reduction::None).keep();
        let mean = BinaryCrossEntropy.forward(x, t, Reduction::Mean);
        let plan = graph.plan(mean).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &X).unwrap();
        ws.set(t, &T).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        let values = [std::f64::consts::LN_2, 0.1269280110429727, 0.04858735157374206, 0.0, 100.0, 0.8240769841801067];
        for (got, expected) in ws.value(none).values().iter().zip(values) {
            assert!((got - expected).abs() < 1e-15, "{got} is not {expected}");
        }
        assert!((ws.value(mean).values()[0] - 16.948789921226126).abs() < 1e-14);
        let gradient = [0.5, -0.11920292202211769, 0.04742587317756678, 0.0, -1.0, 0.3224593312018546];
        for (got, expected) in ws.gradient(x).values().iter().zip(gradient) {
            assert!((got * 6.0 - expected).abs() < 1e-15, "{got} is not {expected} / 6");
        }
    }

    #[test]
    fn gradients_agree_with_differences_at_zero_too() {
        let x = Tensor::from_rows([[0.0, 2.0, -3.0], [4.0, -1.0, 0.5]]);
        let t = Tensor::from_rows([[0.0, 1.0, 0.0], [1.0, 1.0, 0.3]]);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            gradcheck(std::slice::from_ref(&x), |graph, x| {
                BinaryCrossEntropy.forward(x[0], graph.constant(&t), reduction)
            })
            .unwrap();
        }
        // By the target as well, away from the kink that max(x, 0) has for the difference only.
        gradcheck(&[x, t], |_, x| BinaryCrossEntropy.forward(x[0], x[1], Reduction::None)).unwrap();
    }

    #[test]
    fn far_logits_stay_finite_and_nan_passes() {
        let graph = Graph::<f32>::new();
        let (x, t) = (graph.input("x", [4]), graph.input("t", [4]));
        let loss = BinaryCrossEntropy.forward(x, t, Reduction::None);
        let plan = graph.plan_forward(&[loss]).unwrap();
        let (params, mut ws) = (plan.init(0).unwrap(), plan.workspace());
        ws.set(x, &[1e4, -1e4, 1e4, f32::NAN]).unwrap();
        ws.set(t, &[1.0, 1.0, 0.0, 0.0]).unwrap();
        plan.forward(&params, &mut ws);
        assert_eq!(ws.value(loss).values()[..3], [0.0, 1e4, 1e4]);
        assert!(ws.value(loss).values()[3].is_nan());
    }
}
