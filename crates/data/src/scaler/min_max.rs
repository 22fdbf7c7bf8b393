use chainrule_tensor::{Real, Shape, Tensor};

use super::{changed, check_fit, check_parts, map_columns};
use crate::DataError;

/// Scales each feature to a range, by default 0 to 1: with `r = (x - min) / (max - min)`,
/// `y = low (1 - r) + high r`.
///
/// The smallest and largest value seen in [`fit`](MinMaxScaler::fit) become exactly `low` and
/// `high`; later values may lie outside. For a constant feature the divisor is 1 as in
/// scikit-learn's `MinMaxScaler`, so that it becomes `low`. NaN passes through a transformation.
///
/// ```
/// use chainrule_data::MinMaxScaler;
/// use chainrule_tensor::Tensor;
///
/// let train: Tensor = Tensor::from_rows([[0.0, 7.0], [8.0, 7.0], [2.0, 7.0]]);
/// let scaler = MinMaxScaler::fit_range(&train, -1.0, 1.0)?;
/// assert_eq!((scaler.min(), scaler.max()), (&[0.0, 7.0][..], &[8.0, 7.0][..]));
/// assert_eq!(
///     scaler.transform(&train)?,
///     Tensor::from_rows([[-1.0, -1.0], [1.0, -1.0], [-0.5, -1.0]])
/// );
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MinMaxScaler {
    min: Vec<f64>,
    max: Vec<f64>,
    /// `max - min`, or 1 where that is 0.
    divisors: Vec<f64>,
    low: f64,
    high: f64,
}

impl MinMaxScaler {
    /// Learns the smallest and largest value of each column of `x`, `[samples, features]`, to be
    /// scaled to 0 to 1.
    ///
    /// # Errors
    /// [`DataError::Axes`] unless there are two axes; [`DataError::Empty`] without a value;
    /// [`DataError::NonFinite`] at the first NaN or infinite value; [`DataError::Overflow`] if
    /// `max - min` does not fit into `f64`.
    pub fn fit<T: Real>(x: &Tensor<T>) -> Result<Self, DataError> {
        MinMaxScaler::fit_range(x, 0.0, 1.0)
    }

    /// The same as [`fit`](MinMaxScaler::fit), to be scaled to `low` to `high`.
    ///
    /// # Errors
    /// As [`fit`](MinMaxScaler::fit); [`DataError::Parameter`] unless `low < high`, both finite.
    pub fn fit_range<T: Real>(x: &Tensor<T>, low: f64, high: f64) -> Result<Self, DataError> {
        let op = "MinMaxScaler::fit";
        if !(low < high && (high - low).is_finite()) {
            let (rule, value) =
                ("two finite numbers, low < high".into(), format!("{low} to {high}"));
            return Err(DataError::Parameter { op, what: "the range", rule, value });
        }
        check_fit(op, x)?;
        let features = x.shape()[1];
        let mut min: Vec<f64> = x.row(0).iter().map(|value| value.to_f64()).collect();
        let mut max = min.clone();
        for row in x.values().chunks_exact(features) {
            for ((min, max), value) in min.iter_mut().zip(&mut max).zip(row) {
                // Without NaN (`check_fit`), for which these would not do.
                *min = min.min(value.to_f64());
                *max = max.max(value.to_f64());
            }
        }
        let mut divisors: Vec<f64> = min.iter().zip(&max).map(|(min, max)| max - min).collect();
        if let Some(column) = divisors.iter().position(|range| !range.is_finite()) {
            return Err(DataError::Overflow { op, column, statistic: "range" });
        }
        divisors.iter_mut().filter(|range| **range == 0.0).for_each(|range| *range = 1.0);
        Ok(MinMaxScaler { min, max, divisors, low, high })
    }

