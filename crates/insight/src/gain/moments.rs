use chainrule_graph::{DerivativeReads, Pointwise};
use chainrule_tensor::Real;

/// The effect of an activation on the size of normally distributed values, and to that of their
/// gradients.
///
/// For `z` normal with mean 0 and mean square `q`: `square(q) = E f(z)^2` and
/// `slope(q) = E f'(z)^2`, by the midpoint rule on 1024 intervals within 8 standard deviations. It
/// is right to four digits also at kinks.
pub(super) struct Moments<'a, T: Real>(pub(super) &'a dyn Pointwise<T>);

impl<T: Real> Moments<'_, T> {
    /// `E f(z)^2`.
    pub(super) fn square(&self, q: f64) -> f64 {
        expectation(q, |z| self.0.value(T::from_f64(z)).to_f64().powi(2))
    }

    /// `E f'(z)^2`.
    pub(super) fn slope(&self, q: f64) -> f64 {
        expectation(q, |z| {
            let z = T::from_f64(z);
            let at = match self.0.derivative_reads() {
                DerivativeReads::Output => self.0.value(z),
                _ => z,
            };
            self.0.derivative(at).to_f64().powi(2)
        })
    }

    /// The gain that keeps the mean square of values at 1: `g^2 E f(z)^2 = 1`.
    pub(super) fn gain_for_values(&self) -> Option<f64> {
        let gain = 1.0 / self.square(1.0).sqrt();
        gain.is_finite().then_some(gain)
    }

    /// The gain that keeps gradients: `g^2 E f'(z)^2 = 1` where the mean square `q` of `z` is the
    /// one that the same gain keeps, `q = g^2 E f(z)^2`. Of several the one whose `q` is nearest to
    /// 1; `None` if even the nearest misses by 10 %.
    pub(super) fn gain_for_gradients(&self) -> Option<f64> {
        const STEPS: i32 = 80;
        // How much a gradient's mean square grows in a layer whose weights keep the values' mean
        // square at q.
        let growth = |q: f64| (q * self.slope(q) / self.square(q)).ln();
        let at = |step: i32| 10.0_f64.powf(f64::from(step) / 20.0);
        let grid: Vec<(f64, f64)> =
            (-STEPS..=STEPS).map(|step| (at(step), growth(at(step)))).collect();
        let kept = grid.iter().filter(|(_, growth)| growth.abs() < 1e-6).map(|(q, _)| *q);
        let crossing = |pair: &&[(f64, f64)]| pair[0].1 * pair[1].1 < 0.0;
        let crossed =
            grid.windows(2).filter(crossing).map(|pair| bisect(pair[0].0, pair[1].0, growth));
        let from_one = |a: &f64, b: &f64| a.ln().abs().total_cmp(&b.ln().abs());
        let q = kept.chain(crossed).min_by(from_one).or_else(|| {
            let nearest = grid.iter().min_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
            (nearest.1.abs() < 0.1).then_some(nearest.0)
        })?;
        Some((q / self.square(q)).sqrt())
    }

    /// How much a gradient's mean square grows in each layer on the way back. Weights of this gain
    /// have then brought the values to the mean square at which they stay.
    pub(super) fn growth_at(&self, gain: f64) -> f64 {
        let mut q: f64 = 1.0;
        for _ in 0..60 {
            q = (gain * gain * self.square(q)).clamp(1e-12, 1e12);
        }
        gain * gain * self.slope(q)
    }
}

/// `E f(z)` for `z` normal with mean 0 and mean square `q`.
fn expectation(q: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 1024;
    const FAR: f64 = 8.0;
    let (deviation, width) = (q.sqrt(), 2.0 * FAR / STEPS as f64);
    let density = |u: f64| (-0.5 * u * u).exp() / std::f64::consts::TAU.sqrt();
    let points = (0..STEPS).map(|step| (step as f64 + 0.5) * width - FAR);
    points.map(|u| width * density(u) * f(deviation * u)).sum()
}

/// A zero of `f` between `low` and `high`, where its signs differ.
fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let below = f(low) < 0.0;
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if (f(middle) < 0.0) == below { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_nn::activation::{Identity, Relu, Selu, Sigmoid, Tanh};

    #[test]
    fn known_moments() {
        let relu = Moments::<f64>(&Relu);
        assert!((relu.square(3.0) - 1.5).abs() < 1e-6 && (relu.slope(3.0) - 0.5).abs() < 1e-6);
        // The constants of SELU are made so that mean square 1 stays.
        assert!((Moments::<f64>(&Selu).square(1.0) - 1.0).abs() < 1e-6);
        // Near zero the sigmoid is 1/2 with slope 1/4.
        let sigmoid = Moments::<f64>(&Sigmoid);
        assert!(
            (sigmoid.square(1e-6) - 0.25).abs() < 1e-6
                && (sigmoid.slope(1e-6) - 0.0625).abs() < 1e-6
        );
    }

    #[test]
    fn gains_that_keep_values_or_gradients() {
        let close = |gain: Option<f64>, expected: f64| {
            let gain = gain.expect("there is one");
            assert!((gain - expected).abs() < 2e-3, "{gain} is not {expected}");
        };
        close(Moments::<f64>(&Relu).gain_for_values(), std::f64::consts::SQRT_2);
        close(Moments::<f64>(&Relu).gain_for_gradients(), std::f64::consts::SQRT_2);
        close(Moments::<f64>(&Identity).gain_for_gradients(), 1.0);
        // E tanh(z)^2 for a standard normal z is 0.394.
        close(Moments::<f64>(&Tanh).gain_for_values(), 1.5927);
        // The edge of chaos of tanh without biases (Schoenholz et al., 2017).
        close(Moments::<f64>(&Tanh).gain_for_gradients(), 1.0);
    }

    #[test]
    fn a_sigmoid_needs_a_gain_far_above_its_usual_one() {
        let sigmoid = Moments::<f64>(&Sigmoid);
        assert!(sigmoid.growth_at(1.0) < 0.0625);
        let gain = sigmoid.gain_for_gradients().unwrap();
        assert!(
            gain > 4.0 && (sigmoid.growth_at(gain) - 1.0).abs() < 0.02,
            "{gain}: {}",
            sigmoid.growth_at(gain)
        );
    }
}
