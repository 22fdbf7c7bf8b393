use std::sync::Arc;

use chainrule_graph::{DerivativeReads, Pointwise, Properties, Var};
use chainrule_tensor::Real;

use super::Activation;
use super::bounds::{at_least, within};
use super::gain::second_moment_gain;
use super::sigmoid::sigmoid_and_rest;
use crate::Layer;
use crate::config::{Choice, settings};

settings! {
    "gelu": "x P(x), with P the standard normal distribution function";

    /// The Gaussian error linear unit: `y = x P(x)`, with `P(x) = erfc(-x / sqrt 2) / 2` the part
    /// of a standard normal distribution that lies below `x`; derivative `P(x) + x p(x)`, with the
    /// density `p(x) = e^(-x^2 / 2) / sqrt(2 pi)`.
    ///
    /// With `approximate=tanh`, `P(x)` is replaced by `(1 + tanh(u)) / 2`, `u = sqrt(2 / pi) (x +
    /// 0.044715 x^3)`, which is off by up to 4.8e-4; Keras 2, Flux and JAX take that by default,
    /// PyTorch the exact form.
    ///
    /// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Gelu {
        /// The approximation of `P`: `none` or `tanh`.
        approximate: Choice = Choice::of(&["none", "tanh"]);
    }
}

impl Gelu {
    /// The approximation by `tanh`.
    #[must_use]
    pub fn tanh() -> Self {
        let Gelu { approximate } = Gelu::default();
        Gelu { approximate: approximate.at(1) }
    }

    fn function<T: Real>(self) -> Arc<dyn Pointwise<T>> {
        if self.approximate.index() == 0 { Arc::new(Exact) } else { Arc::new(Approximate) }
    }
}

impl<T: Real> Layer<T> for Gelu {
    fn kind(&self) -> &str {
        "gelu"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.map_shared(self.function())
    }
}

impl<T: Real> Activation<T> for Gelu {
    fn properties(&self) -> Properties {
        self.function::<f64>().properties()
    }

    fn pointwise(&self) -> Option<Arc<dyn Pointwise<T>>> {
        Some(self.function())
    }
}

#[derive(Clone, Copy, Debug)]
struct Exact;

impl<T: Real> Pointwise<T> for Exact {
    fn name(&self) -> &'static str {
        "gelu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let x = at_least(x, -FAR);
        x * below(x)
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        // 1 / sqrt(2 pi)
        const DENSITY: f64 = 0.398_942_280_401_432_7;
        let x = within(x, FAR);
        below(x) + x * (T::from_f64(DENSITY) * (-T::HALF * x * x).exp())
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-0.169_971_207_479_903_7, f64::INFINITY),
            // At sqrt 2.
            lipschitz: 1.128_904_145_185_154_8,
            responsive: (-2.278_560_693_803_555_6, f64::INFINITY),
            gain: second_moment_gain(self, &[]),
            ..Properties::default()
        }
    }
}

/// Beyond it both functions and their derivatives are at their limits; keeps `0 * inf` away.
const FAR: f64 = 1000.0;

/// The part of a standard normal distribution below `x`.
#[inline(always)]
fn below<T: Real>(x: T) -> T {
    T::HALF * (x * T::from_f64(-std::f64::consts::FRAC_1_SQRT_2)).erfc()
}

#[derive(Clone, Copy, Debug)]
struct Approximate;

// 2 u = x (LINEAR + CUBIC x^2)
const LINEAR: f64 = 2.0 * 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715 * LINEAR;

impl<T: Real> Pointwise<T> for Approximate {
    fn name(&self) -> &'static str {
        "gelu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let x = at_least(x, -FAR);
        // (1 + tanh u) / 2 is the logistic function of 2 u.
        x * (x * (T::from_f64(LINEAR) + T::from_f64(CUBIC) * x * x)).sigmoid()
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        let x = within(x, FAR);
        let square = x * x;
        let (part, rest) =
            sigmoid_and_rest(x * (T::from_f64(LINEAR) + T::from_f64(CUBIC) * square));
        part + part * rest * (x * (T::from_f64(LINEAR) + T::from_f64(3.0 * CUBIC) * square))
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-0.170_040_750_571_254_06, f64::INFINITY),
            // At 1.4185.
            lipschitz: 1.128_993_068_658_771_8,
            responsive: (-2.285_700_066_266_284_3, f64::INFINITY),
            gain: second_moment_gain(self, &[]),
            ..Properties::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::{by_name, check};

    #[test]
    fn golden_values() {
        check::golden(
            &Exact,
            &[
                (-3.0, -0.00404969409489, -0.0119456472042),
                (-1.0, -0.158655253931, -0.0833154705877),
                (-0.5, -0.154268769363, 0.132504875344),
                (0.0, 0.0, 0.5),
                (0.5, 0.345731230637, 0.867495124656),
                (1.0, 0.841344746069, 1.08331547059),
                (3.0, 2.99595030591, 1.0119456472),
            ],
        );
    }

    #[test]
    fn golden_values_of_the_approximation() {
        check::golden(
            &Approximate,
            &[
                (-3.0, -0.00363739208177302, -0.0115841666309697),
                (-1.0, -0.158808009391723, -0.0829640838457826),
                (-0.5, -0.154285990174856, 0.132630096465358),
                (0.0, 0.0, 0.5),
                (0.5, 0.345714009825144, 0.867369903534642),
                (1.0, 0.841191990608277, 1.08296408384578),
                (3.0, 2.99636260791823, 1.01158416663097),
            ],
        );
    }

    #[test]
    fn the_left_end_keeps_its_digits() {
        // x erfc(-x / sqrt 2) / 2 at -10, where 1 + erf would have none left; the argument's
        // rounding costs 50 of them.
        let y = Pointwise::<f64>::value(&Exact, -10.0);
        assert!((y / -7.619_853_024_160_527e-23 - 1.0).abs() < 2e-14, "{y:e}");
    }

    #[test]
    fn the_text_chooses_the_form() {
        let value = |text: &str| by_name::<f64>(text).unwrap().pointwise().unwrap().value(1.0);
        assert_eq!(value("gelu"), value("gelu(approximate=none)"));
        assert_eq!(value("gelu(approximate=tanh)"), Pointwise::<f64>::value(&Approximate, 1.0));
        let error = by_name::<f64>("gelu(approximate=fast)").unwrap_err().to_string();
        assert_eq!(error, "gelu: approximate=fast: must be none or tanh");
    }
}
