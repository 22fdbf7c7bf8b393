//! The fused operation behind cross-entropy, and how targets stand for classes.

use chainrule_graph::op::{Backward, Cotangent, Forward, Op, Reads};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, simd};

use super::checks::share_of;
use crate::activation::{ROWS, less, max_and_sum_exp, softmax_rows};

/// Cross-entropy on logits without further settings, in one. It saves the probabilities for the way
/// back.
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
        let (losses, saved) = (pass.output, pass.saved);
        let (block, width) = (ROWS * classes, if by_index { 1 } else { classes });
        // A probability that is smaller beside the largest one makes denormal numbers of its
        // products with weights and activations on the way back. They took a third of a step of ten
        // layers that fit their samples.
        let least = T::MIN_POSITIVE / T::EPSILON;
        simd::dispatch(
            #[inline(always)]
            || {
                let mut saved = saved.chunks_mut(block);
                let blocks = losses.chunks_mut(ROWS).zip(logits.chunks(block));
                for ((losses, logits), target) in blocks.zip(target.chunks(ROWS * width)) {
                    let [maxima, mut sums] = match saved.next() {
                        Some(p) => softmax_rows(logits, p, classes, least),
                        None => sums_exp(logits, classes),
                    };
                    for sum in &mut sums {
                        *sum = sum.ln();
                    }
                    let rows = logits.chunks_exact(classes).zip(target.chunks_exact(width));
                    let rows = rows.zip(maxima.into_iter().zip(sums));
                    for (loss, ((x, q), (max, log_sum))) in losses.iter_mut().zip(rows) {
                        *loss = if by_index {
                            class(q[0], classes).map_or(T::NAN, |y| log_sum - less(x[y], max))
                        } else {
                            q.iter().zip(x).map(|(&q, &x)| cost(q, x, max, log_sum)).sum()
                        };
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (logits, target) = (pass.inputs.get(LOGITS), pass.inputs.get(TARGET));
        let (_, classes) = pass.inputs.shape(LOGITS).as_rows();
        let by_index = pass.inputs.shape(TARGET) == pass.shape;
        let (g, saved, width) = (&*pass.upstream, pass.saved, if by_index { 1 } else { classes });
        if let Some(dx) = pass.cotangents.get(LOGITS) {
            let Cotangent { values: dx, put } = dx;
            simd::dispatch_with(
                #[inline(always)]
                |by| {
                    let rows = dx.chunks_exact_mut(classes).zip(saved.chunks_exact(classes));
                    for (((dx, p), &g), q) in rows.zip(g).zip(target.chunks_exact(width)) {
                        if by_index {
                            // A label that is no class makes the whole row NaN, as it did the
                            // value.
                            let y = class(q[0], classes);
                            let g = if y.is_some() { g } else { T::NAN };
                            let both = dx.iter_mut().zip(p);
                            if put == Put::Set {
                                for (dx, &p) in both {
                                    *dx = by.flushed(g * p);
                                }
                            } else {
                                for (dx, &p) in both {
                                    *dx = by.flushed(*dx + g * p);
                                }
                            }
                            if let Some(y) = y {
                                dx[y] -= g;
                            }
                        } else {
                            let total: T = q.iter().copied().sum();
                            let all = dx.iter_mut().zip(p).zip(q);
                            if put == Put::Set {
                                for ((dx, &p), &q) in all {
                                    *dx = by.flushed(g * (p * total - q));
                                }
                            } else {
                                for ((dx, &p), &q) in all {
                                    *dx = by.flushed(*dx + g * (p * total - q));
                                }
                            }
                        }
                    }
                },
            );
        }
        if let Some(dq) = pass.cotangents.get(TARGET).filter(|_| !by_index) {
            let rows = dq.accumulate().chunks_exact_mut(classes).zip(logits.chunks_exact(classes));
            for ((dq, x), &g) in rows.zip(g) {
                let (max, sum) = max_and_sum_exp(x);
                let log_sum = sum.ln();
                for (dq, &x) in dq.iter_mut().zip(x) {
                    *dq += g * (log_sum - less(x, max));
                }
            }
        }
    }
}

/// Each row's maximum and its sum of `e^(x - max)`, of up to [`ROWS`] rows.
#[inline(always)]
fn sums_exp<T: Real>(x: &[T], classes: usize) -> [[T; ROWS]; 2] {
    let (mut maxima, mut sums) = ([T::ZERO; ROWS], [T::ONE; ROWS]);
    for (x, (max, sum)) in x.chunks_exact(classes).zip(maxima.iter_mut().zip(&mut sums)) {
        (*max, *sum) = max_and_sum_exp(x);
    }
    [maxima, sums]
}

/// The part that a class of probability `q` adds to the loss. One of probability zero costs
/// nothing, even at a logit of minus infinity.
#[inline(always)]
fn cost<T: Real>(q: T, x: T, max: T, log_sum: T) -> T {
    share_of(q, log_sum - less(x, max))
}

/// The shape of one value for each sample, if predictions and target fit.
pub(super) fn samples_of(what: &str, prediction: Shape, target: Shape) -> Result<Shape, String> {
    if prediction.rank() == 0 || prediction.last() == Some(&0) {
        return Err(format!("{what} {prediction} must be [.., classes] with at least one class"));
    }
    let samples = prediction.without_axis(prediction.rank() - 1);
    if target != samples && target != prediction {
        return Err(format!(
            "for {what} {prediction} the target must be class indices {samples} or probabilities \
             {prediction}, but it is {target}"
        ));
    }
    Ok(samples)
}

/// The class that a label stands for, if it is one.
#[inline(always)]
pub(super) fn class<T: Real>(label: T, classes: usize) -> Option<usize> {
    let label = label.to_f64();
    // Signed, which takes one instruction each way; as unsigned, a negative one is no class. Not by
    // `fract`, which calls a function.
    let class = label as i64;
    ((class as u64) < classes as u64 && class as f64 == label).then_some(class as usize)
}
