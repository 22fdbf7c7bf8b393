use super::nest::{Nest, TILE};
use crate::broadcast::check;
use crate::gemm::Put;
use crate::{Real, Shape, elementwise, simd};

/// Sums that run side by side, so that an addition need not wait for the one before it.
const LANES: usize = 32;
/// Elements taken at once where fewer than [`LANES`] are left, and sums that are kept in
/// [`Real::Wide`].
const FEW: usize = 8;
/// Additions in `T` before a partial sum moves on to [`Real::Wide`].
const BLOCK: usize = 16;

/// The sum of all values.
///
/// 32 partial sums of at most 16 values each are added up in `T`, everything else in `f64`. The
/// error is at most `(16 epsilon + n 2^-62) sum |x_i|` with `T`'s epsilon and `n` values, whatever
/// their order. The result has the same bits on every processor. Of dual numbers it is the value
/// alone: see [`wide_sum`].
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
    wide_sum(values).to_f64()
}

/// [`sum`] in the type that it is gathered in, which keeps the tangent of dual numbers.
///
/// ```
/// use chainrule_tensor::{Dual, reduce};
///
/// let sum = reduce::wide_sum(&[Dual::variable(2.0), Dual::constant(3.0)]);
/// assert_eq!((sum.value, sum.tangent), (5.0, 1.0));
/// assert_eq!(reduce::wide_sum(&[2.0_f32, 3.0]), 5.0_f64);
/// ```
#[must_use]
pub fn wide_sum<T: Real>(values: &[T]) -> T::Wide {
    simd::dispatch(
        #[inline(always)]
        || sum_of(values, |x| x),
    )
}

/// The sum of the squares of all values, within the error of [`sum`], also where they overflow or
/// vanish in `f32`. Of dual numbers it is the value alone: see [`wide_sum_of_squares`].
///
/// ```
/// assert_eq!(chainrule_tensor::reduce::sum_of_squares(&[3.0_f32, 4.0]), 25.0);
/// ```
#[must_use]
pub fn sum_of_squares<T: Real>(values: &[T]) -> f64 {
    wide_sum_of_squares(values).to_f64()
}

/// [`sum_of_squares`] in the type that it is gathered in, which keeps the tangent of dual numbers.
#[must_use]
pub fn wide_sum_of_squares<T: Real>(values: &[T]) -> T::Wide {
    let sum = simd::dispatch(
        #[inline(always)]
        || sum_of(values, |x| x * x),
    );
    // Below it, squares may have lost digits that count.
    let smallest = (T::MIN_POSITIVE / T::EPSILON).widen();
    if sum.is_finite() && sum >= smallest { sum } else { sum_of_wide_squares(values) }
}

/// The sum of squares, each in the wide type.
#[cold]
fn sum_of_wide_squares<T: Real>(values: &[T]) -> T::Wide {
    const LANES: usize = 8;
    simd::dispatch(
        #[inline(always)]
        || {
            let (blocks, rest) = values.as_chunks::<LANES>();
            let mut lanes = [T::Wide::ZERO; LANES];
            for block in blocks {
                for (lane, x) in lanes.iter_mut().zip(block) {
                    *lane += x.widen() * x.widen();
                }
            }
            let rest: T::Wide = rest.iter().map(|x| x.widen() * x.widen()).sum();
            lanes.into_iter().sum::<T::Wide>() + rest
        },
    )
}

/// The Euclidean norm of all values, also where their squares overflow or vanish in `f64`.
///
/// ```
/// use chainrule_tensor::reduce;
///
/// assert_eq!(reduce::norm(&[3e300, -4e300]), 5e300);
/// assert_eq!(reduce::norm(&[3e-30_f32, 4e-30]) as f32, 5e-30);
/// ```
#[must_use]
pub fn norm<T: Real>(values: &[T]) -> f64 {
    let square = sum_of_squares(values);
    if square.is_nan() || (f64::MIN_POSITIVE / f64::EPSILON..f64::INFINITY).contains(&square) {
        return square.sqrt();
    }
    let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.to_f64().abs()));
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    let sum: f64 = values.iter().map(|x| (x.to_f64() / largest).powi(2)).sum();
    largest * sum.sqrt()
}

/// `out`, or what is added to it, is the mean of `a` over the reduced axes; NaN where there is
/// nothing to take the mean of.
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
pub(crate) fn scaled_sum<T: Real>(
    put: Put,
    out: &mut [T],
    reduced: Shape,
    a: &[T],
    shape: Shape,
    divisor: f64,
) {
    check("sum", out.len(), reduced);
    check("sum", a.len(), shape);
    let by = T::Wide::from_f64(divisor);
    let write = |out: &mut T, total: T::Wide| match put {
        Put::Set => *out = T::narrow(total / by),
        Put::Add => *out += T::narrow(total / by),
    };
    let nest = Nest::new(reduced, shape);
    if out.len() == a.len() && divisor == 1.0 {
        return elementwise::copy(put, out, a);
    }
    if a.is_empty() {
        for out in out {
            write(out, T::Wide::ZERO);
        }
    } else if nest.along() {
        simd::dispatch(
            #[inline(always)]
            || sum_along(&nest, out, a, write),
        );
    } else {
        simd::dispatch(
            #[inline(always)]
            || sum_across(&nest, out, a, write),
        );
    }
}

