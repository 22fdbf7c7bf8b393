//! The common part of layer normalisation and its variant without a mean.

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, reduce, simd};

/// Each row of `width` values divided by `sqrt(mean square + epsilon)`, less its mean before if
/// `centred`; times the weight and plus the bias, if there are such inputs.
#[derive(Debug)]
pub(super) struct RowNorm {
    pub(super) name: &'static str,
    pub(super) width: usize,
    pub(super) centred: bool,
    pub(super) epsilon: f64,
}

const X: usize = 0;
const WEIGHT: usize = 1;
const BIAS: usize = 2;

impl RowNorm {
    /// The mean, or 0, and the inverse deviation of a row. Leaves the centred row in `y`.
    fn standardise<T: Real>(&self, y: &mut [T], x: &[T]) -> [T; 2] {
        let width = T::Wide::from_usize(self.width);
        let mean = if self.centred { T::narrow(reduce::wide_sum(x) / width) } else { T::ZERO };
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x - mean;
        }
        let (variance, epsilon) =
            (reduce::wide_sum_of_squares(y) / width, T::Wide::from_f64(self.epsilon));
        if !is_safe(variance + epsilon) {
            return [mean, T::narrow(scaled_inverse(y.iter().map(|y| y.widen()), epsilon))];
        }
        [mean, T::narrow(T::Wide::ONE / (variance + epsilon).sqrt())]
    }
}

impl<T: Real> Op<T> for RowNorm {
    fn name(&self) -> &str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        if self.width == 0 {
            Err(format!("shape {} has rows without values", inputs[X]))
        } else {
            Ok(inputs[X])
        }
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[X, WEIGHT])
    }

    /// Mean and inverse deviation of each row.
    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[X].elements() / self.width.max(1) * 2
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let given = |i: usize| if pass.inputs.len() > i { pass.inputs.get(i) } else { &[] };
        let (weight, bias) = (given(WEIGHT), given(BIAS));
        let mut saved = pass.saved.chunks_exact_mut(2);
        for (y, x) in
            pass.output.chunks_exact_mut(self.width).zip(pass.inputs[X].chunks_exact(self.width))
        {
            let [mean, inverse] = self.standardise(y, x);
            if let Some(saved) = saved.next() {
                saved.copy_from_slice(&[mean, inverse]);
            }
            simd::dispatch_with(
                #[inline(always)]
                |by| {
                    if weight.is_empty() {
                        y.iter_mut().for_each(|y| *y = by.flushed(*y * inverse));
                    } else if bias.is_empty() {
                        y.iter_mut()
                            .zip(weight)
                            .for_each(|(y, &weight)| *y = by.flushed(*y * inverse * weight));
                    } else {
                        for ((y, &weight), &bias) in y.iter_mut().zip(weight).zip(bias) {
                            *y = by.flushed(*y * inverse * weight + bias);
                        }
                    }
                },
            );
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, width) = (pass.inputs.get(X), self.width);
        let rows = || x.chunks_exact(width).zip(pass.saved.chunks_exact(2));
        let weight = if pass.inputs.len() > WEIGHT { pass.inputs.get(WEIGHT) } else { &[] };
        if pass.inputs.len() > WEIGHT
            && let Some(dweight) = pass.cotangents.get(WEIGHT)
        {
            let dweight = dweight.accumulate();
            simd::dispatch(
                #[inline(always)]
                || {
                    for ((x, saved), g) in rows().zip(pass.upstream.chunks_exact(width)) {
                        let (mean, inverse) = (saved[0], saved[1]);
                        for ((dweight, &g), &x) in dweight.iter_mut().zip(g).zip(x) {
                            *dweight += g * ((x - mean) * inverse);
                        }
                    }
                },
            );
        }
        if pass.inputs.len() > BIAS
            && let Some(dbias) = pass.cotangents.get(BIAS)
        {
            let dbias = dbias.accumulate();
            simd::dispatch(
                #[inline(always)]
                || {
                    for g in pass.upstream.chunks_exact(width) {
                        dbias.iter_mut().zip(g).for_each(|(dbias, &g)| *dbias += g);
                    }
                },
            );
        }
        let Some(dx) = pass.cotangents.get(X) else { return };
        let dx = dx.accumulate();
        let count = T::Wide::from_usize(width);
        for (((x, saved), g), dx) in
            rows().zip(pass.upstream.chunks_exact_mut(width)).zip(dx.chunks_exact_mut(width))
        {
            let (mean, inverse) = (saved[0], saved[1]);
            g.iter_mut().zip(weight).for_each(|(g, &weight)| *g *= weight);
            let offset =
                if self.centred { T::narrow(reduce::wide_sum(g) / count) } else { T::ZERO };
            let product = simd::dispatch(
                #[inline(always)]
                || product(g, x, mean),
            );
            let slope = T::narrow(product / count) * inverse * inverse;
            simd::dispatch_with(
                #[inline(always)]
                |by| {
                    for ((dx, &g), &x) in dx.iter_mut().zip(&*g).zip(x) {
                        *dx = by.flushed(*dx + inverse * (g - offset - (x - mean) * slope));
                    }
                },
            );
        }
    }
}

/// `sum g (x - mean)`, in lanes that fill a vector.
#[inline(always)]
fn product<T: Real>(g: &[T], x: &[T], mean: T) -> T::Wide {
    const LANES: usize = 16;
    let mut lanes = [T::Wide::ZERO; LANES];
    for (g, x) in g.chunks(LANES).zip(x.chunks(LANES)) {
        for ((lane, &g), &x) in lanes.iter_mut().zip(g).zip(x) {
            *lane += g.widen() * (x - mean).widen();
        }
    }
    lanes.into_iter().sum()
}

/// Returns true if a mean of squares neither overflowed nor lost digits.
#[inline(always)]
pub(super) fn is_safe<W: Real>(square: W) -> bool {
    square.is_finite() && square >= W::MIN_POSITIVE / W::EPSILON
}

/// `1 / sqrt(mean of squares + epsilon)` of distances whose squares overflow or vanish: measured by
/// the largest.
#[cold]
pub(super) fn scaled_inverse<W: Real>(distances: impl Iterator<Item = W> + Clone, epsilon: W) -> W {
    let largest = distances.clone().fold(W::ZERO, |largest, x| largest.maximum(x.abs()));
    let scaled = |x: W| x / largest;
    let count = W::from_usize(distances.clone().count());
    let mean = distances.map(|x| scaled(x) * scaled(x)).sum::<W>() / count;
    W::ONE / (mean + scaled(scaled(epsilon))).sqrt() / largest
}
