//! The two kernels of batch normalisation, over channels along the last axis. Sums are gathered in
//! `T::Wide`, a block of channels at a time, so that they stay in registers and nothing is
//! allocated.

use std::ops::Range;

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use super::row_norm::{is_safe, scaled_inverse};

/// How many channels are summed at a time.
const BLOCK: usize = 32;

/// `[mean, variance, 1 / sqrt(variance + epsilon)]` of each channel over all rows, the variance
/// divided by their number; of shape `[3, channels]`. The last has its value also where the
/// variance overflows.
///
/// [`Standardise`] sends the gradient through both to the input itself, so that none goes through
/// here.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) epsilon: f64,
}

impl<T: Real> Op<T> for Moments {
    fn name(&self) -> &str {
        "batch_moments"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs[0].as_rows() {
            (0, _) | (_, 0) => Err(format!("shape {} has no values", inputs[0])),
            (_, channels) => Ok([3, channels].into()),
        }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, channels) = (pass.inputs.get(0), pass.shape[1]);
        let count = T::Wide::from_usize(x.len() / channels);
        let (means, rest) = pass.output.split_at_mut(channels);
        let (variances, inverses) = rest.split_at_mut(channels);
        let (epsilon, largest) =
            (T::Wide::from_f64(self.epsilon), T::from_f64(T::MAX.to_f64() / 4.0));
        for block in blocks(channels) {
            let mean =
                sums(x, x, channels, block.clone(), |x, _, _| x.widen()).map(|sum| sum / count);
            let squares = sums(x, x, channels, block.clone(), |x, _, c| {
                let rest = x.widen() - mean[c];
                rest * rest
            });
            for (c, channel) in block.enumerate() {
                means[channel] = T::narrow(mean[c]);
                let variance = squares[c] / count;
                // A variance that does not fit leaves running statistics finite.
                variances[channel] = T::narrow(variance).minimum(largest);
                inverses[channel] = T::narrow(if is_safe(variance + epsilon) {
                    T::Wide::ONE / (variance + epsilon).sqrt()
                } else {
                    scaled_inverse(
                        x.iter().skip(channel).step_by(channels).map(|x| x.widen() - mean[c]),
                        epsilon,
                    )
                });
            }
        }
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}

/// `y = (x - mean) / sqrt(variance + epsilon)`, times the weight and plus the bias if there are
/// such inputs.
///
/// With `of_batch`, the mean and the inverse root in place of the variance are those of `x`, and
/// the derivative by `x` is the one through them as well.
#[derive(Debug)]
pub(super) struct Standardise {
    pub(super) epsilon: f64,
    pub(super) of_batch: bool,
}

const X: usize = 0;
const MEAN: usize = 1;
const SPREAD: usize = 2;
const WEIGHT: usize = 3;
const BIAS: usize = 4;

impl Standardise {
    /// `1 / sqrt(variance + epsilon)`, of the batch as [`Moments`] gives it.
    #[inline(always)]
    fn inverse<T: Real>(&self, spread: T) -> T::Wide {
        if self.of_batch {
            spread.widen()
        } else {
            T::Wide::ONE / (spread.widen() + T::Wide::from_f64(self.epsilon)).sqrt()
        }
    }
}

