use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::{Generator, truncated_normal};

use super::Listed;
use crate::config::settings;

settings! {
    "truncated_normal": "N(mean, deviation^2) within [low, high]";

    /// Normally with a mean and a standard deviation, restricted to `[low, high]`; 0, 1 and
    /// `[-2, 2]` by default.
    ///
    /// The bounds are absolute, as in PyTorch's `trunc_normal_`, not in units of the deviation:
    /// with a deviation of 0.02 the default bounds cut nothing off. The deviation is that before
    /// the cut.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct TruncatedNormal {
        /// The mean before the cut.
        pub mean: f64 = 0.0;
        /// The standard deviation before the cut.
        pub deviation: f64 = 1.0;
        /// The lowest value.
        pub low: f64 = -2.0;
        /// The highest value.
        pub high: f64 = 2.0;
    }
}

impl Initialiser for TruncatedNormal {
    fn fill(&self, _: Shape, values: &mut [f64], generator: &mut Generator) -> Result<(), String> {
        let TruncatedNormal { mean, deviation, low, high } = *self;
        truncated_normal(values, mean, deviation, low, high, generator)
            .map_err(|error| error.to_string())
    }
}

impl Listed for TruncatedNormal {
    fn name(&self) -> &'static str {
        "truncated_normal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right_and_an_empty_interval_is_an_error() {
        // The deviation of a standard normal number within +-2.
        check_moments(&TruncatedNormal::default(), 0.879_625_661_034_239_8, Some(2.0));
        let mut generator = chainrule_tensor::random::generator(0);
        let empty = TruncatedNormal { low: 1.0, high: 1.0, ..TruncatedNormal::default() };
        let error = empty.fill([2].into(), &mut [0.0; 2], &mut generator).unwrap_err();
        assert!(error.contains("truncated_normal"), "{error}");
    }
}