    /// The scaler to 0 to 1 of these smallest and largest values, one for each feature, as they
    /// were learned before and kept.
    ///
    /// # Errors
    /// [`DataError::Parameter`] unless there are as many smallest as largest values, all finite,
    /// and `max - min` is finite and not negative.
    pub fn from_parts(min: Vec<f64>, max: Vec<f64>) -> Result<Self, DataError> {
        let op = "MinMaxScaler::from_parts";
        check_parts(op, "min", &min, min.len(), |x| x.is_finite())?;
        check_parts(op, "max", &max, min.len(), |x| x.is_finite())?;
        let mut divisors: Vec<f64> = min.iter().zip(&max).map(|(min, max)| max - min).collect();
        check_parts(op, "max - min", &divisors, min.len(), |x| x.is_finite() && x >= 0.0)?;
        divisors.iter_mut().filter(|range| **range == 0.0).for_each(|range| *range = 1.0);
        Ok(MinMaxScaler { min, max, divisors, low: 0.0, high: 1.0 })
    }

    /// Learns from `x` and transforms it, to 0 to 1.
    ///
    /// # Errors
    /// As [`fit`](MinMaxScaler::fit).
    pub fn fit_transform<T: Real>(x: &Tensor<T>) -> Result<(Self, Tensor<T>), DataError> {
        let scaler = MinMaxScaler::fit(x)?;
        let y = scaler.transform(x)?;
        Ok((scaler, y))
    }

    /// `low (1 - r) + high r` with `r = (x - min) / (max - min)`, column by column:
    /// `[samples, features]` to the same shape.
    ///
    /// # Errors
    /// [`DataError::Features`] if `x` has another number of columns; [`DataError::Axes`] unless
    /// there are two axes.
    pub fn transform<T: Real>(&self, x: &Tensor<T>) -> Result<Tensor<T>, DataError> {
        changed(x, |shape, values| self.transform_in_place(shape, values))
    }

    /// [`transform`](MinMaxScaler::transform) of values `[samples, features]` where they stand.
    ///
    /// # Errors
    /// As [`transform`](MinMaxScaler::transform).
    ///
    /// # Panics
    /// If the values do not fill the shape.
    #[track_caller]
    pub fn transform_in_place<T: Real>(
        &self,
        shape: impl Into<Shape>,
        values: &mut [T],
    ) -> Result<(), DataError> {
        let (op, values) = ("MinMaxScaler::transform", (shape.into(), values));
        map_columns(op, values, &self.min, &self.divisors, |x, min, divisor| {
            let r = (x - min) / divisor;
            self.low * (1.0 - r) + self.high * r
        })
    }

    /// The values before [`transform`](MinMaxScaler::transform), up to rounding.
    ///
    /// # Errors
    /// As [`transform`](MinMaxScaler::transform).
    pub fn inverse_transform<T: Real>(&self, y: &Tensor<T>) -> Result<Tensor<T>, DataError> {
        changed(y, |shape, values| self.inverse_transform_in_place(shape, values))
    }

    /// [`inverse_transform`](MinMaxScaler::inverse_transform) of values `[samples, features]` where
    /// they stand.
    ///
    /// # Errors
    /// As [`transform`](MinMaxScaler::transform).
    ///
    /// # Panics
    /// If the values do not fill the shape.
    #[track_caller]
    pub fn inverse_transform_in_place<T: Real>(
        &self,
        shape: impl Into<Shape>,
        values: &mut [T],
    ) -> Result<(), DataError> {
        let (op, values) = ("MinMaxScaler::inverse_transform", (shape.into(), values));
        map_columns(op, values, &self.min, &self.divisors, |y, min, divisor| {
            (y - self.low) / (self.high - self.low) * divisor + min
        })
    }

    /// The smallest value of each feature.
    #[must_use]
    pub fn min(&self) -> &[f64] {
        &self.min
    }

    /// The largest value of each feature.
    #[must_use]
    pub fn max(&self) -> &[f64] {
        &self.max
    }

    /// The range that the features are scaled to: `(low, high)`.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::random::generator;
    use rand::RngExt;

    use super::*;

    #[test]
    fn the_ends_of_the_range_are_met_exactly() {
        let mut random = generator(1);
        for (low, high) in [(0.0, 1.0), (-1.0, 1.0), (0.1, 0.3), (-7.3, 1e6)] {
            let x = Tensor::<f64>::from_fn([40, 3], |_| random.random_range(-5.0..3.0));
            let scaler = MinMaxScaler::fit_range(&x, low, high).unwrap();
            let again = MinMaxScaler::fit(&scaler.transform(&x).unwrap()).unwrap();
            assert_eq!((again.min(), again.max()), (&[low; 3][..], &[high; 3][..]));
            assert_eq!(scaler.range(), (low, high));
        }
    }

