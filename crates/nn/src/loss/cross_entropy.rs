use std::fmt::Debug;

use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use super::{Loss, TargetKind, expect_logits};
use crate::Configure;
use crate::activation::{row_max, softmax_rows, sum_exp};

/// Softmax cross-entropy on logits, one value for each sample: `-sum_c q_c ln softmax(p)_c`; gradient
/// `softmax(p) sum q - q`.
///
/// Targets are class indices `[n]`, or probabilities `[n, c]`, one-hot or soft, of the same shape as the logits. With a
/// class index `y` the value is `ln sum_c e^(p_c - max p) + max p - p_y`, so that nothing overflows and no logarithm of
/// zero is taken. An index that is not a class gives NaN; [`Workspace::set`](chainrule_graph::Workspace::set) on a
/// [`class_input`](chainrule_graph::Graph::class_input) refuses it. Probabilities are not checked to sum to 1, as in
/// PyTorch.
///
/// The softmax is part of the loss: a model that ends in one is refused. To go through probabilities in steps, use
/// [`LogSoftmax`](crate::activation::LogSoftmax) with the graph's own operations.
///
/// ```
/// use chainrule_graph::Graph;
/// use chainrule_nn::loss::{CrossEntropy, Loss, Reduction};
///
/// let graph = Graph::<f64>::new();
/// let logits = graph.input("logits", [2, 3]);
/// let classes = graph.class_input("classes", 2, 3);
/// let loss = CrossEntropy.forward(logits, classes, Reduction::Mean);
///
/// let plan = graph.plan_forward(&[loss])?;
/// let mut workspace = plan.workspace();
/// workspace.set(logits, &[0.0, 0.0, 0.0, 100.0, 0.0, 0.0])?;
/// workspace.set(classes, &[1.0, 0.0])?;
/// plan.forward(&plan.init(0)?, &mut workspace);
/// assert_eq!(workspace.value(loss).values(), [3.0_f64.ln() / 2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

impl Configure for CrossEntropy {
    fn formula(&self) -> &'static str {
        "-sum q ln softmax(p)"
    }
}

impl<T: Real> Loss<T> for CrossEntropy {
    fn name(&self) -> &str {
        "cross_entropy"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        expect_logits("cross_entropy", prediction);
        prediction.graph().apply(SoftmaxCrossEntropy, &[prediction, target])
    }
}

/// The fused operation. It saves the probabilities for the way back.
#[derive(Debug)]
struct SoftmaxCrossEntropy;

const LOGITS: usize = 0;
const TARGET: usize = 1;

