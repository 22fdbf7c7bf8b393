use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use crate::config::settings;

settings! {
    "leaky_relu": "x where x > 0, else slope x";

    /// The leaky rectified linear unit: `y = x` above zero, `slope * x` at zero and below;
    /// derivative 1 or `slope`.
    ///
    /// The small slope lets a unit recover that a ReLU would lose. Default slope 0.01, as in
    /// PyTorch (Keras: 0.3).
    ///
    /// Source: Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    /// Models", 2013.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct LeakyRelu {
        /// The slope below zero.
        pub slope: f64 = 0.01;
    }
}

pointwise_activation!(LeakyRelu);

impl<T: Real> Pointwise<T> for LeakyRelu {
    fn name(&self) -> &'static str {
        "leaky_relu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        if x > T::ZERO { x } else { T::from_f64(self.slope) * x }
    }

    #[inline(always)]
    fn derivative(&self, at: T) -> T {
        if at > T::ZERO { T::ONE } else { T::from_f64(self.slope) }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        // The output has the sign of the input only for a positive slope.
        if self.slope > 0.0 { DerivativeReads::Output } else { DerivativeReads::Input }
    }

    fn properties(&self) -> Properties {
        let slope = self.slope;
        Properties {
            range: (if slope > 0.0 { f64::NEG_INFINITY } else { 0.0 }, f64::INFINITY),
            kinks: vec![0.0],
            lipschitz: slope.abs().max(1.0),
            can_die: slope == 0.0,
            gain: (2.0 / (1.0 + slope * slope)).sqrt(),
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
        check::golden(
            &LeakyRelu::default(),
            &[(-3.0, -0.03, 0.01), (0.0, 0.0, 0.01), (0.5, 0.5, 1.0)],
        );
        check::golden(&LeakyRelu { slope: 0.3 }, &[(-1.0, -0.3, 0.3), (2.0, 2.0, 1.0)]);
    }

    #[test]
    fn slopes_at_and_below_zero_read_the_input() {
        check::golden(&LeakyRelu { slope: 0.0 }, &[(-3.0, 0.0, 0.0), (0.5, 0.5, 1.0)]);
        check::golden(&LeakyRelu { slope: -1.0 }, &[(-3.0, 3.0, -1.0), (0.5, 0.5, 1.0)]);
    }
}
