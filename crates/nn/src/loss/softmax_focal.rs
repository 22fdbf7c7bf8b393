use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::checks::{expect, require, share_of};
use super::focal::{power, power_slope};
use super::softmax_cross_entropy::{class, samples_of};
use super::{Domain, Loss, Predictions, TargetForm};
use crate::activation::LogSoftmax;
use crate::config::settings;
use crate::{Configure, Layer};

settings! {
    "softmax_focal": "-(1 - s_y)^gamma ln s_y, s = softmax(p)";

    /// The focal loss of classes that exclude each other, one value for each sample:
    /// `-(1 - s_y)^gamma ln s_y`, with `s = softmax(p)` and the class index `y`.
    ///
    /// Cross-entropy in which samples classified well count little. With `l = ln s_y` its
    /// derivative by `l` is `-(1 - s_y)^gamma + gamma (1 - s_y)^(gamma - 1) s_y l`. For labels that
    /// do not exclude each other, [`Focal`](super::Focal).
    ///
    /// Source: Lin et al., "Focal Loss for Dense Object Detection", 2017, for a softmax instead of
    /// a sigmoid.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SoftmaxFocal {
        /// How little easy samples count, not negative; 0 gives cross-entropy.
        pub gamma: f64 = 2.0, at_least(0.0);
    }
}

impl<T: Real> Loss<T> for SoftmaxFocal {
    fn name(&self) -> &str {
        "softmax_focal"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Logits, targets: &[TargetForm::Classes] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        expect("softmax_focal", Predictions::Logits, prediction);
        let log_probabilities = LogSoftmax.forward(prediction);
        prediction.graph().apply(FocalNll(self.gamma), &[log_probabilities, target])
    }
}

/// The loss on log-probabilities.
#[derive(Debug)]
struct FocalNll(f64);

const LOG_PROBABILITIES: usize = 0;
const TARGET: usize = 1;

impl<T: Real> Op<T> for FocalNll {
    fn name(&self) -> &str {
        "softmax_focal"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let samples = samples_of("logits", inputs[LOG_PROBABILITIES], inputs[TARGET])?;
        if inputs[TARGET] != samples {
            return Err(format!(
                "the target must be class indices {samples}, but it is {}",
                inputs[TARGET]
            ));
        }
        Ok(samples)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn differentiable(&self, input: usize) -> bool {
        input == LOG_PROBABILITIES
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (p, target) = (pass.inputs.get(LOG_PROBABILITIES), pass.inputs.get(TARGET));
        let classes = pass.inputs.shape(LOG_PROBABILITIES).as_rows().1;
        for ((out, p), &label) in pass.output.iter_mut().zip(p.chunks_exact(classes)).zip(target) {
            *out = class(label, classes)
                .map_or(T::NAN, |y| -share_of(power(-p[y].exp_m1(), self.0), p[y]));
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (p, target) = (pass.inputs.get(LOG_PROBABILITIES), pass.inputs.get(TARGET));
        let classes = pass.inputs.shape(LOG_PROBABILITIES).as_rows().1;
        let Some(dp) = pass.cotangents.get(LOG_PROBABILITIES) else { return };
        let rows = dp.accumulate().chunks_exact_mut(classes).zip(p.chunks_exact(classes));
        for (((dp, p), &label), &g) in rows.zip(target).zip(&*pass.upstream) {
            match class(label, classes) {
                Some(y) => {
                    let miss = -p[y].exp_m1();
                    let change = share_of(power_slope(miss, self.0) * p[y].exp(), p[y]);
                    dp[y] += g * (change - power(miss, self.0));
                }
                None => dp.fill(T::NAN),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{self, assert_close, run};
    use crate::loss::{CrossEntropy, Reduction};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        // Two equal classes: s = 1/2, and the derivative by the logits is that by l, times 1 - s
        // and -s.
        let (x, y) = (Tensor::from_rows([[0.0, 0.0]]), Tensor::from(vec![1.0]));
        let [value, dx, _] = run(&SoftmaxFocal::default(), &x, &y, Reduction::None);
        let ln2 = std::f64::consts::LN_2;
        assert_close(&value, &[0.25 * ln2], 1e-15);
        let slope = -0.25 - 0.5 * ln2;
        assert_close(&dx, &[-0.5 * slope, 0.5 * slope], 1e-15);
    }

    #[test]
    fn a_gamma_of_zero_gives_cross_entropy() {
        let x = Tensor::from_rows([[0.5, -2.0, 1.0], [1e4, -1e4, 0.0]]);
        let y = Tensor::from(vec![2.0, 1.0]);
        let focal = run::<f64>(&SoftmaxFocal { gamma: 0.0 }, &x, &y, Reduction::Mean);
        let plain = run(&CrossEntropy, &x, &y, Reduction::Mean);
        focal.iter().zip(&plain).for_each(|(focal, plain)| assert_close(focal, plain, 1e-15));
    }

    #[test]
    fn far_logits_stay_finite_for_every_gamma() {
        let x = Tensor::from_rows([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]]);
        let y = Tensor::from(vec![0.0, 0.0, 1.0]);
        for gamma in [0.0, 0.5, 1.0, 2.0, 5.0] {
            let loss = SoftmaxFocal { gamma };
            let [value, dx, _] = run::<f64>(&loss, &x, &y, Reduction::None);
            assert!(value.iter().chain(&dx).all(|x| x.is_finite()), "{gamma}: {value:?} {dx:?}");
            assert_eq!(value[1], 2e4);
            check::derivatives(&loss);
        }
    }

    #[test]
    fn probabilities_as_targets_are_refused() {
        let graph = chainrule_graph::Graph::<f32>::new();
        let (x, t) = (graph.input("x", [4, 3]), graph.input("t", [4, 3]));
        let loss = SoftmaxFocal::default().forward(x, t, Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().kind.to_string();
        assert_eq!(error, "softmax_focal: the target must be class indices [4], but it is [4, 3]");
    }
}
