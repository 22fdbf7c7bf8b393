use super::extremum::extremum_of;
use super::nest::Nest;
use super::sum::{Sums, sum_of};
use crate::broadcast::check;
use crate::{Real, Shape, simd};

/// `out` is `ln sum e^x` over the reduced axes, computed as `m + ln sum e^(x - m)` with the maximum
/// `m`, so that nothing overflows.
///
/// `-inf` where all values are `-inf` or the axis is empty, `inf` where one is `inf`, NaN where one
/// is NaN.
///
/// ```
/// use chainrule_tensor::reduce;
///
/// let mut out = [0.0_f64];
/// reduce::log_sum_exp(&mut out, [1].into(), &[1000.0, 1000.0], [2].into());
/// assert_eq!(out, [1000.0 + 2.0_f64.ln()]);
/// ```
///
/// # Panics
/// If `shape` does not reduce to `reduced`, or a slice does not fill its shape.
#[track_caller]
pub fn log_sum_exp<T: Real>(out: &mut [T], reduced: Shape, a: &[T], shape: Shape) {
    check("log_sum_exp", out.len(), reduced);
    check("log_sum_exp", a.len(), shape);
    out.fill(-T::INFINITY);
    if a.is_empty() {
        return;
    }
    let nest = Nest::new(reduced, shape);
    if nest.along() {
        simd::dispatch(
            #[inline(always)]
            || along(&nest, out, a),
        );
    } else {
        simd::dispatch(
            #[inline(always)]
            || across(&nest, out, a),
        );
    }
}

#[inline(always)]
fn along<T: Real>(nest: &Nest, out: &mut [T], a: &[T]) {
    for (outputs, start) in nest.groups() {
        let mut max = -T::INFINITY;
        for run in nest.slices(a, start, 1) {
            max = max.maximum(extremum_of(run, -T::INFINITY, T::maximum));
        }
        let mut total = T::Wide::ZERO;
        for run in nest.slices(a, start, 1) {
            total += sum_of(
                run,
                #[inline(always)]
                |x| (x - max).exp(),
            );
        }
        out[outputs.start] = finish(max, total);
    }
}

#[inline(always)]
fn across<T: Real>(nest: &Nest, out: &mut [T], a: &[T]) {
    let mut sums = Sums::<T>::new();
    for (outputs, start) in nest.groups() {
        let out = &mut out[outputs];
        for row in nest.slices(a, start, out.len()) {
            for (max, &x) in out.iter_mut().zip(row) {
                *max = max.maximum(x);
            }
        }
        sums.clear(out.len());
        for row in nest.slices(a, start, out.len()) {
            for ((sum, &x), &max) in sums.row().iter_mut().zip(row).zip(&*out) {
                *sum += (x - max).exp();
            }
        }
        for (out, &total) in out.iter_mut().zip(sums.totals()) {
            *out = finish(*out, total);
        }
    }
}

/// An infinite maximum is the result itself; the total is then NaN. A NaN maximum stays.
#[inline(always)]
fn finish<T: Real>(max: T, total: T::Wide) -> T {
    if max.is_finite() { T::narrow(max.widen() + total.ln()) } else { max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use rand::RngExt;

    fn check_definition<T: Real>(shape: [usize; 3], reduced: [usize; 3], spread: f64) {
        let n = shape.iter().product::<usize>();
        let mut rng = generator(n as u64);
        let a: Vec<T> = (0..n).map(|_| T::from_f64(rng.random_range(-spread..spread))).collect();
        let target = Shape::from(reduced);
        let mut expected = vec![0.0; target.elements()];
        crate::broadcast::for_each(shape.into(), shape.into(), target, |_, from, to| {
            expected[to] += a[from].to_f64().exp();
        });
        let mut out = vec![T::NAN; target.elements()];
        log_sum_exp(&mut out, target, &a, shape.into());
        for (&got, sum) in out.iter().zip(expected) {
            // Relative errors of a few epsilon in the exponential and of the sum, absolute in the
            // logarithm.
            let bound = T::EPSILON.to_f64() * (24.0 + sum.ln().abs());
            assert!(
                (got.to_f64() - sum.ln()).abs() <= bound,
                "{shape:?} {reduced:?}: {got} for {}",
                sum.ln()
            );
        }
    }

    #[test]
    fn agrees_with_the_definition_over_every_kind_of_axes() {
        for reduced in [
            [5, 7, 1],
            [5, 1, 40],
            [1, 7, 40],
            [1, 1, 40],
            [5, 1, 1],
            [1, 7, 1],
            [1, 1, 1],
            [5, 7, 40],
        ] {
            check_definition::<f32>([5, 7, 40], reduced, 20.0);
            check_definition::<f64>([5, 7, 40], reduced, 20.0);
        }
        check_definition::<f32>([1, 300, 10], [1, 300, 1], 5.0);
        check_definition::<f32>([1, 300, 200], [1, 1, 200], 5.0);
    }

    #[test]
    fn extreme_values_give_their_limits() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let cases: [([f32; 3], f32); 6] = [
            ([-inf, -inf, -inf], -inf),
            ([-inf, 2.0, -inf], 2.0),
            ([inf, 1.0, -inf], inf),
            ([inf, inf, 0.0], inf),
            ([1e38, -1e38, 0.0], 1e38),
            ([-1e38, -1e38, -1e38], -1e38),
        ];
        for (values, expected) in cases {
            let mut out = [0.0];
            log_sum_exp(&mut out, [1].into(), &values, [3].into());
            assert_eq!(out, [expected], "along {values:?}");
            let mut out = [0.0; 2];
            let twice: Vec<f32> = values.iter().flat_map(|&x| [x, x]).collect();
            log_sum_exp(&mut out, [1, 2].into(), &twice, [3, 2].into());
            assert_eq!(out, [expected; 2], "across {values:?}");
        }
        for values in [[nan, 0.0, inf], [1.0, nan, -inf], [-inf, -inf, nan]] {
            let mut out = [0.0];
            log_sum_exp(&mut out, [1].into(), &values, [3].into());
            assert!(out[0].is_nan(), "{values:?}");
            let mut out = [0.0; 3];
            log_sum_exp(&mut out, [1, 3].into(), &values, [1, 3].into());
            assert_eq!(out.map(f32::is_nan), values.map(f32::is_nan));
        }
    }

    #[test]
    fn nothing_is_the_logarithm_of_zero() {
        let mut out = [0.0_f32; 2];
        log_sum_exp(&mut out, [2, 1].into(), &[], [2, 0].into());
        assert_eq!(out, [f32::NEG_INFINITY; 2]);
    }
}
