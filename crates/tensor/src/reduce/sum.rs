use super::nest::{Nest, TILE};
use crate::broadcast::check;
use crate::gemm::Put;
use crate::{Real, Shape, simd};

/// Sums that run side by side, so that an addition need not wait for the one before it.
const LANES: usize = 32;
/// Additions in `T` before a partial sum moves on to `f64`.
const BLOCK: usize = 16;
/// Elements taken at once where fewer than [`LANES`] are left.
const TAIL: usize = 8;

/// The sum of all values.
///
/// 32 partial sums of at most 16 values each are added up in `T`, everything else in `f64`: the error is at most
/// `(16 epsilon + n 2^-62) sum |x_i|` with `T`'s epsilon and `n` values, whatever their order. The result has the same bits on every processor.
///
/// ```
/// use chainrule_tensor::reduce;
///
/// let sum = reduce::sum(&[0.1_f32; 1_000_000]);
/// assert!((sum - 100_000.0).abs() < 0.02); // a running sum in f32 gives 100958.34
/// assert_eq!(reduce::sum::<f32>(&[]), 0.0);
/// ```
#[must_use]
pub fn sum<T: Real>(values: &[T]) -> f64 {
    simd::dispatch(|| sum_of(values, |x| x, T::ZERO))
}

/// The sum of the squares of all values, within the error of [`sum`].
///
/// ```
/// assert_eq!(chainrule_tensor::reduce::sum_of_squares(&[3.0_f32, 4.0]), 25.0);
/// ```
#[must_use]
pub fn sum_of_squares<T: Real>(values: &[T]) -> f64 {
    simd::dispatch(|| sum_of(values, |x| x * x, T::ZERO))
}

/// `out`, or what is added to it, is the mean of `a` over the reduced axes; NaN where there is nothing to take the mean of.
///
/// For the sum alone, see [`broadcast::fold`](crate::broadcast::fold).
///
/// # Panics
/// If `shape` does not reduce to `reduced`, or a slice does not fill its shape.
#[track_caller]
pub fn mean<T: Real>(put: Put, out: &mut [T], reduced: Shape, a: &[T], shape: Shape) {
    let count = if reduced.elements() == 0 { 0 } else { shape.elements() / reduced.elements() };
    scaled_sum(put, out, reduced, a, shape, count as f64);
}

/// The sum over the reduced axes divided by `divisor`, rounded once.
#[track_caller]
pub(crate) fn scaled_sum<T: Real>(put: Put, out: &mut [T], reduced: Shape, a: &[T], shape: Shape, divisor: f64) {
    check("sum", out.len(), reduced);
    check("sum", a.len(), shape);
    let write = |out: &mut T, total: f64| match put {
        Put::Set => *out = T::from_f64(total / divisor),
        Put::Add => *out += T::from_f64(total / divisor),
    };
    if a.is_empty() {
        return out.iter_mut().for_each(|out| write(out, 0.0));
    }
    let nest = Nest::new(reduced, shape);
    if nest.along() {
        simd::dispatch(|| sum_along(&nest, out, a, write));
    } else {
        simd::dispatch(|| sum_across(&nest, out, a, write));
    }
}

#[inline(always)]
fn sum_along<T: Real>(nest: &Nest, out: &mut [T], a: &[T], write: impl Fn(&mut T, f64)) {
    nest.for_each_group(|outputs, start| {
        let mut total = 0.0;
        nest.for_each_slice(a, start, 1, |run| total += sum_of(run, |x| x, T::ZERO));
        write(&mut out[outputs.start], total);
    });
}

#[inline(always)]
fn sum_across<T: Real>(nest: &Nest, out: &mut [T], a: &[T], write: impl Fn(&mut T, f64)) {
    let mut sums = Sums::new();
    nest.for_each_group(|outputs, start| {
        sums.clear(outputs.len());
        nest.for_each_slice(a, start, outputs.len(), |row| sums.add(row.iter().copied()));
        out[outputs].iter_mut().zip(sums.totals()).for_each(|(out, &total)| write(out, total));
    });
}

/// The sum of `f` over `values`, in lanes; `f(neutral)` is 0.
#[inline(always)]
pub(super) fn sum_of<T: Real>(values: &[T], f: impl Fn(T) -> T, neutral: T) -> f64 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut total = 0.0;
    if !chunks.is_empty() {
        let mut totals = [0.0; LANES];
        for block in chunks.chunks(BLOCK) {
            let mut lanes = [T::ZERO; LANES];
            for chunk in block {
                lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane += f(x));
            }
            totals.iter_mut().zip(lanes).for_each(|(total, lane)| *total += lane.to_f64());
        }
        total = tree(totals);
    }
    if !rest.is_empty() {
        let mut lanes = [T::ZERO; TAIL];
        for part in rest.chunks(TAIL) {
            let mut padded = [neutral; TAIL];
            padded[..part.len()].copy_from_slice(part);
            lanes.iter_mut().zip(padded).for_each(|(lane, x)| *lane += f(x));
        }
        total += tree(lanes.map(T::to_f64));
    }
    total
}

