//! The fused operation behind cross-entropy, and how targets stand for classes.

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use crate::activation::{row_max, softmax_rows, sum_exp};

/// Cross-entropy on logits without further settings, in one. It saves the probabilities for the way back.
#[derive(Debug)]
pub(super) struct SoftmaxCrossEntropy;

const LOGITS: usize = 0;
const TARGET: usize = 1;

impl<T: Real> Op<T> for SoftmaxCrossEntropy {
    fn name(&self) -> &str {
        "cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        samples_of("logits", inputs[LOGITS], inputs[TARGET])
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

/// The shape of one value for each sample, if predictions and target fit.
pub(super) fn samples_of(what: &str, prediction: Shape, target: Shape) -> Result<Shape, String> {
    if prediction.rank() == 0 || prediction.last() == Some(&0) {
        return Err(format!("{what} {prediction} must be [.., classes] with at least one class"));
    }
    let samples = prediction.without_axis(prediction.rank() - 1);
    if target != samples && target != prediction {
        return Err(format!(
            "for {what} {prediction} the target must be class indices {samples} or probabilities {prediction}, but it is {target}"
        ));
    }
    Ok(samples)
}

/// The class that a label stands for, if it is one.
#[inline(always)]
pub(super) fn class<T: Real>(label: T, classes: usize) -> Option<usize> {
    let label = label.to_f64();
    let class = label as usize;
    // Not by `fract`, which calls a function.
    (class < classes && class as f64 == label).then_some(class)
}
