use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::checks::{is_positive, positive_part};
use super::elementwise::same_shape;
use super::{Domain, Loss, Predictions, TargetForm};
use crate::config::formula;

/// The hinge loss of several labels, one value for each sample. It is
/// `1 / C sum_{y, c} max(0, 1 - p_y + p_c)` over the pairs of a label `y` that the sample has and a
/// label `c` that it has not.
///
/// Each pair that comes within the margin of 1 adds `-1 / C` to the gradient of `y` and `1 / C` to
/// that of `c`. Targets are 1 or 0 for each label, where PyTorch's `MultiLabelMarginLoss` takes a
/// list of indices that ends in -1. The mean is over all samples. A target other than 0 and 1 gives
/// NaN. The pairs take time in the square of the labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultiLabelMargin;

formula!(MultiLabelMargin: "1 / C sum_{t_y = 1, t_c = 0} max(0, 1 - p_y + p_c)");

impl<T: Real> Loss<T> for MultiLabelMargin {
    fn name(&self) -> &str {
        "multi_label_margin"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Values, targets: &[TargetForm::MultiHot] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        prediction.graph().apply(MultiLabelMarginOp, &[prediction, target])
    }
}

const SCORES: usize = 0;
const TARGET: usize = 1;

#[derive(Debug)]
struct MultiLabelMarginOp;

impl<T: Real> Op<T> for MultiLabelMarginOp {
    fn name(&self) -> &str {
        "multi_label_margin"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let scores = same_shape(inputs[SCORES], inputs[TARGET])?;
        if scores.rank() == 0 || scores.last() == Some(&0) {
            return Err(format!("scores {scores} must be [.., labels] with at least one label"));
        }
        Ok(scores.without_axis(scores.rank() - 1))
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn differentiable(&self, input: usize) -> bool {
        input == SCORES
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let labels = pass.inputs.shape(SCORES).as_rows().1;
        let rows =
            pass.inputs[SCORES].chunks_exact(labels).zip(pass.inputs[TARGET].chunks_exact(labels));
        for (out, (x, t)) in pass.output.iter_mut().zip(rows) {
            if !is_multi_hot(t) {
                *out = T::NAN;
                continue;
            }
            let mut total = T::ZERO;
            for (&y, _) in x.iter().zip(t).filter(|&(_, &t)| t == T::ONE) {
                for (&c, _) in x.iter().zip(t).filter(|&(_, &t)| t == T::ZERO) {
                    total += positive_part(T::ONE - y + c);
                }
            }
            *out = total / T::from_usize(labels);
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let labels = pass.inputs.shape(SCORES).as_rows().1;
        let (scores, target) = (pass.inputs.get(SCORES), pass.inputs.get(TARGET));
        let Some(dx) = pass.cotangents.get(SCORES) else { return };
        let rows = dx.accumulate().chunks_exact_mut(labels).zip(scores.chunks_exact(labels));
        for (((dx, x), t), &g) in rows.zip(target.chunks_exact(labels)).zip(&*pass.upstream) {
            if !is_multi_hot(t) {
                dx.fill(T::NAN);
                continue;
            }
            let g = g / T::from_usize(labels);
            for y in (0..labels).filter(|&y| t[y] == T::ONE) {
                for c in (0..labels).filter(|&c| t[c] == T::ZERO) {
                    let slope = g * is_positive(T::ONE - x[y] + x[c]);
                    dx[y] -= slope;
                    dx[c] += slope;
                }
            }
        }
    }
}

fn is_multi_hot<T: Real>(t: &[T]) -> bool {
    t.iter().all(|&t| t == T::ZERO || t == T::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        // The example of PyTorch's documentation: labels 3 and 0.
        let x = Tensor::from_rows([[0.1, 0.2, 0.4, 0.8]]);
        let t = Tensor::from_rows([[1.0, 0.0, 0.0, 1.0]]);
        let [y, dx, _] = run(&MultiLabelMargin, &x, &t, Reduction::None);
        assert_close(&y, &[0.85], 1e-15);
        assert_close(&dx, &[-0.5, 0.5, 0.5, -0.5], 1e-15);
    }

    #[test]
    fn a_sample_with_all_labels_or_none_costs_nothing() {
        let x = Tensor::from_rows([[0.1, 0.2], [0.3, 0.4]]);
        let t = Tensor::from_rows([[1.0, 1.0], [0.0, 0.0]]);
        assert_eq!(run(&MultiLabelMargin, &x, &t, Reduction::None)[0], [0.0, 0.0]);
    }

    #[test]
    fn derivatives_agree_with_differences_and_nan_passes() {
        check::derivatives(&MultiLabelMargin);
        let soft = Tensor::from_rows([[0.5, 1.0]]);
        let [y, dx, _] =
            run(&MultiLabelMargin, &Tensor::from_rows([[1.0, 2.0]]), &soft, Reduction::Mean);
        assert!(y[0].is_nan() && dx[0].is_nan());
        let t = Tensor::from_rows([[0.0, 1.0]]);
        let [y, dx, _] =
            run(&MultiLabelMargin, &Tensor::from_rows([[f64::NAN, 2.0]]), &t, Reduction::Mean);
        assert!(y[0].is_nan() && dx[0].is_nan());
    }
}
