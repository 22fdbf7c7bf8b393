use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

use super::fill::{check_normal, require};
use crate::{Real, TensorError};

/// Fills `values` from the normal distribution restricted to `[low, high]`.
///
/// The bounds are absolute, as in PyTorch's `trunc_normal_`, not in units of the deviation; they
/// may be infinite. A deviation of 0 gives the point of the interval that is nearest to the mean.
/// It is exact and fast wherever the interval lies. It takes about two draws for a number at worst,
/// however far out in a tail (Robert, *Simulation of truncated normal variables*, Statistics and
/// Computing 5, 1995).
///
/// # Errors
/// [`TensorError::Parameter`] unless `low < high`, the mean is finite and the deviation finite and
/// not negative.
pub fn truncated_normal<T: Real>(
    values: &mut [T],
    mean: f64,
    standard_deviation: f64,
    low: f64,
    high: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), TensorError> {
    let op = "truncated_normal";
    check_normal(op, mean, standard_deviation)?;
    require(op, "interval", "ascending", low < high, || format!("[{low}, {high}]"))?;
    let (a, b) = ((low - mean) / standard_deviation, (high - mean) / standard_deviation);
    // Also when the interval is so many deviations away that what is drawn differs by less than
    // rounding.
    let is_point = standard_deviation == 0.0 || a >= FAR || b <= -FAR;
    let sampler = Sampler::new(a, b);
    for value in values {
        let x = if is_point { mean } else { mean + standard_deviation * sampler.draw(rng) };
        *value = T::from_f64(x.clamp(low, high));
    }
    Ok(())
}

/// A number of deviations whose square times a rounding is far below 1, and does not overflow.
const FAR: f64 = 1e150;

/// How to draw a standard normal number within `[a, b]`: three proposals, each accepted with a
/// probability that is never small.
#[derive(Clone, Copy, Debug)]
enum Sampler {
    /// A wide interval around zero: draw until it is hit.
    Normal { a: f64, b: f64 },
    /// A narrow interval: uniform, accepted in proportion to the density; `peak` is where that is
    /// largest.
    Uniform { a: f64, b: f64, peak: f64 },
    /// A tail from `a > 0`: exponential with the best rate `a + excess`.
    Tail { a: f64, b: f64, rate: f64, excess: f64 },
    /// The lower side, mirrored.
    Mirrored { a: f64, b: f64, rate: f64, excess: f64 },
}

impl Sampler {
    fn new(a: f64, b: f64) -> Self {
        if a < 0.0 && b > 0.0 {
            let is_wide = b - a > (2.0 * std::f64::consts::PI).sqrt();
            return if is_wide {
                Sampler::Normal { a, b }
            } else {
                Sampler::Uniform { a, b, peak: 0.0 }
            };
        }
        let (near, far) = if a >= 0.0 { (a, b) } else { (-b, -a) };
        // rate = (near + sqrt(near^2 + 4)) / 2, in forms that neither overflow nor cancel.
        let root = near.hypot(2.0);
        let (excess, rate) = (2.0 / (near + root), 0.5 * near + 0.5 * root);
        if far - near <= excess * (0.5 - near / (near + root)).exp() {
            Sampler::Uniform { a, b, peak: if a >= 0.0 { a } else { b } }
        } else if a >= 0.0 {
            Sampler::Tail { a: near, b: far, rate, excess }
        } else {
            Sampler::Mirrored { a: near, b: far, rate, excess }
        }
    }

