use chainrule_tensor::{Real, reduce};

use super::Histogram;
use super::sums::{Sums, is_safe};

/// The distribution of a batch of values, in numbers: over all samples and units of a layer.
///
/// Mean, deviation (divided by the count), norm and extremes are those of the finite values,
/// gathered in `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// The number of values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// Their Euclidean norm.
    pub norm: f64,
    /// The part of them that is exactly zero.
    pub zeros: f64,
    /// How many are NaN or infinite.
    pub non_finite: usize,
    /// How they are distributed.
    pub histogram: Histogram,
}

impl Statistics {
    /// The statistics of these values, with a histogram of `bins` parts.
    ///
    /// # Panics
    /// As [`Histogram::of`].
    #[track_caller]
    #[must_use]
    pub fn of<T: Real>(values: &[T], bins: usize) -> Self {
        Statistics::scaled(values, 1.0, bins)
    }

    /// The statistics of these values times `scale`, which is above zero.
    pub(super) fn scaled<T: Real>(values: &[T], scale: f64, bins: usize) -> Self {
        let finite: Vec<T>;
        let (mut seen, mut sums) = (values, Sums::of(values));
        // The squares are finite nearly always, and tell it without another pass.
        if !sums.square.is_finite() && !reduce::all_finite(values) {
            finite = values.iter().copied().filter(|x| x.is_finite()).collect();
            seen = &finite;
            sums = Sums::of(seen);
        }
        let Sums { sum, square, zeros, low, high } = sums;
        let (low, high) = if seen.is_empty() { (0.0, 0.0) } else { (low, high) };
        let largest = low.abs().max(high.abs());
        if largest > 0.0 && !is_safe(square) {
            let parts: Vec<f64> = seen.iter().map(|x| x.to_f64() / largest).collect();
            let mut of_parts = Statistics::scaled(&parts, largest * scale, bins);
            (of_parts.histogram.low, of_parts.histogram.high) = (low * scale, high * scale);
            let (count, non_finite) = (values.len(), values.len() - seen.len());
            return Statistics { count, zeros: zeros / count as f64, non_finite, ..of_parts };
        }
        let count = seen.len().max(1) as f64;
        let mean = sum / count;
        // The difference of two sums may come out just below zero.
        let variance = (square / count - mean * mean).max(0.0);
        let mut histogram = Histogram::of_finite(seen, (low, high), bins);
        (histogram.low, histogram.high) = (low * scale, high * scale);
        Statistics {
            count: values.len(),
            mean: mean * scale,
            deviation: variance.sqrt() * scale,
            norm: square.sqrt() * scale,
            zeros: zeros / values.len().max(1) as f64,
            non_finite: values.len() - seen.len(),
            histogram,
        }
    }

    /// The root of the mean square: what the variance analysis of initialisers follows from layer
    /// to layer.
    #[must_use]
    pub fn root_mean_square(&self) -> f64 {
        self.norm / (self.count.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind "squares that overflow" (pytorch#51912): statistics of values of any size are those of
    /// 1 at that scale.
    #[test]
    fn values_of_any_size_have_their_statistics() {
        let values = [1.0, -1.0, 3.0, 0.0, 2.0, -0.5, f64::INFINITY];
        let expected = Statistics::of(&values, 4);
        for size in [2.0_f64.powi(-1000), 2.0_f64.powi(-600), 2.0_f64.powi(520), 2.0_f64.powi(1000)]
        {
            let scaled = Statistics::of(&values.map(|x| x * size), 4);
            for (got, expected) in [
                (scaled.mean, expected.mean),
                (scaled.deviation, expected.deviation),
                (scaled.norm, expected.norm),
                (scaled.histogram.low, expected.histogram.low),
                (scaled.histogram.high, expected.histogram.high),
            ] {
                assert!((got / size - expected).abs() < 1e-14, "{size:e}: {got}, not {expected}");
            }
            assert_eq!(scaled.histogram.counts, expected.histogram.counts);
            assert_eq!((scaled.count, scaled.zeros, scaled.non_finite), (7, expected.zeros, 1));
        }
    }

    #[test]
    fn known_values() {
        let statistics = Statistics::of(&[1.0, -1.0, 3.0, 0.0, 2.0, f64::INFINITY], 4);
        assert_eq!((statistics.count, statistics.non_finite), (6, 1));
        assert_eq!(
            (statistics.mean, statistics.deviation, statistics.norm),
            (1.0, 2.0_f64.sqrt(), 15.0_f64.sqrt())
        );
        assert_eq!(statistics.zeros, 1.0 / 6.0);
        assert_eq!((statistics.histogram.low, statistics.histogram.high), (-1.0, 3.0));
        assert_eq!(statistics.histogram.counts, [1, 1, 1, 2]);
        assert_eq!(Statistics::of(&[2.0_f32, -2.0], 0).root_mean_square(), 2.0);
        let scaled = Statistics::scaled(&[1.0, 3.0], 2.0, 2);
        assert_eq!((scaled.mean, scaled.deviation, scaled.histogram.high), (4.0, 2.0, 6.0));
        assert_eq!(Statistics::of::<f64>(&[], 2).mean, 0.0);
    }
}
