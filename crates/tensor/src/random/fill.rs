use std::ops::Range;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::{Real, TensorError};

/// Fills `values` from the uniform distribution over `range`.
///
/// The upper bound is excluded before the number is rounded to `T`, and may be reached by that.
///
/// # Errors
/// [`TensorError::Parameter`] unless both bounds and their distance are finite and the range is not
/// empty.
pub fn uniform<T: Real>(
    values: &mut [T],
    range: Range<f64>,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), TensorError> {
    let Range { start: low, end: high } = range;
    let rule = "finite and ascending";
    require("uniform", "range", rule, low < high && (high - low).is_finite(), || {
        format!("{low}..{high}")
    })?;
    for value in values {
        *value = T::from_f64(low + (high - low) * rng.random::<f64>());
    }
    Ok(())
}

/// Fills `values` from the normal distribution. A deviation of 0 gives the mean.
///
/// # Errors
/// [`TensorError::Parameter`] if the mean is not finite, or the deviation negative or not finite.
pub fn normal<T: Real>(
    values: &mut [T],
    mean: f64,
    standard_deviation: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), TensorError> {
    check_normal("normal", mean, standard_deviation)?;
    for value in values {
        let z: f64 = rng.sample(StandardNormal);
        *value = T::from_f64(mean + standard_deviation * z);
    }
    Ok(())
}

/// Fills `values` with 1 with probability `p`, and with 0 otherwise.
///
/// # Errors
/// [`TensorError::Parameter`] if `p` is not between 0 and 1.
pub fn bernoulli<T: Real>(
    values: &mut [T],
    p: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), TensorError> {
    require("bernoulli", "p", "between 0 and 1", (0.0..=1.0).contains(&p), || p.to_string())?;
    for value in values {
        *value = if rng.random::<f64>() < p { T::ONE } else { T::ZERO };
    }
    Ok(())
}

pub(super) fn check_normal(
    op: &'static str,
    mean: f64,
    standard_deviation: f64,
) -> Result<(), TensorError> {
    require(op, "mean", "finite", mean.is_finite(), || mean.to_string())?;
    let valid = standard_deviation >= 0.0 && standard_deviation.is_finite();
    let rule = "finite and not negative";
    require(op, "standard_deviation", rule, valid, || standard_deviation.to_string())
}

pub(super) fn require(
    op: &'static str,
    what: &'static str,
    rule: &'static str,
    holds: bool,
    value: impl FnOnce() -> String,
) -> Result<(), TensorError> {
    if holds { Ok(()) } else { Err(TensorError::Parameter { op, what, rule, value: value() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    const N: usize = 200_000;

    /// The sample's moments against the distribution's, within 4.5 standard errors: one in 100,000
    /// seeds would fail.
    fn check_moments(values: &[f64], mean: f64, variance: f64, fourth_central_moment: f64) {
        let n = values.len() as f64;
        let sample_mean = values.iter().sum::<f64>() / n;
        let sample_variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let error = (variance / n).sqrt();
        assert!(
            (sample_mean - mean).abs() < 4.5 * error,
            "mean {sample_mean} for {mean} +- {error}"
        );
        let error = ((fourth_central_moment - variance * variance) / n).sqrt();
        assert!(
            (sample_variance - variance).abs() <= 4.5 * error,
            "variance {sample_variance} for {variance} +- {error}"
        );
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut values = vec![0.0_f64; N];
        uniform(&mut values, -1.0..3.0, &mut generator(1)).unwrap();
        assert!(values.iter().all(|x| (-1.0..3.0).contains(x)));
        check_moments(&values, 1.0, 16.0 / 12.0, 256.0 / 80.0);
        normal(&mut values, 2.0, 3.0, &mut generator(2)).unwrap();
        check_moments(&values, 2.0, 9.0, 3.0 * 81.0);
        bernoulli(&mut values, 0.3, &mut generator(3)).unwrap();
        let (p, q) = (0.3_f64, 0.7_f64);
        check_moments(&values, p, p * q, p * q * (q.powi(3) + p.powi(3)));
        assert!(values.iter().all(|&x| x == 0.0 || x == 1.0));
    }

    #[test]
    fn the_normal_tails_have_their_weight() {
        let mut values = vec![0.0_f64; N];
        normal(&mut values, 0.0, 1.0, &mut generator(4)).unwrap();
        for (bound, probability) in
            [(1.0, 0.158_655_253_931), (2.0, 0.022_750_131_948), (3.0, 0.001_349_898_032)]
        {
            let count = values.iter().filter(|&&x| x > bound).count() as f64;
            let error = (N as f64 * probability * (1.0 - probability)).sqrt();
            assert!((count - N as f64 * probability).abs() < 4.5 * error, "{count} above {bound}");
        }
    }

    #[test]
    fn both_scalars_get_the_same_numbers() {
        let (mut single, mut double) = (vec![0.0_f32; 1000], vec![0.0_f64; 1000]);
        normal(&mut single, 0.1, 0.7, &mut generator(5)).unwrap();
        normal(&mut double, 0.1, 0.7, &mut generator(5)).unwrap();
        assert!(single.iter().zip(&double).all(|(&s, &d)| s == d as f32));
        uniform(&mut single, -0.1..0.7, &mut generator(5)).unwrap();
        uniform(&mut double, -0.1..0.7, &mut generator(5)).unwrap();
        assert!(single.iter().zip(&double).all(|(&s, &d)| s == d as f32));
    }

    #[test]
    fn extremes_are_exact() {
        let mut values = [0.5_f32; 100];
        bernoulli(&mut values, 0.0, &mut generator(1)).unwrap();
        assert_eq!(values, [0.0; 100]);
        bernoulli(&mut values, 1.0, &mut generator(1)).unwrap();
        assert_eq!(values, [1.0; 100]);
        normal(&mut values, 7.0, 0.0, &mut generator(1)).unwrap();
        assert_eq!(values, [7.0; 100]);
    }

    #[test]
    fn parameters_without_sense_are_errors_that_name_them() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let message = |result: Result<(), TensorError>| result.unwrap_err().to_string();
        let rng = &mut generator(1);
        let out = &mut [0.0_f32; 2];
        assert_eq!(
            message(uniform(out, 1.0..1.0, rng)),
            "uniform: range must be finite and ascending, not 1..1"
        );
        for range in [2.0..1.0, nan..1.0, 0.0..nan, 0.0..inf, -f64::MAX..f64::MAX] {
            assert!(uniform(out, range.clone(), rng).is_err(), "{range:?}");
        }
        let rule = "standard_deviation must be finite and not negative";
        assert_eq!(message(normal(out, 0.0, -1.0, rng)), format!("normal: {rule}, not -1"));
        assert_eq!(message(normal(out, nan, 1.0, rng)), "normal: mean must be finite, not NaN");
        assert!(normal(out, 0.0, nan, rng).is_err() && normal(out, 0.0, inf, rng).is_err());
        for p in [-0.1, 1.1, nan] {
            assert_eq!(
                message(bernoulli(out, p, rng)),
                format!("bernoulli: p must be between 0 and 1, not {p}")
            );
        }
        assert_eq!(out, &[0.0; 2], "nothing is written when there is an error");
    }
}