    #[test]
    fn the_inverse_returns_the_input() {
        let mut random = generator(2);
        for _ in 0..50 {
            let shape = [random.random_range(1..30), random.random_range(1..6)];
            let x = Tensor::<f64>::from_fn(shape, |_| random.random_range(-100.0..100.0));
            for (low, high) in [(0.0, 1.0), (-2.0, 3.0)] {
                let scaler = MinMaxScaler::fit_range(&x, low, high).unwrap();
                let back = scaler.inverse_transform(&scaler.transform(&x).unwrap()).unwrap();
                // A few roundings of numbers up to 200 (max - min).
                let tolerance = 4.0 * 200.0 * f64::EPSILON;
                assert!(
                    x.values().iter().zip(back.values()).all(|(x, y)| (x - y).abs() <= tolerance)
                );
            }
        }
    }

    #[test]
    fn constant_columns_become_the_low_end_and_come_back() {
        let x = Tensor::full([5, 2], 0.7_f64);
        let scaler = MinMaxScaler::fit_range(&x, -1.0, 2.0).unwrap();
        let y = scaler.transform(&x).unwrap();
        assert_eq!(y, Tensor::full([5, 2], -1.0));
        assert_eq!(scaler.inverse_transform(&y).unwrap(), x);
    }

    #[test]
    fn later_values_may_lie_outside_and_nan_passes() {
        let (scaler, _) =
            MinMaxScaler::fit_transform(&Tensor::from_rows([[0.0_f32], [2.0]])).unwrap();
        let y = scaler.transform(&Tensor::from_rows([[-1.0_f32], [4.0], [f32::NAN]])).unwrap();
        assert_eq!(y.values()[..2], [-0.5, 2.0]);
        assert!(y.values()[2].is_nan());
    }

    #[test]
    fn tiny_and_huge_ranges_stay_finite() {
        let x = Tensor::from_rows([[0.0, -8e307], [5e-324, 8e307_f64]]);
        let (_, y) = MinMaxScaler::fit_transform(&x).unwrap();
        assert_eq!(y, Tensor::from_rows([[0.0, 0.0], [1.0, 1.0]]));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let x = Tensor::<f64>::ones([2, 4]);
        for (low, high, text) in
            [(1.0, 1.0, "1 to 1"), (2.0, -1.0, "2 to -1"), (f64::NAN, 1.0, "NaN to 1")]
        {
            assert_eq!(
                MinMaxScaler::fit_range(&x, low, high).unwrap_err().to_string(),
                format!(
                    "MinMaxScaler::fit: the range must be two finite numbers, low < high, not \
                     {text}"
                )
            );
        }
        assert!(MinMaxScaler::fit_range(&x, 0.0, f64::INFINITY).is_err());
        let message = |x: Tensor<f64>| MinMaxScaler::fit(&x).unwrap_err().to_string();
        assert!(
            message(Tensor::zeros([2, 0]))
                .starts_with("MinMaxScaler::fit: inputs of shape [2, 0] hold no values")
        );
        assert!(
            message(Tensor::from_rows([[f64::INFINITY]])).contains("have inf in row 0, column 0")
        );
        assert_eq!(
            message(Tensor::from_rows([[-f64::MAX], [f64::MAX]])),
            "MinMaxScaler::fit: the values of column 0 lie so far apart that their range \
             overflows: scale them down"
        );
        let scaler = MinMaxScaler::fit(&x).unwrap();
        assert_eq!(
            scaler.transform(&Tensor::<f64>::ones([3, 5])).unwrap_err().to_string(),
            "MinMaxScaler::transform: the scaler was fitted on 4 features, shape [3, 5] has 5: \
             give the same columns"
        );
        assert_eq!(
            scaler.inverse_transform(&Tensor::<f64>::ones([4])).unwrap_err().to_string(),
            "MinMaxScaler::inverse_transform: inputs of shape [4] do not fit: they must be \
             [samples, features]"
        );
    }
}
