use std::f64::consts::PI;

use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use super::checks::{require, share_of};
use super::{Domain, Loss, Predictions, TargetForm};
use crate::Configure;
use crate::config::settings;

settings! {
    "gaussian_nll": "(ln v + (t - m)^2 / v) / 2, p = [m, v]";

    /// The negative log-likelihood of values `t` under a normal distribution whose mean `m` and
    /// variance `v` are both predicted: `(ln v + (t - m)^2 / v) / 2` for each element; gradients
    /// `(m - t) / v` and `(1 - (t - m)^2 / v) / (2 v)`.
    ///
    /// The prediction `[.., 2 d]` holds along its last axis the `d` means, then the `d` variances;
    /// the target is `[.., d]`. A variance below `eps` counts as `eps`, but its gradient is that at
    /// `eps`, not 0, so that it can grow again. That is as in PyTorch's `GaussianNLLLoss`, which
    /// takes the variance as an input of its own. The mean is over all elements.
    ///
    /// With `log_variance` the second half holds `ln v`, so that a model needs nothing in front to
    /// keep it positive; the gradient by it is `(1 - (t - m)^2 / v) / 2`.
    ///
    /// Source: Nix and Weigend, "Estimating the mean and variance of the target probability
    /// distribution", 1994.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct GaussianNll {
        /// Adds the constant `ln(2 pi) / 2`.
        pub full: bool = false;
        /// The smallest variance, above zero.
        pub eps: f64 = 1e-6, above(0.0);
        /// True if the second half are logarithms of variances.
        pub log_variance: bool = false;
    }
}

impl<T: Real> Loss<T> for GaussianNll {
    fn name(&self) -> &str {
        "gaussian_nll"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::MeansAndVariances, targets: &[TargetForm::Values] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        prediction.graph().apply(GaussianNllOp(*self), &[prediction, target])
    }
}

#[derive(Clone, Copy, Debug)]
struct GaussianNllOp(GaussianNll);

const PREDICTION: usize = 0;
const TARGET: usize = 1;

impl GaussianNllOp {
    /// `ln v` and `1 / v`, of a variance of at least `eps`.
    #[inline(always)]
    fn variance<T: Real>(self, given: T) -> (T, T) {
        let eps = self.0.eps;
        if self.0.log_variance {
            let log = at_least(given, eps.ln());
            (log, (-log).exp())
        } else {
            let variance = at_least(given, eps);
            (variance.ln(), T::ONE / variance)
        }
    }
}

/// The larger of both, with the derivative of `x` throughout, so that second derivatives fit the
/// gradient.
#[inline(always)]
fn at_least<T: Real>(x: T, least: f64) -> T {
    let bound = T::from_f64(least);
    if x >= bound || x.is_nan() {
        x
    } else if x.is_finite() {
        bound + (x - x.without_tangent())
    } else {
        bound
    }
}

