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
        let Lanes { sums, squares, zeros, lows, highs } = Lanes::of(values);
        Sums {
            sum: sums.iter().sum(),
            square: squares.iter().sum(),
            zeros: f64::from(zeros.iter().sum::<u32>()),
            low: lows.iter().fold(f64::INFINITY, |low, x| low.min(x.to_f64())),
            high: highs.iter().fold(f64::NEG_INFINITY, |high, x| high.max(x.to_f64())),
        }
    }
}

/// The same, each lane on its own.
struct Lanes<T> {
    sums: [f64; LANES],
    squares: [f64; LANES],
    zeros: [u32; LANES],
    lows: [T; LANES],
    highs: [T; LANES],
}

impl<T: Real> Lanes<T> {
    // The lanes are added up elsewhere: where the compiler sees that, it arranges its vectors by it, not by the loop.
    fn of(values: &[T]) -> Lanes<T> {
        simd::dispatch(
            #[inline(always)]
            || {
                let (mut sums, mut squares, mut zeros) = ([0.0; LANES], [0.0; LANES], [0; LANES]);
                let (mut lows, mut highs) = ([T::INFINITY; LANES], [-T::INFINITY; LANES]);
                let mut add = |lane: usize, x: T| {
                    let wide = x.to_f64();
                    sums[lane] += wide;
                    squares[lane] += wide * wide;
                    zeros[lane] += u32::from(x == T::ZERO);
                    lows[lane] = if x < lows[lane] { x } else { lows[lane] };
                    highs[lane] = if x > highs[lane] { x } else { highs[lane] };
                };
                let (blocks, rest) = values.as_chunks::<LANES>();
                for block in blocks {
                    for lane in 0..LANES {
                        add(lane, block[lane]);
                    }
                }
                for (lane, &x) in rest.iter().enumerate() {
                    add(lane, x);
                }
                Lanes { sums, squares, zeros, lows, highs }
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
