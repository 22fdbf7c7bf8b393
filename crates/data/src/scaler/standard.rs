use chainrule_tensor::{Real, Shape, Tensor};

use super::{changed, check_fit, check_parts, map_columns};
use crate::DataError;

/// Shifts and scales each feature to mean 0 and standard deviation 1: `z = (x - mean) / scale`.
///
/// `scale` is the standard deviation over all samples (divided by n, not n - 1); for a constant
/// feature it is 1, as in scikit-learn's `StandardScaler`. The moments are computed and kept in
/// `f64`. NaN passes through a transformation.
///
/// ```
/// use chainrule_data::StandardScaler;
/// use chainrule_tensor::Tensor;
///
/// let train: Tensor = Tensor::from_rows([[1.0, 7.0], [3.0, 7.0]]);
/// let scaler = StandardScaler::fit(&train)?;
/// assert_eq!((scaler.mean(), scaler.scale()), (&[2.0, 7.0][..], &[1.0, 1.0][..]));
/// assert_eq!(scaler.transform(&train)?, Tensor::from_rows([[-1.0, 0.0], [1.0, 0.0]]));
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl StandardScaler {
    /// Learns mean and scale of each column of `x`, `[samples, features]`.
    ///
    /// # Errors
    /// [`DataError::Axes`] unless there are two axes; [`DataError::Empty`] without a value;
    /// [`DataError::NonFinite`] at the first NaN or infinite value; [`DataError::Overflow`] if a
    /// variance does not fit into `f64`.
    pub fn fit<T: Real>(x: &Tensor<T>) -> Result<Self, DataError> {
        let op = "StandardScaler::fit";
        check_fit(op, x)?;
        let [samples, features] = [x.shape()[0], x.shape()[1]];
        let n = samples as f64;
        // Sums of distances from the first row: a constant column then has exactly its value as
        // mean and 0 as variance.
        let origin: Vec<f64> = x.row(0).iter().map(|value| value.to_f64()).collect();
        let mut mean = vec![0.0; features];
        for row in x.values().chunks_exact(features) {
            for ((sum, value), origin) in mean.iter_mut().zip(row).zip(&origin) {
                *sum += value.to_f64() - origin;
            }
        }
        mean.iter_mut().zip(&origin).for_each(|(sum, origin)| *sum = *sum / n + origin);
        let mut variance = vec![0.0; features];
        for row in x.values().chunks_exact(features) {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                let distance = value.to_f64() - mean;
                *sum += distance * distance;
            }
        }
        variance.iter_mut().for_each(|sum| *sum /= n);
        if let Some(column) = variance.iter().position(|variance| !variance.is_finite()) {
            return Err(DataError::Overflow { op, column, statistic: "variance" });
        }
        let scale = mean.iter().zip(&variance).map(|(mean, variance)| {
            // scikit-learn's bound: a variance below it may be nothing but the rounding of the
            // mean.
            let rounding = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
            if *variance <= rounding { 1.0 } else { variance.sqrt() }
        });
        Ok(StandardScaler { scale: scale.collect(), mean })
    }

    /// The scaler of these means and scales, one for each feature, as they were learned before and
    /// kept.
    ///
    /// # Errors
    /// [`DataError::Parameter`] unless there are as many means as scales, all finite, and no scale
    /// is 0.
    pub fn from_parts(mean: Vec<f64>, scale: Vec<f64>) -> Result<Self, DataError> {
        let op = "StandardScaler::from_parts";
        check_parts(op, "mean", &mean, mean.len(), |x| x.is_finite())?;
        check_parts(op, "scale", &scale, mean.len(), |x| x.is_finite() && x != 0.0)?;
        Ok(StandardScaler { mean, scale })
    }

    /// Learns from `x` and transforms it.
    ///
    /// # Errors
    /// As [`fit`](StandardScaler::fit).
    pub fn fit_transform<T: Real>(x: &Tensor<T>) -> Result<(Self, Tensor<T>), DataError> {
        let scaler = StandardScaler::fit(x)?;
        let z = scaler.transform(x)?;
        Ok((scaler, z))
    }

    /// `(x - mean) / scale`, column by column: `[samples, features]` to the same shape.
    ///
    /// # Errors
    /// [`DataError::Features`] if `x` has another number of columns; [`DataError::Axes`] unless
    /// there are two axes.
    pub fn transform<T: Real>(&self, x: &Tensor<T>) -> Result<Tensor<T>, DataError> {
        changed(x, |shape, values| self.transform_in_place(shape, values))
    }

    /// [`transform`](StandardScaler::transform) of values `[samples, features]` where they stand.
    ///
    /// # Errors
    /// As [`transform`](StandardScaler::transform).
    ///
    /// # Panics
    /// If the values do not fill the shape.
    #[track_caller]
    pub fn transform_in_place<T: Real>(
        &self,
        shape: impl Into<Shape>,
        values: &mut [T],
    ) -> Result<(), DataError> {
        let (op, values) = ("StandardScaler::transform", (shape.into(), values));
        map_columns(op, values, &self.mean, &self.scale, |x, mean, scale| (x - mean) / scale)
    }

    /// `z * scale + mean`, column by column: what was before
    /// [`transform`](StandardScaler::transform), up to rounding.
    ///
    /// # Errors
    /// As [`transform`](StandardScaler::transform).
    pub fn inverse_transform<T: Real>(&self, z: &Tensor<T>) -> Result<Tensor<T>, DataError> {
        changed(z, |shape, values| self.inverse_transform_in_place(shape, values))
    }

    /// [`inverse_transform`](StandardScaler::inverse_transform) of values `[samples, features]`
    /// where they stand.
    ///
    /// # Errors
    /// As [`transform`](StandardScaler::transform).
    ///
    /// # Panics
    /// If the values do not fill the shape.
    #[track_caller]
    pub fn inverse_transform_in_place<T: Real>(
        &self,
        shape: impl Into<Shape>,
        values: &mut [T],
    ) -> Result<(), DataError> {
        let (op, values) = ("StandardScaler::inverse_transform", (shape.into(), values));
        map_columns(op, values, &self.mean, &self.scale, |z, mean, scale| z * scale + mean)
    }

    /// The mean of each feature.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The divisor of each feature: its standard deviation, or 1 if it is constant.
    #[must_use]
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::random::generator;
    use rand::RngExt;

    use super::*;

    #[test]
    fn columns_come_out_with_mean_0_and_deviation_1() {
        let mut random = generator(1);
        let x = Tensor::<f64>::from_fn([500, 3], |i| {
            let column = (i % 3) as i32;
            10.0_f64.powi(3 * column) * (random.random::<f64>() + 5.0)
        });
        let (_, z) = StandardScaler::fit_transform(&x).unwrap();
        let again = StandardScaler::fit(&z).unwrap();
        for column in 0..3 {
            assert!(again.mean()[column].abs() < 1e-12, "{:?}", again.mean());
            assert!((again.scale()[column] - 1.0).abs() < 1e-12, "{:?}", again.scale());
        }
    }

    #[test]
    fn the_inverse_returns_the_input() {
        let mut random = generator(2);
        for _ in 0..50 {
            let shape = [random.random_range(1..30), random.random_range(1..6)];
            let x = Tensor::<f64>::from_fn(shape, |_| random.random_range(-100.0..100.0));
            let (scaler, z) = StandardScaler::fit_transform(&x).unwrap();
            let back = scaler.inverse_transform(&z).unwrap();
            // Two roundings of numbers up to 200 (x - mean).
            assert!(
                x.values()
                    .iter()
                    .zip(back.values())
                    .all(|(x, y)| (x - y).abs() <= 200.0 * f64::EPSILON)
            );
        }
    }

    #[test]
    fn constant_columns_are_divided_by_1() {
        for value in [0.1_f32, 0.0, -3.3e30, 1e-30] {
            let x = Tensor::full([1000, 2], value);
            let (scaler, z) = StandardScaler::fit_transform(&x).unwrap();
            assert_eq!(
                (scaler.mean(), scaler.scale()),
                (&[f64::from(value); 2][..], &[1.0; 2][..])
            );
            assert_eq!(z, Tensor::zeros([1000, 2]));
        }
        // 0.1 + 0.2 and 0.3 differ by rounding only.
        let x = Tensor::from_fn([10, 1], |i| if i % 2 == 0 { 0.1 + 0.2 } else { 0.3_f64 });
        assert_eq!(StandardScaler::fit(&x).unwrap().scale(), [1.0]);
        assert_eq!(StandardScaler::fit(&Tensor::from_rows([[5.0_f32]])).unwrap().scale(), [1.0]);
    }

    #[test]
    fn a_small_spread_far_from_zero_is_kept() {
        let x = Tensor::from_rows([[1e9 + 4.0], [1e9 + 7.0], [1e9 + 13.0], [1e9 + 16.0_f64]]);
        let scaler = StandardScaler::fit(&x).unwrap();
        assert_eq!(scaler.mean(), [1e9 + 10.0]);
        assert_eq!(scaler.scale(), [22.5_f64.sqrt()]);
    }

    #[test]
    fn nan_passes_through_a_transformation() {
        let scaler = StandardScaler::fit(&Tensor::from_rows([[1.0_f32, 2.0], [2.0, 9.0]])).unwrap();
        let z = scaler.transform(&Tensor::from_rows([[f32::NAN, 2.0]])).unwrap();
        assert!(z.values()[0].is_nan() && z.values()[1] == -1.0);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let message = |x: Tensor<f64>| StandardScaler::fit(&x).unwrap_err().to_string();
        assert_eq!(
            message(Tensor::zeros([3])),
            "StandardScaler::fit: inputs of shape [3] do not fit: they must be [samples, features]"
        );
        assert!(
            message(Tensor::zeros([0, 3]))
                .starts_with("StandardScaler::fit: inputs of shape [0, 3] hold no values")
        );
        assert!(
            message(Tensor::from_rows([[0.0, 1.0], [f64::NAN, 1.0]]))
                .contains("NaN in row 1, column 0")
        );
        for far in [1e200, f64::MAX] {
            assert_eq!(
                message(Tensor::from_rows([[0.0, -far], [0.0, far]])),
                "StandardScaler::fit: the values of column 1 lie so far apart that their variance \
                 overflows: \
                 scale them down"
            );
        }
        let scaler = StandardScaler::fit(&Tensor::<f64>::ones([2, 4])).unwrap();
        let rest = "the scaler was fitted on 4 features, shape [2, 3] has 3: give the same columns";
        let x = Tensor::<f64>::ones([2, 3]);
        assert_eq!(
            scaler.transform(&x).unwrap_err().to_string(),
            format!("StandardScaler::transform: {rest}")
        );
        assert_eq!(
            scaler.inverse_transform(&x).unwrap_err().to_string(),
            format!("StandardScaler::inverse_transform: {rest}")
        );
    }

    // Squares and sums in single precision (kind 5 of RELIABILITY.md): NumPy's mean over the rows
    // of a million years in f32 is 2021.8.
    #[test]
    fn statistics_of_a_million_years_and_of_large_values_are_right() {
        let years = Tensor::<f32>::from_fn([1_000_000, 2], |i| {
            (1980 + i / 2 % 51) as f32 * [1.0, 1e30][i % 2]
        });
        let scaler = StandardScaler::fit(&years).unwrap();
        let (n, mut sum, mut squares) = (1_000_000.0, 0.0, 0.0);
        for i in 0..1_000_000 {
            let distance = f64::from(1980 + i % 51) - 2005.0;
            sum += distance;
            squares += distance * distance;
        }
        let (mean, scale) = (2005.0 + sum / n, (squares / n - (sum / n).powi(2)).sqrt());
        for (column, unit) in [1.0, 1e30].into_iter().enumerate() {
            assert!(
                (scaler.mean()[column] / unit / mean - 1.0).abs() < 1e-7,
                "{:?}",
                scaler.mean()
            );
            assert!(
                (scaler.scale()[column] / unit / scale - 1.0).abs() < 1e-5,
                "{:?}",
                scaler.scale()
            );
        }
    }
}
