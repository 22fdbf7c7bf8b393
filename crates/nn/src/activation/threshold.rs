use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "threshold": "x where x > threshold, else value";

    /// `y = x` above a threshold, a fixed `value` at it and below; derivative 1 or 0.
    ///
    /// PyTorch has no defaults; here both are 0, which makes it a [`Relu`](super::Relu). A
    /// threshold of 1 and a value of 0 are the defaults of ONNX's `ThresholdedRelu`. Where `value`
    /// is not the threshold the function jumps, and has no Lipschitz constant.
    ///
    /// Source: Konda, Memisevic and Krueger, "Zero-Bias Autoencoders and the Benefits of
    /// Co-Adapting Features", 2014.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Threshold {
        /// The threshold that an input must exceed to pass; must be finite.
        pub threshold: f64 = 0.0, finite();
        /// The output otherwise; must be finite.
        pub value: f64 = 0.0, finite();
    }
}

pointwise_activation!(Threshold);

impl<T: Real> Pointwise<T> for Threshold {
    fn name(&self) -> &'static str {
        "threshold"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        if x <= T::from_f64(self.threshold) { T::from_f64(self.value) } else { x }
    }

    #[inline(always)]
    fn derivative(&self, at: T) -> T {
        self.pull_back(T::ONE, at)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, at: T) -> T {
        // Not through a mask in place: see `Relu`.
        (if at <= T::from_f64(self.threshold) { T::ZERO } else { upstream }) + T::ZERO
    }

    fn derivative_reads(&self) -> DerivativeReads {
        // A value above the threshold may come from either side.
        if self.value <= self.threshold { DerivativeReads::Output } else { DerivativeReads::Input }
    }

    fn properties(&self) -> Properties {
        let kinks = vec![self.threshold];
        Properties {
            range: (self.value.min(self.threshold), f64::INFINITY),
            lipschitz: if self.value == self.threshold { 1.0 } else { f64::INFINITY },
            can_die: true,
            gain: second_moment_gain(self, &kinks),
            kinks,
            ..Properties::default()
        }
    }

    pointwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(&Threshold::default(), &[(-2.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5, 0.5, 1.0)]);
        let sparse = Threshold { threshold: 1.0, value: 0.0 };
        check::golden(&sparse, &[(-2.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.5, 1.5, 1.0)]);
        let high = Threshold { threshold: 0.1, value: 20.0 };
        check::golden(&high, &[(-1.0, 20.0, 0.0), (0.1, 20.0, 0.0), (0.2, 0.2, 1.0)]);
    }

    #[test]
    fn infinite_settings_are_a_mistake() {
        check::refuses(
            &Threshold { threshold: f64::INFINITY, value: 0.0 },
            "threshold: threshold must be finite, but it is inf",
        );
        check::refuses(
            &Threshold { threshold: 0.0, value: f64::NAN },
            "threshold: value must be finite, but it is NaN",
        );
    }
}
