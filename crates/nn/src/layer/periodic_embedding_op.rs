//! The waves of [`PeriodicEmbedding`](super::PeriodicEmbedding), forward and backward.
//!
//! Values of a column stand far apart in a batch, so they are gathered for a block of rows. All
//! loops run along the rows of a block, and the compiler vectorises each of them.

use std::array::from_fn;
use std::ops::Range;

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use super::table::Places;

/// The rows that are gathered at once.
const BLOCK: usize = 64;
/// The values of a number that are gathered at once.
const VALUES: usize = 4;
/// The sums along the rows that go on side by side.
const LANES: usize = 16;

/// One number for each row of a block; zero behind the last row.
type Block<T> = [T; BLOCK];

#[derive(Debug)]
pub(super) struct Periodic {
    pub(super) places: Places,
    pub(super) frequencies: usize,
    pub(super) values: usize,
    pub(super) missing: Vec<usize>,
}

const X: usize = 0;
const FREQUENCY: usize = 1;
const PHASE: usize = 2;
const WEIGHT: usize = 3;
const BIAS: usize = 4;
const MISSING: usize = 5;

/// A column, a block of its rows, and a few of its values.
#[derive(Clone, Copy)]
struct Part {
    column: usize,
    /// The first row, and how many there are.
    begin: usize,
    len: usize,
    /// The first value, and how many there are.
    first: usize,
    some: usize,
}

impl Periodic {
    /// The number of features that come out.
    fn outputs(&self) -> usize {
        let Places { numbers, rest, width } = self.places;
        numbers * self.values + numbers + (width - rest)
    }

    fn parts(&self, rows: usize) -> impl Iterator<Item = Part> {
        let (numbers, values) = (self.places.numbers, self.values);
        (0..numbers).flat_map(move |column| {
            (0..rows).step_by(BLOCK).flat_map(move |begin| {
                let len = BLOCK.min(rows - begin);
                (0..values).step_by(VALUES).map(move |first| Part {
                    column,
                    begin,
                    len,
                    first,
                    some: VALUES.min(values - first),
                })
            })
        })
    }

    /// The place of a wave of a part among the saved values.
    fn saved(&self, rows: usize, part: Part, wave: usize) -> Range<usize> {
        let row = (part.column * self.frequencies + wave) * rows.next_multiple_of(BLOCK);
        row + part.begin..row + part.begin + BLOCK
    }

    /// The weights of a wave of a part.
    fn weights<T: Real>(&self, weight: &[T], part: Part, wave: usize) -> [T; VALUES] {
        from_fn(|v| {
            let value = part.column * self.values + part.first + v;
            if v < part.some { weight[value * self.frequencies + wave] } else { T::ZERO }
        })
    }

    /// The numbers of a part's column.
    fn numbers<T: Real>(&self, x: &[T], part: Part) -> Block<T> {
        let width = self.places.width;
        gather(&x[part.begin * width + part.column..], width, part.len)
    }

    /// The upstream gradients of a part's values.
    fn upstream<T: Real>(&self, upstream: &[T], part: Part) -> [Block<T>; VALUES] {
        let (outputs, at) = (self.outputs(), part.column * self.values + part.first);
        from_fn(|v| match v < part.some {
            true => gather(&upstream[part.begin * outputs + at + v..], outputs, part.len),
            false => [T::ZERO; BLOCK],
        })
    }
}

