//! The sums behind the statistics, many side by side so that they cost little beside a training
//! step.

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
        let (blocks, rest) = values.as_chunks::<LANES>();
        let Lanes { sums, squares, zeros, lows, highs } = Lanes::of(blocks);
        let mut sums = Sums {
            sum: sums.iter().sum(),
            square: squares.iter().sum(),
            zeros: f64::from(zeros.iter().sum::<u32>()),
            low: lows.iter().fold(f64::INFINITY, |low, x| low.min(x.to_f64())),
            high: highs.iter().fold(f64::NEG_INFINITY, |high, x| high.max(x.to_f64())),
        };
        for x in rest.iter().map(|x| x.to_f64()) {
            sums.sum += x;
            sums.square += x * x;
            sums.zeros += f64::from(u8::from(x == 0.0));
            sums.low = sums.low.min(x);
            sums.high = sums.high.max(x);
        }
        sums
    }
}

/// The same, of the values at each place of a block.
struct Lanes<T> {
    sums: [f64; LANES],
    squares: [f64; LANES],
    zeros: [u32; LANES],
    lows: [T; LANES],
    highs: [T; LANES],
}

impl<T: Real> Lanes<T> {
    // What is left over and the sum over the lanes stay out of it. In the same function as the loop
    // they make the compiler mix the lanes, and it takes twice the time.
    fn of(blocks: &[[T; LANES]]) -> Lanes<T> {
        simd::dispatch(
            #[inline(always)]
            || {
                let (mut sums, mut squares, mut zeros) = ([0.0; LANES], [0.0; LANES], [0; LANES]);
                let (mut lows, mut highs) = ([T::INFINITY; LANES], [-T::INFINITY; LANES]);
                for block in blocks {
                    for lane in 0..LANES {
                        let x = block[lane];
                        let wide = x.to_f64();
                        sums[lane] += wide;
                        squares[lane] += wide * wide;
                        zeros[lane] += u32::from(x == T::ZERO);
                        lows[lane] = if x < lows[lane] { x } else { lows[lane] };
                        highs[lane] = if x > highs[lane] { x } else { highs[lane] };
                    }
                }
                Lanes { sums, squares, zeros, lows, highs }
            },
        )
    }
}

/// The Euclidean norm.
pub(super) fn norm<T: Real>(values: &[T]) -> f64 {
    reduce::norm(values)
}

/// The sum of squares, each in `f64`: for few values, inside of a [`simd::dispatch`].
#[inline(always)]
pub(super) fn wide_square<T: Real>(values: &[T]) -> f64 {
    let mut squares = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            squares[lane] += block[lane].to_f64() * block[lane].to_f64();
        }
    }
    let rest: f64 = rest.iter().map(|x| x.to_f64() * x.to_f64()).sum();
    let [a, b, c, d, e, f, g, h] = squares;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + rest
}

/// Returns true if a sum of squares neither overflowed nor lost digits.
pub(super) fn is_safe(square: f64) -> bool {
    square.is_finite() && square >= f64::MIN_POSITIVE / f64::EPSILON
}

/// The Euclidean norm of the difference of two slices of equal length.
pub(super) fn distance<T: Real>(a: &[T], b: &[T]) -> f64 {
    let square = square_of_distance(a, b);
    if is_safe(square) {
        return square.sqrt();
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a.to_f64() - b.to_f64()).collect();
    norm(&differences)
}

fn square_of_distance<T: Real>(a: &[T], b: &[T]) -> f64 {
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
            let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2));
            squares.iter().sum::<f64>() + rest.sum::<f64>()
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
        let backward: Vec<f32> = values.iter().rev().copied().collect();
        assert_eq!(Sums::of(&backward), expected);
        assert_eq!(
            Sums::of(&values[4..7]),
            Sums { sum: 3.0, square: 5.0, zeros: 1.0, low: 0.0, high: 2.0 }
        );
        assert_eq!(norm(&values), 1045.0_f64.sqrt());
        assert_eq!(distance(&values, &[0.0; 19]), 1045.0_f64.sqrt());
    }

    // Squares that overflow single precision (pytorch#51912).
    #[test]
    fn squares_that_overflow_or_vanish_have_a_norm() {
        assert_eq!(norm(&[3e25_f32, 4e25]), (3e25_f32 as f64).hypot(4e25_f32 as f64));
        assert!((norm(&[1e-30_f32; 4]) / 2e-30 - 1.0).abs() < 1e-6);
        assert_eq!(norm(&[0.0_f32; 3]), 0.0);
        assert!(norm(&[f32::NAN]).is_nan());
        for size in [1e-320_f64, 1e-300, 1e-160, 1e160, 1e300] {
            assert!(
                (distance(&[3.0 * size, size], &[0.0, 5.0 * size]) / (5.0 * size) - 1.0).abs()
                    < 1e-3,
                "{size:e}"
            );
        }
        assert_eq!(distance(&[2.0_f64; 20], &[2.0; 20]), 0.0);
        assert!(distance(&[f64::NAN], &[1.0]).is_nan());
    }
}
