//! The values of one column become features of size 1.

/// The measures by which the columns of a table are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnScaling {
    /// Numbers to mean 0 and (population) deviation 1. The default.
    #[default]
    Standard,
    /// Numbers and the columns of one-hot categories by median and quartiles,
    /// `(x - median) / (q75 - q25)`, and then smoothly clipped to within -3 and 3 by
    /// `x / sqrt(1 + (x / 3)^2)`. Where the
    /// quartiles are equal, half of the range stands in place of their difference.
    ///
    /// Outliers, however far out, keep their order and stay near the others.
    Robust,
}

/// `(x - centre) scale`, and clipped smoothly or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The number that is taken away.
    pub centre: f64,
    /// The factor on the difference; 0 for a column that never changes.
    pub scale: f64,
}

impl Line {
    /// Leaves values as they are.
    pub const SAME: Line = Line { centre: 0.0, scale: 1.0 };

    /// Learns from the values of a column, NaN where one is missing; the order of the values is
    /// changed.
    pub(super) fn fit(scaling: ColumnScaling, values: &mut Vec<f64>) -> Line {
        values.retain(|value| !value.is_nan());
        match (scaling, values.is_empty()) {
            (_, true) => Line { centre: 0.0, scale: 0.0 },
            (ColumnScaling::Standard, false) => standard(values),
            (ColumnScaling::Robust, false) => robust(values),
        }
    }

    /// The feature of a value that is not missing.
    pub(super) fn apply(self, scaling: ColumnScaling, value: f64) -> f64 {
        let x = (value - self.centre) * self.scale;
        match scaling {
            ColumnScaling::Standard => x,
            // The quotient as one root, so that no square overflows: x is finite and may be huge.
            ColumnScaling::Robust => x / 1.0_f64.hypot(x / 3.0),
        }
    }
}

/// Sums of distances from the first value, so that a million years lose no digits.
fn standard(values: &[f64]) -> Line {
    let (n, origin) = (values.len() as f64, values[0]);
    let mean = values.iter().map(|value| value - origin).sum::<f64>() / n + origin;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    // A variance below that of the rounding of the mean is that of a constant column.
    let rounding = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
    let scale = if variance > rounding { 1.0 / variance.sqrt() } else { 0.0 };
    Line { centre: mean, scale }
}

fn robust(values: &mut [f64]) -> Line {
    let [q25, centre, q75] = [0.25, 0.5, 0.75].map(|share| quantile(values, share));
    let spread = if q75 > q25 {
        q75 - q25
    } else {
        let (least, most) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
                (least.min(value), most.max(value))
            });
        (most - least) / 2.0
    };
    Line { centre, scale: if spread > 0.0 { 1.0 / spread } else { 0.0 } }
}

/// The value below which this share of the values lies, in a straight line between two of them, as
/// NumPy's `quantile`.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let (below, part) = (place as usize, place.fract());
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    match part {
        0.0 => low,
        // From the nearer end, as there.
        part if part >= 0.5 => high - (high - low) * (1.0 - part),
        part => low + (high - low) * part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_two_values() {
        let mut values = vec![4.0, 1.0, 3.0, 2.0];
        let of = |values: &mut Vec<f64>| [0.25, 0.5, 0.75].map(|share| quantile(values, share));
        assert_eq!(of(&mut values), [1.75, 2.5, 3.25]);
        assert_eq!(of(&mut vec![5.0]), [5.0; 3]);
        assert_eq!(of(&mut vec![0.0, -0.0, 1.0]), [0.0, 0.0, 0.5]);
    }

    #[test]
    fn constant_and_absent_columns_become_zero() {
        for scaling in [ColumnScaling::Standard, ColumnScaling::Robust] {
            for values in [vec![4.25; 100], vec![0.1; 1001], vec![7.0], vec![f64::NAN; 3], vec![]] {
                let line = Line::fit(scaling, &mut values.clone());
                assert_eq!(line.scale, 0.0, "{scaling:?} {values:?}");
                assert_eq!(line.apply(scaling, 1e300), 0.0);
            }
        }
    }

    #[test]
    fn a_column_of_zeros_but_for_a_fifth_is_scaled_by_its_range() {
        let mut values: Vec<f64> =
            (0..100).map(|i| if i % 5 == 0 { f64::from(i) } else { 0.0 }).collect();
        let line = Line::fit(ColumnScaling::Robust, &mut values);
        assert_eq!(line, Line { centre: 0.0, scale: 2.0 / 95.0 });
    }

    #[test]
    fn far_outliers_stay_within_three() {
        let line = Line::fit(ColumnScaling::Robust, &mut (0..101).map(f64::from).collect());
        assert_eq!(line, Line { centre: 50.0, scale: 0.02 });
        for value in [1e3, 1e200, f64::MAX] {
            let x = line.apply(ColumnScaling::Robust, value);
            assert!(x > 2.9 && x <= 3.0, "{value}: {x}");
        }
        assert_eq!(line.apply(ColumnScaling::Robust, 200.0), 3.0 / 2.0_f64.sqrt());
    }

    #[test]
    fn a_million_years_keep_mean_and_deviation() {
        // 1960 to 2050, all equally often: deviation sqrt((91^2 - 1) / 12).
        let mut years: Vec<f64> = (0..910_000).map(|i| f64::from(1960 + i % 91)).collect();
        let line = Line::fit(ColumnScaling::Standard, &mut years);
        assert!((line.centre - 2005.0).abs() < 1e-9, "{line:?}");
        assert!((1.0 / line.scale - 690.0_f64.sqrt()).abs() < 1e-9, "{line:?}");
    }
}