#[inline(always)]
fn sum_along<T: Real>(nest: &Nest, out: &mut [T], a: &[T], write: impl Fn(&mut T, T::Wide)) {
    for (outputs, start) in nest.groups() {
        let mut total = T::Wide::ZERO;
        for run in nest.slices(a, start, 1) {
            total += sum_of(run, |x| x);
        }
        write(&mut out[outputs.start], total);
    }
}

#[inline(always)]
fn sum_across<T: Real>(nest: &Nest, out: &mut [T], a: &[T], write: impl Fn(&mut T, T::Wide)) {
    let mut sums = Sums::<T>::new();
    for (outputs, start) in nest.groups() {
        sums.clear(outputs.len());
        for row in nest.slices(a, start, outputs.len()) {
            for (sum, &x) in sums.row().iter_mut().zip(row) {
                *sum += x;
            }
        }
        for (out, &total) in out[outputs].iter_mut().zip(sums.totals()) {
            write(out, total);
        }
    }
}

/// The sum of `f` over `values`, in lanes.
#[inline(always)]
pub(super) fn sum_of<T: Real>(values: &[T], f: impl Fn(T) -> T) -> T::Wide {
    let mut totals = [T::Wide::ZERO; FEW];
    let mut add = |partial: [T; FEW]| {
        for (total, x) in totals.iter_mut().zip(partial) {
            *total += x.widen();
        }
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for block in chunks.chunks(BLOCK) {
        let mut lanes = [T::ZERO; LANES];
        for chunk in block {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane += f(x);
            }
        }
        add(std::array::from_fn(|i| {
            (lanes[i] + lanes[i + FEW]) + (lanes[i + 2 * FEW] + lanes[i + 3 * FEW])
        }));
    }
    let (chunks, rest) = rest.as_chunks::<FEW>();
    let mut lanes = [T::ZERO; FEW];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    add(lanes);
    let mut last = T::ZERO;
    for &x in rest {
        last += f(x);
    }
    let [a, b, c, d, e, f, g, h] = totals;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + last.widen()
}

/// Sums of up to [`TILE`] neighbouring outputs, row by row; aligned, so that no vector of them lies
/// across two cache lines.
#[repr(align(64))]
pub(super) struct Sums<T: Real> {
    partial: [T; TILE],
    totals: [T::Wide; TILE],
    width: usize,
    rows: usize,
}

impl<T: Real> Sums<T> {
    #[inline(always)]
    pub fn new() -> Self {
        Sums { partial: [T::ZERO; TILE], totals: [T::Wide::ZERO; TILE], width: 0, rows: 0 }
    }

    /// Starts over with `width` outputs.
    #[inline(always)]
    pub fn clear(&mut self, width: usize) {
        self.width = width;
        self.rows = 0;
        self.partial[..width].fill(T::ZERO);
        self.totals[..width].fill(T::Wide::ZERO);
    }

    /// The partial sums, to which one more row is to be added.
    #[inline(always)]
    pub fn row(&mut self) -> &mut [T] {
        if self.rows == BLOCK {
            self.flush();
        }
        self.rows += 1;
        &mut self.partial[..self.width]
    }

    #[inline(always)]
    pub fn totals(&mut self) -> &[T::Wide] {
        self.flush();
        &self.totals[..self.width]
    }

    #[inline(always)]
    fn flush(&mut self) {
        self.rows = 0;
        for (total, partial) in self.totals[..self.width].iter_mut().zip(&mut self.partial) {
            *total += partial.widen();
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
        assert!(
            error <= bound / magnitude.max(1e-300) * squares + slack,
            "squares of {n} {}: {error}",
            T::DTYPE
        );
    }

    #[test]
    fn sums_keep_their_error_bound_at_every_length() {
        for n in (0..140).chain([511, 512, 513, 1023, 5000, 100_003]) {
            check_bound::<f32>(n);
            check_bound::<f64>(n);
        }
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        let mut rng = generator(1);
        for n in [7, 100, 5000] {
            let values: Vec<f32> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
            // Called directly, it is compiled for the baseline.
            assert_eq!(sum_of(&values, |x| x).to_bits(), sum(&values).to_bits(), "{n}");
        }
    }

    #[test]
    fn sums_along_the_first_axis_keep_the_same_bound() {
        let rows = 100_000;
        let mut out = [0.0_f32; 2];
        scaled_sum(Put::Set, &mut out, [1, 2].into(), &vec![0.1; 2 * rows], [rows, 2].into(), 1.0);
        let exact = rows as f64 * f64::from(0.1_f32);
        // One more for the rounding of the result.
        let bound = 17.0 * f64::from(f32::EPSILON) * exact;
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
