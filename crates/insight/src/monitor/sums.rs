//! The sums behind the statistics, many side by side so that they cost little beside a training step.

use chainrule_tensor::{Real, reduce, simd};

const LANES: usize = 8;

/// Sums and extremes of finite values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sums {
    pub(super) sum: f64,
    pub(super) square: f64,
    pub(super) zeros: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Sums {
    /// Those of values of which all are finite.
    pub(super) fn of<T: Real>(values: &[T]) -> Sums {
        simd::dispatch(
            #[inline(always)]
            || {
                let (mut sums, mut squares, mut zeros) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
                let (mut lows, mut highs) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
                let (blocks, rest) = values.as_chunks::<LANES>();
                for block in blocks {
                    for lane in 0..LANES {
                        let x = block[lane].to_f64();
                        sums[lane] += x;
                        squares[lane] += x * x;
                        zeros[lane] += if x == 0.0 { 1.0 } else { 0.0 };
                        lows[lane] = if x < lows[lane] { x } else { lows[lane] };
                        highs[lane] = if x > highs[lane] { x } else { highs[lane] };
                    }
                }
                for (lane, x) in rest.iter().enumerate() {
                    let x = x.to_f64();
                    sums[lane] += x;
                    squares[lane] += x * x;
                    zeros[lane] += if x == 0.0 { 1.0 } else { 0.0 };
                    lows[lane] = lows[lane].min(x);
                    highs[lane] = highs[lane].max(x);
                }
                Sums {
                    sum: sums.iter().sum(),
                    square: squares.iter().sum(),
                    zeros: zeros.iter().sum(),
                    low: lows.into_iter().fold(f64::INFINITY, f64::min),
                    high: highs.into_iter().fold(f64::NEG_INFINITY, f64::max),
                }
            },
        )
    }
}

/// The Euclidean norm.
pub(super) fn norm<T: Real>(values: &[T]) -> f64 {
    square(values).sqrt()
}

/// The sum of squares, also where they overflow or vanish in `T`.
pub(super) fn square<T: Real>(values: &[T]) -> f64 {
    let square = reduce::sum_of_squares(values);
    let safe = (1e-30..1e30).contains(&square) || square == 0.0 && values.iter().all(|x| x.to_f64() == 0.0);
    if safe { square } else { values.iter().map(|x| x.to_f64() * x.to_f64()).sum() }
}

/// The Euclidean norm of the difference of two slices of equal length.
pub(super) fn distance<T: Real>(a: &[T], b: &[T]) -> f64 {
    simd::dispatch(
        #[inline(always)]
        || {
            let mut squares = [0.0; LANES];
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
            for (a, b) in a.iter().zip(b) {
                for lane in 0..LANES {
                    let difference = a[lane].to_f64() - b[lane].to_f64();
                    squares[lane] += difference * difference;
                }
            }
            for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
                let difference = a.to_f64() - b.to_f64();
                squares[lane] += difference * difference;
            }
            squares.iter().sum::<f64>().sqrt()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_all_lanes_and_the_rest() {
        let values: Vec<f32> = (0..19).map(|i| i as f32 - 4.0).collect();
        let expected = Sums { sum: 95.0, square: 1045.0, zeros: 1.0, low: -4.0, high: 14.0 };
        assert_eq!(Sums::of(&values), expected);
        assert_eq!(norm(&values), 1045.0_f64.sqrt());
        assert_eq!(distance(&values, &[0.0; 19]), 1045.0_f64.sqrt());
    }

    #[test]
    fn squares_that_overflow_or_vanish_have_a_norm() {
        assert_eq!(norm(&[3e25_f32, 4e25]), (3e25_f32 as f64).hypot(4e25_f32 as f64));
        assert!((norm(&[1e-30_f32; 4]) / 2e-30 - 1.0).abs() < 1e-6);
        assert_eq!(norm(&[0.0_f32; 3]), 0.0);
        assert!(norm(&[f32::NAN]).is_nan());
    }
}