impl<T: Real> Op<T> for GaussianNllOp {
    fn name(&self) -> &str {
        "gaussian_nll"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (prediction, target) = (inputs[PREDICTION], inputs[TARGET]);
        let fits = target.last().is_some_and(|&width| {
            width > 0
                && prediction.rank() == target.rank()
                && target.with_length(target.rank() - 1, 2 * width) == prediction
        });
        if fits {
            return Ok(target);
        }
        Err(format!(
            "prediction {prediction} must hold a mean and then a variance for each of the values \
             of the target {target}, twice as many along the last axis"
        ))
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (_, width) = pass.shape.as_rows();
        let constant = T::from_f64(if self.0.full { 0.5 * (2.0 * PI).ln() } else { 0.0 });
        let (op, output) = (*self, pass.output);
        let (predictions, targets) = (pass.inputs.get(PREDICTION), pass.inputs.get(TARGET));
        simd::dispatch(
            #[inline(always)]
            move || {
                let rows = predictions.chunks_exact(2 * width).zip(targets.chunks_exact(width));
                for (out, (prediction, target)) in output.chunks_exact_mut(width).zip(rows) {
                    let (means, variances) = prediction.split_at(width);
                    for (((out, &mean), &variance), &t) in
                        out.iter_mut().zip(means).zip(variances).zip(target)
                    {
                        let (log, precision) = op.variance(variance);
                        let deviations = share_of(precision.sqrt(), t - mean);
                        *out = T::HALF * (log + deviations * deviations) + constant;
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (_, width) = pass.shape.as_rows();
        let (predictions, targets) = (pass.inputs.get(PREDICTION), pass.inputs.get(TARGET));
        let (op, upstream) = (*self, &*pass.upstream);
        if let Some(dp) = pass.cotangents.get(PREDICTION) {
            let dp = dp.accumulate();
            simd::dispatch_with(
                #[inline(always)]
                move |instructions| {
                    let rows = predictions.chunks_exact(2 * width).zip(targets.chunks_exact(width));
                    let rows = rows.zip(upstream.chunks_exact(width));
                    for (dp, ((prediction, target), g)) in dp.chunks_exact_mut(2 * width).zip(rows)
                    {
                        let (by_mean, by_variance) = dp.split_at_mut(width);
                        let (means, variances) = prediction.split_at(width);
                        let by = by_mean.iter_mut().zip(by_variance);
                        let given = means.iter().zip(variances).zip(target).zip(g);
                        for ((by_mean, by_variance), (((&mean, &variance), &t), &g)) in
                            by.zip(given)
                        {
                            let (error, (_, precision)) = (mean - t, op.variance(variance));
                            let deviations = precision.sqrt() * error;
                            let by_log = T::HALF * (T::ONE - deviations * deviations);
                            *by_mean = instructions.flushed(*by_mean + g * error * precision);
                            let slope = if op.0.log_variance { by_log } else { by_log * precision };
                            *by_variance = instructions.flushed(*by_variance + g * slope);
                        }
                    }
                },
            );
        }
        if let Some(dt) = pass.cotangents.get(TARGET) {
            let rows = predictions.chunks_exact(2 * width).zip(targets.chunks_exact(width));
            let rows = rows.zip(upstream.chunks_exact(width));
            for (dt, ((prediction, target), g)) in dt.accumulate().chunks_exact_mut(width).zip(rows)
            {
                for i in 0..width {
                    let (_, precision) = self.variance(prediction[width + i]);
                    dt[i] += g[i] * (target[i] - prediction[i]) * precision;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_graph::Graph;
    use chainrule_tensor::Tensor;

    fn one(loss: GaussianNll, mean: f64, variance: f64, target: f64) -> [Vec<f64>; 3] {
        let prediction = Tensor::from_rows([[mean, variance]]);
        run(&loss, &prediction, &Tensor::from_rows([[target]]), Reduction::None)
    }

    #[test]
    fn golden_values() {
        let [y, dp, dt] = one(GaussianNll::default(), 1.0, 4.0, 4.0);
        assert_close(&y, &[(4.0_f64.ln() + 9.0 / 4.0) / 2.0], 1e-15);
        assert_close(&dp, &[-0.75, (1.0 - 9.0 / 4.0) / 8.0], 1e-15);
        assert_close(&dt, &[0.75], 1e-15);
        let full = GaussianNll { full: true, ..GaussianNll::default() };
        assert_close(&one(full, 1.0, 1.0, 1.0)[0], &[0.9189385332046727], 1e-15);
        let log = GaussianNll { log_variance: true, ..GaussianNll::default() };
        let [y, dp, _] = one(log, 1.0, 4.0_f64.ln(), 4.0);
        assert_close(&y, &[(4.0_f64.ln() + 9.0 / 4.0) / 2.0], 1e-15);
        assert_close(&dp, &[-0.75, (1.0 - 9.0 / 4.0) / 2.0], 1e-15);
    }

    #[test]
    fn a_small_variance_counts_as_eps_and_can_grow_again() {
        for variance in [0.0, 1e-9, -1.0] {
            let [y, dp, _] = one(GaussianNll::default(), 0.5, variance, 0.5);
            assert_close(&y, &[1e-6_f64.ln() / 2.0], 1e-15);
            assert_close(&dp, &[0.0, 0.5e6], 1e-15);
        }
        let log = GaussianNll { log_variance: true, ..GaussianNll::default() };
        for far in [-1e4, 1e4] {
            let [y, dp, _] = one(log, 0.0, far, 1.0);
            assert!(y[0].is_finite() && dp.iter().all(|dp| dp.is_finite()), "{y:?} {dp:?}");
        }
        assert!(one(log, 0.0, f64::NAN, 1.0)[0][0].is_nan());
        assert!(one(GaussianNll::default(), 0.0, f64::NAN, 1.0)[0][0].is_nan());
    }

    #[test]
    fn derivatives_agree_with_differences() {
        check::derivatives(&GaussianNll::default());
        check::derivatives(&GaussianNll {
            full: true,
            log_variance: true,
            ..GaussianNll::default()
        });
    }

    #[test]
    fn mistakes_are_named() {
        let expected = "gaussian_nll: eps must be finite and above 0, but it is 0";
        assert_eq!(check::mistake(&GaussianNll { eps: 0.0, ..GaussianNll::default() }), expected);
        let graph = Graph::<f32>::new();
        let (p, t) = (graph.input("p", [5, 3]), graph.input("t", [5, 3]));
        let loss = GaussianNll::default().forward(p, t, Reduction::Mean);
        assert_eq!(
            graph.plan(loss).unwrap_err().kind.to_string(),
            "gaussian_nll: prediction [5, 3] must hold a mean and then a variance for each of the \
             values of the target [5, 3], twice as many along the last axis"
        );
    }
}