impl<T: Real> Op<T> for Periodic {
    fn name(&self) -> &str {
        "periodic_embedding"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let last = inputs[X].rank() - 1;
        let embedded = self.places.numbers.checked_mul(self.values.saturating_add(1));
        match embedded.and_then(|width| width.checked_add(self.places.width)) {
            Some(_) => Ok(inputs[X].with_length(last, self.outputs())),
            None => Err(format!("{} values for each number are too many", self.values)),
        }
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[X, FREQUENCY, WEIGHT])
    }

    /// Cosines and then sines: `[numbers, frequencies, rows]` each, the rows of whole blocks.
    fn saves(&self, inputs: &[Shape]) -> usize {
        let rows = inputs[X].as_rows().0.div_ceil(BLOCK);
        [self.places.numbers, self.frequencies, rows, 2 * BLOCK]
            .into_iter()
            .fold(1, |product: usize, length| product.saturating_mul(length))
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let Places { numbers, rest, width } = self.places;
        let (values, outputs) = (self.values, self.outputs());
        let x = pass.inputs.get(X);
        let [frequency, phase, weight, bias] =
            [FREQUENCY, PHASE, WEIGHT, BIAS].map(|i| pass.inputs.get(i));
        let rows = x.len() / width;
        let half = pass.saved.len() / 2;
        let (cosines, sines) = pass.saved.split_at_mut(half);
        for part in self.parts(rows) {
            let Part { column, begin, len, first, some } = part;
            let x = self.numbers(x, part);
            let mut sums: [Block<T>; VALUES] = from_fn(|v| match v < some {
                true => [bias[column * values + first + v]; BLOCK],
                false => [T::ZERO; BLOCK],
            });
            // Whole vectors, but not all of a block for a single row.
            let lanes = len.next_multiple_of(LANES);
            for wave in 0..self.frequencies {
                let at = column * self.frequencies + wave;
                let (cosine, sine) = angles(
                    &x,
                    frequency[at],
                    phase[at],
                    lanes,
                    self.weights(weight, part, wave),
                    &mut sums,
                );
                if half > 0 && first == 0 {
                    let place = self.saved(rows, part, wave);
                    cosines[place.clone()].copy_from_slice(&cosine);
                    sines[place].copy_from_slice(&sine);
                }
            }
            let y = &mut pass.output[begin * outputs..][..len * outputs];
            for (row, y) in y.chunks_exact_mut(outputs).enumerate() {
                for (y, sums) in y[column * values + first..].iter_mut().zip(&sums[..some]) {
                    *y = sums[row].flushed();
                }
            }
        }
        let learned = if self.missing.is_empty() { &[][..] } else { pass.inputs.get(MISSING) };
        for (y, x) in pass.output.chunks_exact_mut(outputs).zip(x.chunks_exact(width)) {
            y[numbers * values..][..numbers].copy_from_slice(&x[..numbers]);
            y[numbers * values + numbers..].copy_from_slice(&x[rest..]);
            let learned = learned.chunks_exact(values + 1);
            for ((&c, &indicator), learned) in self.missing.iter().zip(&x[numbers..]).zip(learned) {
                if indicator != T::ZERO {
                    y[c * values..][..values].copy_from_slice(&learned[..values]);
                    y[numbers * values + c] = learned[values];
                }
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let Places { numbers, rest, width } = self.places;
        let (frequencies, values, outputs) = (self.frequencies, self.values, self.outputs());
        let [x, frequency, weight] = [X, FREQUENCY, WEIGHT].map(|i| pass.inputs.get(i));
        let rows = x.len() / width;
        let (cosines, sines) = pass.saved.split_at(pass.saved.len() / 2);
        if !self.missing.is_empty() {
            let mut learned = pass.cotangents.get(MISSING).map(|learned| learned.accumulate());
            let each = pass.upstream.chunks_exact_mut(outputs).zip(x.chunks_exact(width));
            for (g, x) in each {
                for (i, (&c, &indicator)) in self.missing.iter().zip(&x[numbers..]).enumerate() {
                    if indicator == T::ZERO {
                        continue;
                    }
                    // What was replaced gets nothing.
                    let places = (c * values..(c + 1) * values).chain([numbers * values + c]);
                    for (place, d) in places.zip(i * (values + 1)..) {
                        let g = std::mem::replace(&mut g[place], T::ZERO);
                        if let Some(learned) = &mut learned {
                            learned[d] += g;
                        }
                    }
                }
            }
        }
        let upstream = &*pass.upstream;
        if let Some(dbias) = pass.cotangents.get(BIAS) {
            let dbias = dbias.accumulate();
            for g in upstream.chunks_exact(outputs) {
                dbias.iter_mut().zip(g).for_each(|(d, &g)| *d += g);
            }
        }
        if let Some(dweight) = pass.cotangents.get(WEIGHT) {
            let dweight = dweight.accumulate();
            for part in self.parts(rows) {
                let g = self.upstream(upstream, part);
                for wave in 0..frequencies {
                    let cosine = &cosines[self.saved(rows, part, wave)];
                    for (v, g) in g[..part.some].iter().enumerate() {
                        let value = part.column * values + part.first + v;
                        dweight[value * frequencies + wave] += product(g, cosine);
                    }
                }
            }
        }
        // What goes back to the angle of each wave, which phase, frequency and number share.
        let back = |part: Part, wave: usize, g: &[Block<T>; VALUES]| {
            let sine = &sines[self.saved(rows, part, wave)];
            turned(g, self.weights(weight, part, wave), sine)
        };
        if let Some(dphase) = pass.cotangents.get(PHASE) {
            let dphase = dphase.accumulate();
            for part in self.parts(rows) {
                let g = self.upstream(upstream, part);
                for wave in 0..frequencies {
                    dphase[part.column * frequencies + wave] +=
                        product(&back(part, wave, &g), &[T::ONE; BLOCK]);
                }
            }
        }
        let tau = T::from_f64(std::f64::consts::TAU);
        if let Some(dfrequency) = pass.cotangents.get(FREQUENCY) {
            let dfrequency = dfrequency.accumulate();
            for part in self.parts(rows) {
                let (g, x) = (self.upstream(upstream, part), self.numbers(x, part));
                for wave in 0..frequencies {
                    dfrequency[part.column * frequencies + wave] +=
                        tau * product(&back(part, wave, &g), &x);
                }
            }
        }
        let Some(dx) = pass.cotangents.get(X) else { return };
        let dx = dx.accumulate();
        for part in self.parts(rows) {
            let g = self.upstream(upstream, part);
            for wave in 0..frequencies {
                let factor = tau * frequency[part.column * frequencies + wave];
                let back = back(part, wave, &g);
                let places = dx[part.begin * width + part.column..].iter_mut().step_by(width);
                places.zip(&back[..part.len]).for_each(|(d, &back)| *d += factor * back);
            }
        }
        for (dx, g) in dx.chunks_exact_mut(width).zip(upstream.chunks_exact(outputs)) {
            let g = &g[numbers * values..];
            dx[..numbers].iter_mut().zip(g).for_each(|(d, &g)| *d += g);
            dx[rest..].iter_mut().zip(&g[numbers..]).for_each(|(d, &g)| *d += g);
        }
    }
}

/// Every `step`th value, so many of them, and zeros.
fn gather<T: Real>(values: &[T], step: usize, len: usize) -> Block<T> {
    let mut block = [T::ZERO; BLOCK];
    block[..len].iter_mut().zip(values.iter().step_by(step)).for_each(|(b, &value)| *b = value);
    block
}

/// `cos a` and `sin a` of `a = 2 pi f x + p`, the cosines times their weights added to the sums.
#[inline]
fn angles<T: Real>(
    x: &Block<T>,
    frequency: T,
    phase: T,
    lanes: usize,
    weights: [T; VALUES],
    sums: &mut [Block<T>; VALUES],
) -> (Block<T>, Block<T>) {
    let (mut cosine, mut sine) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
    let tau = T::from_f64(std::f64::consts::TAU);
    simd::dispatch(
        #[inline(always)]
        || {
            let both = cosine[..lanes].iter_mut().zip(&mut sine[..lanes]);
            for ((cosine, sine), &x) in both.zip(&x[..lanes]) {
                (*sine, *cosine) = (tau * x * frequency + phase).sin_cos();
            }
            for (sums, weight) in sums.iter_mut().zip(weights) {
                for (sum, &cosine) in sums[..lanes].iter_mut().zip(&cosine[..lanes]) {
                    *sum += weight * cosine;
                }
            }
        },
    );
    (cosine, sine)
}

/// `-sin a` times the upstream gradients of the values, each with its weight.
#[inline]
fn turned<T: Real>(g: &[Block<T>; VALUES], weights: [T; VALUES], sine: &[T]) -> Block<T> {
    let mut back = [T::ZERO; BLOCK];
    simd::dispatch(
        #[inline(always)]
        || {
            for (g, weight) in g.iter().zip(weights) {
                for (back, &g) in back.iter_mut().zip(g) {
                    *back += weight * g;
                }
            }
            for (back, &sine) in back.iter_mut().zip(sine) {
                *back = -(*back * sine);
            }
        },
    );
    back
}

/// The sum of the products, in lanes.
#[inline]
fn product<T: Real>(a: &Block<T>, b: &[T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    simd::dispatch(
        #[inline(always)]
        || {
            for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
                for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                    *lane += a * b;
                }
            }
        },
    );
    let [first, second] = [0, LANES / 2].map(|begin| &lanes[begin..][..LANES / 2]);
    first.iter().zip(second).map(|(&a, &b)| a + b).sum()
}