impl<T: Real> Op<T> for SoftmaxCrossEntropy {
    fn name(&self) -> &str {
        "cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (logits, target) = (inputs[LOGITS], inputs[TARGET]);
        if logits.rank() == 0 || logits.last() == Some(&0) {
            return Err(format!("logits {logits} must be [.., classes] with at least one class"));
        }
        let samples = logits.without_axis(logits.rank() - 1);
        if target != samples && target != logits {
            return Err(format!(
                "for logits {logits} the target must be class indices {samples} or probabilities {logits}, but it is {target}"
            ));
        }
        Ok(samples)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[LOGITS].elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (logits, target) = (pass.inputs.get(LOGITS), pass.inputs.get(TARGET));
        let (_, classes) = pass.inputs.shape(LOGITS).as_rows();
        let by_index = pass.inputs.shape(TARGET) == pass.shape;
        let output = pass.output;
        if pass.saved.is_empty() {
            simd::dispatch(
                #[inline(always)]
                || {
                    for (sum, x) in output.iter_mut().zip(logits.chunks_exact(classes)) {
                        *sum = sum_exp(x);
                    }
                },
            );
        } else {
            softmax_rows(logits, pass.saved, output, classes);
        }
        // The output holds each row's sum of e^(x - max): take all logarithms at once, then add what the target takes
        // away.
        simd::dispatch(
            #[inline(always)]
            || {
                for sum in output.iter_mut() {
                    *sum = sum.ln();
                }
            },
        );
        for (row, (out, x)) in output.iter_mut().zip(logits.chunks_exact(classes)).enumerate() {
            let (log_sum, max) = (*out, row_max(x));
            *out = if by_index {
                class(target[row], classes).map_or(T::NAN, |y| log_sum - (x[y] - max))
            } else {
                let q = &target[row * classes..][..classes];
                // A class of probability zero costs nothing, even at a logit of minus infinity.
                let cost =
                    |q: T, x: T| if q == T::ZERO && !x.is_finite() { T::ZERO } else { q * (log_sum - (x - max)) };
                q.iter().zip(x).map(|(&q, &x)| cost(q, x)).sum()
            };
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (logits, target) = (pass.inputs.get(LOGITS), pass.inputs.get(TARGET));
        let (_, classes) = pass.inputs.shape(LOGITS).as_rows();
        let by_index = pass.inputs.shape(TARGET) == pass.shape;
        let g = &*pass.upstream;
        if let Some(dx) = pass.cotangents.get(LOGITS) {
            let rows = dx.accumulate().chunks_exact_mut(classes).zip(pass.saved.chunks_exact(classes));
            for (row, (dx, p)) in rows.enumerate() {
                if by_index {
                    // A label that is no class makes the whole row NaN, as it did the value.
                    let y = class(target[row], classes);
                    let g = if y.is_some() { g[row] } else { T::NAN };
                    for (dx, &p) in dx.iter_mut().zip(p) {
                        *dx += g * p;
                    }
                    if let Some(y) = y {
                        dx[y] -= g;
                    }
                } else {
                    let (q, g) = (&target[row * classes..][..classes], g[row]);
                    let total: T = q.iter().copied().sum();
                    for ((dx, &p), &q) in dx.iter_mut().zip(p).zip(q) {
                        *dx += g * (p * total - q);
                    }
                }
            }
        }
        if let Some(dq) = pass.cotangents.get(TARGET).filter(|_| !by_index) {
            let rows = dq.accumulate().chunks_exact_mut(classes).zip(logits.chunks_exact(classes));
            for ((dq, x), &g) in rows.zip(g) {
                let (max, log_sum) = (row_max(x), sum_exp(x).ln());
                for (dq, &x) in dq.iter_mut().zip(x) {
                    *dq += g * (log_sum - (x - max));
                }
            }
        }
    }
}

/// The class that a label stands for, if it is one.
#[inline(always)]
fn class<T: Real>(label: T, classes: usize) -> Option<usize> {
    let label = label.to_f64();
    (label >= 0.0 && label < classes as f64 && label.fract() == 0.0).then_some(label as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reduction;
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    const LOGITS: [f64; 12] = [2.0, -1.0, 0.5, 0.0, 0.1, 0.2, 0.3, 0.4, -2.0, 3.0, 1.0, -1.0];

    fn logits() -> Tensor<f64> {
        Tensor::new([3, 4], LOGITS.to_vec()).unwrap()
    }

    /// The reduced value and the gradient by the logits.
    fn run(target: &Tensor<f64>, reduction: Reduction) -> (Vec<f64>, Vec<f64>) {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [3, 4]).keep_gradient();
        let t = graph.input("t", target.shape());
        let loss = CrossEntropy.forward(x, t, reduction);
        let plan = graph.plan_with_seed(loss).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &LOGITS).unwrap();
        ws.set(t, target.values()).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward_with(&params, &mut ws, &mut grads, &vec![1.0; loss.shape().elements()]);
        (ws.value(loss).values().to_vec(), ws.gradient(x).values().to_vec())
    }

    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
        }
    }

    #[test]
    fn golden_values_with_class_indices() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        assert_close(&run(&y, Reduction::None).0, &[0.34234958, 1.24253553, 0.14875518], 5e-9);
        assert_close(&run(&y, Reduction::Sum).0, &[1.7336402927893853], 1e-15);
        let (mean, gradient) = run(&y, Reduction::Mean);
        assert_close(&mean, &[0.5778800975964618], 1e-15);
        let row = [-0.0966333590379419, 0.011784597802916288, 0.05281490317165991, 0.032033858063365735];
        assert_close(&gradient[..4], &row, 1e-16);
    }

    #[test]
    fn golden_values_with_soft_labels() {
        let q = Tensor::new([3, 4], vec![0.7, 0.1, 0.1, 0.1, 0.25, 0.25, 0.25, 0.25, 0.0, 1.0, 0.0, 0.0]).unwrap();
        assert_close(&run(&q, Reduction::Mean).0, &[0.8445467642631285], 1e-15);
    }

    #[test]
    fn one_hot_labels_give_what_indices_give() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let q = Tensor::new([3, 4], vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]).unwrap();
        let ((a, da), (b, db)) = (run(&y, Reduction::None), run(&q, Reduction::None));
        assert_close(&a, &b, 0.0);
        assert_close(&da, &db, 1e-16);
    }

    #[test]
    fn gradients_agree_with_differences() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let q = Tensor::from_fn([3, 4], |i| 0.1 + (i % 3) as f64 * 0.2);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            gradcheck(&[logits()], |graph, x| CrossEntropy.forward(x[0], graph.constant(&y), reduction)).unwrap();
            gradcheck(&[logits(), q.clone()], |_, x| CrossEntropy.forward(x[0], x[1], reduction)).unwrap();
        }
    }

    #[test]
    fn far_logits_give_finite_values_and_gradients() {
        let graph = Graph::<f32>::new();
        let x = graph.input("x", [2, 2]).keep_gradient();
        let t = graph.class_input("t", 2, 2);
        let loss = CrossEntropy.forward(x, t, Reduction::Sum);
        let plan = graph.plan(loss).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &[1e4, -1e4, 1e4, -1e4]).unwrap();
        ws.set(t, &[0.0, 1.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(ws.value(loss).values(), [2e4]);
        assert_eq!(ws.gradient(x).values(), [0.0, 0.0, 1.0, -1.0]);
    }

    #[test]
    fn labels_out_of_range_are_refused_or_give_nan() {
        let graph = Graph::<f32>::new();
        let (x, t) = (graph.input("x", [1, 3]), graph.class_input("target", 1, 3));
        let loss = CrossEntropy.forward(x, t, Reduction::Mean);
        let plan = graph.plan_forward(&[loss]).unwrap();
        let (params, mut ws) = (plan.init(0).unwrap(), plan.workspace());
        for label in [3.0, -1.0, 0.5, f32::NAN] {
            let error = ws.set(t, &[label]).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "input `target`: the label of sample 0 is {label}, but classes are the whole numbers from 0 to 2"
                )
            );
            ws.input_mut(t).copy_from_slice(&[label]);
            plan.forward(&params, &mut ws);
            assert!(ws.value(loss).values()[0].is_nan());
        }
    }

    #[test]
    fn a_model_that_ends_in_softmax_is_refused() {
        use crate::{Layer, activation::Softmax};
        let graph = Graph::<f32>::new();
        let y = Softmax.forward(graph.input("x", [1, 3]));
        let loss = CrossEntropy.forward(y, graph.class_input("t", 1, 3), Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(error.starts_with("cross_entropy takes logits, but the model already ends in softmax"), "{error}");
    }

    #[test]
    fn a_target_of_another_shape_is_refused() {
        let graph = Graph::<f32>::new();
        let loss = CrossEntropy.forward(graph.input("x", [5, 3]), graph.input("t", [5, 1]), Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(error.contains(
            "for logits [5, 3] the target must be class indices [5] or probabilities [5, 3], but it is [5, 1]"
        ));
    }
}