    fn draw(self, rng: &mut (impl Rng + ?Sized)) -> f64 {
        match self {
            Sampler::Normal { a, b } => loop {
                let x: f64 = rng.sample(StandardNormal);
                if (a..=b).contains(&x) {
                    return x;
                }
            },
            Sampler::Uniform { a, b, peak } => loop {
                let x = a + (b - a) * rng.random::<f64>();
                // density(x) / density(peak)
                if rng.random::<f64>() <= (-0.5 * (x - peak) * (x + peak)).exp() {
                    return x;
                }
            },
            Sampler::Tail { a, b, rate, excess } => loop {
                let distance = rng.sample::<f64, _>(Exp1) / rate;
                // The proposal touches the density at `rate`, which is `excess` above `a`.
                if a + distance <= b
                    && rng.random::<f64>() <= (-0.5 * (distance - excess).powi(2)).exp()
                {
                    return a + distance;
                }
            },
            Sampler::Mirrored { a, b, rate, excess } => {
                -Sampler::Tail { a, b, rate, excess }.draw(rng)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    /// Kind "limits" (pytorch#49844): an interval as far away as numbers go is a point, and no loop
    /// without end.
    #[test]
    fn intervals_at_the_end_of_numbers_are_points() {
        for (low, high) in [(1e308, f64::MAX), (f64::MIN, -1e308), (1e160, 1e161)] {
            let mut values = [0.0_f64; 4];
            truncated_normal(&mut values, 0.0, 1.0, low, high, &mut generator(1)).unwrap();
            assert_eq!(values, [if low > 0.0 { low } else { high }; 4]);
        }
        let mut values = [0.0_f64; 4];
        truncated_normal(&mut values, 0.0, 0.9, 1.6e308, f64::MAX, &mut generator(1)).unwrap();
        assert_eq!(values, [1.6e308; 4]);
    }

    /// Mean, variance and median against numerical integration of the density.
    fn check_distribution(mean: f64, deviation: f64, low: f64, high: f64) {
        let n = 100_000;
        let mut values = vec![0.0_f64; n];
        truncated_normal(&mut values, mean, deviation, low, high, &mut generator(11)).unwrap();
        assert!(values.iter().all(|x| (low..=high).contains(x)), "outside of [{low}, {high}]");

        // What lies 12 deviations beyond the mean or the near bound has no weight.
        let peak = mean.clamp(low, high);
        let (left, right) = (low.max(peak - 12.0 * deviation), high.min(peak + 12.0 * deviation));
        let steps = 400_000;
        let width = (right - left) / f64::from(steps);
        let log_density = |x: f64| -0.5 * ((x - mean) / deviation).powi(2);
        let points = || (0..steps).map(|i| left + (f64::from(i) + 0.5) * width);
        let weight = |x: f64| (log_density(x) - log_density(peak)).exp();
        let total: f64 = points().map(weight).sum();
        let moment =
            |f: &dyn Fn(f64) -> f64| points().map(|x| weight(x) * f(x)).sum::<f64>() / total;
        let center = moment(&|x| x - peak);
        let variance = moment(&|x| (x - peak - center).powi(2));
        let fourth = moment(&|x| (x - peak - center).powi(4));
        let context = format!("N({mean}, {deviation}^2) in [{low}, {high}]");

        let sample_center = values.iter().map(|x| x - peak).sum::<f64>() / n as f64;
        let error = (variance / n as f64).sqrt();
        assert!(
            (sample_center - center).abs() < 4.5 * error,
            "{context}: mean {sample_center} for {center} +- {error}"
        );
        let sample_variance =
            values.iter().map(|x| (x - peak - center).powi(2)).sum::<f64>() / n as f64;
        let error = ((fourth - variance * variance) / n as f64).sqrt();
        assert!(
            (sample_variance - variance).abs() < 4.5 * error,
            "{context}: variance {sample_variance} for {variance}"
        );
        let below = values.iter().filter(|&&x| x - peak < center).count() as f64 / n as f64;
        let expected = moment(&|x| if x - peak < center { 1.0 } else { 0.0 });
        let error = (0.25 / n as f64).sqrt();
        assert!(
            (below - expected).abs() < 4.5 * error,
            "{context}: {below} below the mean for {expected}"
        );
    }

    #[test]
    fn the_distribution_is_right_wherever_the_interval_lies() {
        let inf = f64::INFINITY;
        for (mean, deviation, low, high) in [
            (0.0, 1.0, -2.0, 2.0),
            (0.5, 2.0, -2.0, 2.0),
            (0.0, 1.0, -0.3, 0.5),
            (0.0, 1.0, -0.1, 9.0),
            (1.0, 0.1, 1.0, 3.0),
            (0.0, 1.0, 0.5, 0.7),
            (0.0, 1.0, 2.0, inf),
            (0.0, 1.0, 8.0, 9.0),
            (0.0, 1.0, 8.0, 8.01),
            (0.0, 1.0, -inf, -6.0),
            (3.0, 2.0, -40.0, -20.0),
            (0.0, 1.0, -inf, inf),
        ] {
            check_distribution(mean, deviation, low, high);
        }
    }

    #[test]
    fn far_tails_and_degenerate_cases_end() {
        let mut values = [0.0_f32; 1000];
        for (mean, deviation, low, high) in [
            (0.0, 1.0, 1e3, 1e4),
            (0.0, 1.0, -1e9, -1e8),
            (0.0, 1e-300, 1e20, 2e20),
            (0.0, 1.0, 1e160, 1e200),
            (0.0, 1.0, 1e308, f64::MAX),
            (0.0, 1.0, 1.0, 1.0 + f64::EPSILON),
            (0.0, 1e300, -1e-300, 1e-300),
        ] {
            truncated_normal(&mut values, mean, deviation, low, high, &mut generator(1)).unwrap();
            assert!(
                values.iter().all(|&x| x >= low as f32 && x <= high as f32),
                "[{low}, {high}]: {}",
                values[0]
            );
        }
        for (mean, expected) in [(0.5, 0.5), (7.0, 2.0), (-7.0, -2.0)] {
            truncated_normal(&mut values, mean, 0.0, -2.0, 2.0, &mut generator(1)).unwrap();
            assert_eq!(values, [expected; 1000]);
        }
    }

    #[test]
    fn few_draws_are_refused() {
        /// Counts what is drawn.
        struct Counter(crate::random::Generator, usize);
        impl rand::TryRng for Counter {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                self.1 += 1;
                Ok(self.0.next_u32())
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                self.1 += 1;
                Ok(self.0.next_u64())
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                self.0.fill_bytes(bytes);
                Ok(())
            }
        }
        let edges = [0.0, 0.1, 0.5, 1.0, 2.0, 4.0, 10.0, 100.0];
        for low in edges.into_iter().flat_map(|x| [x, -x]) {
            for width in [1e-6, 0.1, 0.5, 1.0, 2.5, 2.6, 10.0, f64::INFINITY] {
                let mut counter = Counter(generator(1), 0);
                truncated_normal(&mut [0.0_f64; 2000], 0.0, 1.0, low, low + width, &mut counter)
                    .unwrap();
                // Two numbers for a proposal, an acceptance above 0.49.
                assert!(
                    counter.1 < 2000 * 9 / 2,
                    "[{low}, {low} + {width}]: {} draws for 2000",
                    counter.1
                );
            }
        }
    }

    #[test]
    fn parameters_without_sense_are_errors_that_name_them() {
        let rng = &mut generator(1);
        let mut out = [0.0_f32];
        let mut message = |mean, deviation, low, high| {
            truncated_normal(&mut out, mean, deviation, low, high, rng).unwrap_err().to_string()
        };
        assert_eq!(
            message(0.0, 1.0, 2.0, -2.0),
            "truncated_normal: interval must be ascending, not [2, -2]"
        );
        assert_eq!(
            message(0.0, 1.0, 2.0, 2.0),
            "truncated_normal: interval must be ascending, not [2, 2]"
        );
        assert_eq!(
            message(0.0, 1.0, f64::NAN, 2.0),
            "truncated_normal: interval must be ascending, not [NaN, 2]"
        );
        let rule = "standard_deviation must be finite and not negative";
        assert_eq!(message(0.0, -1.0, -2.0, 2.0), format!("truncated_normal: {rule}, not -1"));
        assert_eq!(
            message(f64::NAN, 1.0, -2.0, 2.0),
            "truncated_normal: mean must be finite, not NaN"
        );
    }
}
