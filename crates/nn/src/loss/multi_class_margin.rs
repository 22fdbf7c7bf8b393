use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::checks::{is_positive, positive_part, require, share_of};
use super::softmax_cross_entropy::{class, samples_of};
use super::{Domain, Loss, Predictions, TargetForm};
use crate::Configure;
use crate::config::settings;

settings! {
    "multi_class_margin":
        "w_y / C sum_{c != y} max(0, margin - p_y + p_c)^p", checked by one_or_two;

    /// The hinge loss of several classes, one value for each sample:
    /// `w_y / C sum_{c != y} max(0, margin - p_y + p_c)^p` for scores of `C` classes and the class
    /// index `y`.
    ///
    /// The exponent `p` is 1 or 2. The gradient by another class that comes within the margin is
    /// `w_y / C`, or `2 w_y / C max(..)` for `p = 2`; that by the class itself is the sum of those
    /// with the other sign. The mean is over all samples, weighted or not, as in PyTorch's
    /// `MultiMarginLoss`. An index that is no class gives NaN.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MultiClassMargin {
        /// The exponent, 1 or 2.
        pub p: usize = 1;
        /// By how much the class's score must lead to cost nothing, above zero.
        pub margin: f64 = 1.0, above(0.0);
        /// A factor for each class.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
    }
}

fn one_or_two(margin: &MultiClassMargin) -> Result<(), String> {
    match margin.p {
        1 | 2 => Ok(()),
        p => Err(format!("multi_class_margin: p must be 1 or 2, but it is {p}")),
    }
}

impl<T: Real> Loss<T> for MultiClassMargin {
    fn name(&self) -> &str {
        "multi_class_margin"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Values, targets: &[TargetForm::Classes] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        prediction.graph().apply(MultiClassMarginOp(self.clone()), &[prediction, target])
    }
}

impl MultiClassMargin {
    /// `w_y / C`
    fn scale<T: Real>(&self, y: usize, classes: usize) -> T {
        T::from_f64(self.weights.get(y).copied().unwrap_or(1.0)) / T::from_usize(classes)
    }
}

const SCORES: usize = 0;
const TARGET: usize = 1;

#[derive(Debug)]
struct MultiClassMarginOp(MultiClassMargin);

impl<T: Real> Op<T> for MultiClassMarginOp {
    fn name(&self) -> &str {
        "multi_class_margin"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let samples = samples_of("scores", inputs[SCORES], inputs[TARGET])?;
        if inputs[TARGET] != samples {
            return Err(format!(
                "the target must be class indices {samples}, but it is {}",
                inputs[TARGET]
            ));
        }
        let (given, classes) = (self.0.weights.len(), inputs[SCORES].as_rows().1);
        if given != 0 && given != classes {
            return Err(format!(
                "{given} weights for {classes} classes; give one for each, or none"
            ));
        }
        Ok(samples)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn differentiable(&self, input: usize) -> bool {
        input == SCORES
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let classes = pass.inputs.shape(SCORES).as_rows().1;
        let rows = pass.inputs[SCORES].chunks_exact(classes).zip(&pass.inputs[TARGET]);
        for (out, (x, &label)) in pass.output.iter_mut().zip(rows) {
            let Some(y) = class(label, classes) else {
                *out = T::NAN;
                continue;
            };
            let lead = T::from_f64(self.0.margin) - x[y];
            let cost = |(c, &x): (usize, &T)| {
                let excess = if c == y { T::ZERO } else { positive_part(lead + x) };
                if self.0.p == 1 { excess } else { excess * excess }
            };
            *out = share_of(self.0.scale(y, classes), x.iter().enumerate().map(cost).sum());
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let classes = pass.inputs.shape(SCORES).as_rows().1;
        let (scores, target) = (pass.inputs.get(SCORES), pass.inputs.get(TARGET));
        let Some(dx) = pass.cotangents.get(SCORES) else { return };
        let rows = dx.accumulate().chunks_exact_mut(classes).zip(scores.chunks_exact(classes));
        for (((dx, x), &label), &g) in rows.zip(target).zip(&*pass.upstream) {
            let Some(y) = class(label, classes) else {
                dx.fill(T::NAN);
                continue;
            };
            let (lead, g) = (T::from_f64(self.0.margin) - x[y], g * self.0.scale(y, classes));
            let mut total = T::ZERO;
            for (_, (dx, &x)) in dx.iter_mut().zip(x).enumerate().filter(|&(c, _)| c != y) {
                let excess = lead + x;
                let slope = if self.0.p == 1 {
                    is_positive(excess)
                } else {
                    T::TWO * positive_part(excess)
                };
                let dc = share_of(g, slope);
                *dx += dc;
                total += dc;
            }
            dx[y] -= total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_tensor::Tensor;

    fn of(loss: MultiClassMargin, reduction: Reduction) -> [Vec<f64>; 3] {
        let x = Tensor::from_rows([[0.5, 1.0, -1.0], [3.0, 0.0, 2.5]]);
        run(&loss, &x, &Tensor::from(vec![0.0, 0.0]), reduction)
    }

    #[test]
    fn golden_values() {
        let [y, dx, _] = of(MultiClassMargin::default(), Reduction::None);
        assert_close(&y, &[1.5 / 3.0, 0.5 / 3.0], 1e-15);
        assert_close(&dx, &[-1.0, 1.0, 0.0, -1.0, 0.0, 1.0].map(|x| x / 3.0), 1e-15);
        let squared =
            MultiClassMargin { p: 2, weights: vec![2.0, 1.0, 1.0], ..MultiClassMargin::default() };
        let [y, dx, _] = of(squared, Reduction::Mean);
        assert_close(&y, &[(2.25 + 0.25) / 3.0], 1e-15);
        assert_close(&dx, &[-3.0, 3.0, 0.0, -1.0, 0.0, 1.0].map(|x| x / 3.0), 1e-15);
    }

    #[test]
    fn a_score_exactly_at_the_margin_has_no_gradient() {
        let x = Tensor::from_rows([[1.0, 0.0]]);
        let [y, dx, _] =
            run(&MultiClassMargin::default(), &x, &Tensor::from(vec![0.0]), Reduction::None);
        assert_eq!((y, dx), (vec![0.0], vec![0.0, 0.0]));
    }

    #[test]
    fn derivatives_agree_with_differences_and_nan_passes() {
        check::derivatives(&MultiClassMargin { p: 2, ..MultiClassMargin::default() });
        check::derivatives(&MultiClassMargin { margin: 0.25, ..MultiClassMargin::default() });
        for x in [[f64::NAN, 1.0], [1.0, f64::NAN]] {
            let y = Tensor::from(vec![0.0]);
            let [y, dx, _] =
                run(&MultiClassMargin::default(), &Tensor::from_rows([x]), &y, Reduction::None);
            assert!(y[0].is_nan() && dx[0].is_nan());
        }
    }

    #[test]
    fn mistakes_are_named() {
        let loss = MultiClassMargin { p: 3, ..MultiClassMargin::default() };
        assert_eq!(check::mistake(&loss), "multi_class_margin: p must be 1 or 2, but it is 3");
        let loss = MultiClassMargin { weights: vec![1.0], ..MultiClassMargin::default() };
        assert_eq!(
            check::mistake(&loss),
            "multi_class_margin: 1 weights for 3 classes; give one for each, or none"
        );
    }
}