impl<T: Real> Op<T> for Standardise {
    fn name(&self) -> &str {
        "batch_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[X])
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[X, MEAN, SPREAD, WEIGHT])
    }

    fn differentiable(&self, input: usize) -> bool {
        input == X || input >= WEIGHT
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, mean, spread) =
            (pass.inputs.get(X), pass.inputs.get(MEAN), pass.inputs.get(SPREAD));
        let affine =
            (pass.inputs.len() > WEIGHT).then(|| (pass.inputs.get(WEIGHT), pass.inputs.get(BIAS)));
        let channels = mean.len();
        let y = pass.output;
        for block in blocks(channels) {
            let (mut scale, mut bias) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
            for (c, channel) in block.clone().enumerate() {
                let weight = affine.map_or(T::Wide::ONE, |(weight, _)| weight[channel].widen());
                scale[c] = T::narrow(weight * self.inverse(spread[channel]));
                bias[c] = affine.map_or(T::ZERO, |(_, bias)| bias[channel]);
            }
            let mean = &mean[block.clone()];
            simd::dispatch_with(
                #[inline(always)]
                |by| {
                    for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                        let row = y[block.clone()].iter_mut().zip(&x[block.clone()]);
                        for ((((y, &x), &mean), &scale), &bias) in
                            row.zip(mean).zip(&scale).zip(&bias)
                        {
                            *y = by.flushed((x - mean) * scale + bias);
                        }
                    }
                },
            );
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, mean, spread) =
            (pass.inputs.get(X), pass.inputs.get(MEAN), pass.inputs.get(SPREAD));
        let weight = (pass.inputs.len() > WEIGHT).then(|| pass.inputs.get(WEIGHT));
        let (g, channels) = (&*pass.upstream, mean.len());
        let count = T::from_usize(x.len() / channels.max(1));
        // sum g (x - mean), and sum g.
        let product = |block: &Range<usize>| {
            let mean = &mean[block.clone()];
            let mut means = [T::ZERO; BLOCK];
            means[..mean.len()].copy_from_slice(mean);
            sums(g, x, channels, block.clone(), move |g, x, c| g.widen() * (x - means[c]).widen())
        };
        let sum = |block: &Range<usize>| sums(g, x, channels, block.clone(), |g, _, _| g.widen());
        if let Some(dx) = pass.cotangents.get(X) {
            let dx = dx.accumulate();
            for block in blocks(channels) {
                let (mut scale, mut slope, mut offset) =
                    ([T::ZERO; BLOCK], [T::ZERO; BLOCK], [T::ZERO; BLOCK]);
                let nothing = [T::Wide::ZERO; BLOCK];
                let (products, totals) =
                    if self.of_batch { (product(&block), sum(&block)) } else { (nothing, nothing) };
                for (c, channel) in block.clone().enumerate() {
                    let inverse = self.inverse(spread[channel]);
                    scale[c] = T::narrow(
                        weight.map_or(T::Wide::ONE, |weight| weight[channel].widen()) * inverse,
                    );
                    slope[c] = T::narrow(products[c] * inverse * inverse) / count;
                    offset[c] = T::narrow(totals[c]) / count;
                }
                let mean = &mean[block.clone()];
                simd::dispatch_with(
                    #[inline(always)]
                    |by| {
                        let rows = dx.chunks_exact_mut(channels).zip(g.chunks_exact(channels));
                        for ((dx, g), x) in rows.zip(x.chunks_exact(channels)) {
                            let row = dx[block.clone()]
                                .iter_mut()
                                .zip(&g[block.clone()])
                                .zip(&x[block.clone()]);
                            let channel = mean.iter().zip(&scale).zip(&slope).zip(&offset);
                            for (((dx, &g), &x), (((&mean, &scale), &slope), &offset)) in
                                row.zip(channel)
                            {
                                *dx = by.flushed(*dx + scale * (g - offset - (x - mean) * slope));
                            }
                        }
                    },
                );
            }
        }
        if weight.is_none() {
            return;
        }
        if let Some(dweight) = pass.cotangents.get(WEIGHT) {
            let dweight = dweight.accumulate();
            for block in blocks(channels) {
                for (product, channel) in product(&block).into_iter().zip(block) {
                    dweight[channel] += T::narrow(product * self.inverse(spread[channel]));
                }
            }
        }
        if let Some(dbias) = pass.cotangents.get(BIAS) {
            let dbias = dbias.accumulate();
            for block in blocks(channels) {
                for (sum, channel) in sum(&block).into_iter().zip(block) {
                    dbias[channel] += T::narrow(sum);
                }
            }
        }
    }
}

/// The channels in blocks.
fn blocks(channels: usize) -> impl Iterator<Item = Range<usize>> {
    (0..channels).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(channels))
}

/// `sum f(a, b, position in the block)` over all rows, for each channel of a block.
fn sums<T: Real>(
    a: &[T],
    b: &[T],
    channels: usize,
    block: Range<usize>,
    f: impl Fn(T, T, usize) -> T::Wide,
) -> [T::Wide; BLOCK] {
    simd::dispatch(
        #[inline(always)]
        || {
            let mut sums = [T::Wide::ZERO; BLOCK];
            for (a, b) in a.chunks_exact(channels).zip(b.chunks_exact(channels)) {
                let row = a[block.clone()].iter().zip(&b[block.clone()]);
                for (c, (sum, (&a, &b))) in sums.iter_mut().zip(row).enumerate() {
                    *sum += f(a, b, c);
                }
            }
            sums
        },
    )
}