/// The sum of a power of two of numbers, by halves.
#[inline(always)]
fn tree<const N: usize>(mut x: [f64; N]) -> f64 {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            x[i] += x[i + half];
        }
        half /= 2;
    }
    x[0]
}

/// Sums of up to [`TILE`] neighbouring outputs, row by row.
pub(super) struct Sums<T> {
    partial: [T; TILE],
    totals: [f64; TILE],
    width: usize,
    rows: usize,
}

impl<T: Real> Sums<T> {
    #[inline(always)]
    pub fn new() -> Self {
        Sums { partial: [T::ZERO; TILE], totals: [0.0; TILE], width: 0, rows: 0 }
    }

    /// Starts over with `width` outputs.
    #[inline(always)]
    pub fn clear(&mut self, width: usize) {
        self.width = width;
        self.rows = 0;
        self.partial[..width].fill(T::ZERO);
        self.totals[..width].fill(0.0);
    }

    #[inline(always)]
    pub fn add(&mut self, row: impl Iterator<Item = T>) {
        self.partial[..self.width].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        self.rows += 1;
        if self.rows == BLOCK {
            self.flush();
        }
    }

    #[inline(always)]
    pub fn totals(&mut self) -> &[f64] {
        self.flush();
        &self.totals[..self.width]
    }

    #[inline(always)]
    fn flush(&mut self) {
        self.rows = 0;
        for (total, partial) in self.totals[..self.width].iter_mut().zip(&mut self.partial) {
            *total += partial.to_f64();
            *partial = T::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use rand::RngExt;

    /// Within the documented bound of the exact sum, which integers below 2^53 give.
    fn check_bound<T: Real>(n: usize) {
        let mut rng = generator(n as u64);
        let scale = 2.0_f64.powi(-20);
        let integers: Vec<i64> = (0..n).map(|_| rng.random_range(-(1 << 23)..1 << 24)).collect();
        let values: Vec<T> = integers.iter().map(|&i| T::from_f64(i as f64 * scale)).collect();
        let exact = integers.iter().sum::<i64>() as f64 * scale;
        let magnitude = integers.iter().map(|i| i.abs()).sum::<i64>() as f64 * scale;
        let bound = (16.0 * T::EPSILON.to_f64() + n as f64 * 2.0_f64.powi(-62)) * magnitude;
        let error = (sum(&values) - exact).abs();
        assert!(error <= bound, "sum of {n} {}: error {error} above {bound}", T::DTYPE);

        let square = |x: T| x.to_f64() * x.to_f64();
        let squares: f64 = values.iter().map(|&x| square(x)).sum();
        let error = (sum_of_squares(&values) - squares).abs();
        let slack = n as f64 * f64::EPSILON * squares; // the running sum that it is compared with
        assert!(error <= bound / magnitude.max(1e-300) * squares + slack, "squares of {n} {}: {error}", T::DTYPE);
    }

    #[test]
    fn sums_keep_their_error_bound_at_every_length() {
        for n in (0..140).chain([511, 512, 513, 1023, 5000, 100_003]) {
            check_bound::<f32>(n);
            check_bound::<f64>(n);
        }
    }

    #[test]
    fn sums_along_the_first_axis_keep_the_same_bound() {
        let rows = 100_000;
        let mut out = [0.0_f32; 2];
        scaled_sum(Put::Set, &mut out, [1, 2].into(), &vec![0.1; 2 * rows], [rows, 2].into(), 1.0);
        let exact = rows as f64 * f64::from(0.1_f32);
        let bound = 17.0 * f64::from(f32::EPSILON) * exact; // one more for the rounding of the result
        let running: f32 = vec![0.1; rows].iter().sum();
        assert!((f64::from(running) - exact).abs() > bound, "the test would pass without blocks");
        for x in out {
            assert!((f64::from(x) - exact).abs() <= bound, "{x} for {exact}");
        }
    }

    #[test]
    fn the_mean_of_nothing_is_nan_and_sums_may_be_added() {
        let mut out = [1.0_f64; 2];
        mean(Put::Set, &mut out, [2, 1].into(), &[], [2, 0].into());
        assert!(out.iter().all(|x| x.is_nan()));
        let mut out = [1.0_f64; 2];
        mean(Put::Add, &mut out, [2, 1].into(), &[1.0, 2.0, 3.0, 5.0], [2, 2].into());
        assert_eq!(out, [2.5, 5.0]);
    }

    #[test]
    fn nan_and_infinity_pass_through() {
        for n in [1, 8, 31, 32, 33, 700] {
            for at in [0, n - 1] {
                let mut values = vec![1.0_f32; n];
                values[at] = f32::NAN;
                assert!(sum(&values).is_nan(), "{n} {at}");
                values[at] = f32::INFINITY;
                assert_eq!(sum(&values), f64::INFINITY, "{n} {at}");
            }
        }
    }
}
