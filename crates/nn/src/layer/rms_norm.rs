use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::row_norm::RowNorm;
use super::{Layer, Listed, Sample, checked, trailing};
use crate::config::settings;

settings! {
    "rms_norm": "x / sqrt(mean(x^2) + epsilon) * weight, over the features";

    /// Normalisation by the root mean square: `y = x / sqrt(mean(x^2) + epsilon) * weight`, over
    /// each sample's features: layer normalisation without mean and offset.
    ///
    /// With `z` the normalised value and `u = g weight`,
    /// `dx = (u - z mean(u z)) / sqrt(mean(x^2) + epsilon)`. Over the last axis, or over as many as
    /// `axes` says (1 by default). A parameter `weight` of the shape of those axes, first 1, unless
    /// `affine` is false. Without `epsilon` (`none`, the default) it is the type's machine epsilon,
    /// as in PyTorch.
    ///
    /// Fewer axes than `axes` are a mistake that planning reports.
    ///
    /// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RmsNorm {
        /// Added to the mean square; by default none, which stands for the type's machine epsilon.
        pub epsilon: Option<f64> = None, at_least(0.0);
        /// True if a learned scale follows.
        pub affine: bool = true;
        /// How many of the last axes are normalised together.
        pub axes: usize = 1;
    }
}

impl<T: Real> Layer<T> for RmsNorm {
    fn kind(&self) -> &str {
        "rms_norm"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let shape = trailing(x, "rms_norm", self.axes);
        let epsilon = self.epsilon.unwrap_or(T::EPSILON.to_f64());
        let op = RowNorm { name: "rms_norm", width: shape.elements(), centred: false, epsilon };
        if self.affine {
            graph.apply(op, &[x, graph.param("weight", shape, 1.0)])
        } else {
            graph.apply(op, &[x])
        }
    }
}

impl<T: Real> Listed<T> for RmsNorm {
    fn samples(&self) -> Vec<Sample> {
        [&[5][..], &[3, 4], &[20]].map(|shape| Sample::Values(shape.into())).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, mistake, pass};
    use chainrule_tensor::Tensor;

    #[test]
    fn each_row_gets_mean_square_one() {
        let x = Tensor::from_rows([[3.0, 4.0], [-1.0, 7.0]]);
        let [y, _] = pass(&RmsNorm { epsilon: Some(0.0), ..RmsNorm::default() }, &x, 0);
        let (a, b) = (12.5_f64.sqrt(), 5.0);
        for (y, expected) in y.values().iter().zip([3.0 / a, 4.0 / a, -1.0 / b, 7.0 / b]) {
            assert!((y - expected).abs() < 1e-15, "{y} is not {expected}");
        }
    }

    #[test]
    fn derivatives_agree_with_differences_over_one_axis_and_several() {
        for affine in [true, false] {
            for (axes, shape) in [(1, &[2, 3][..]), (1, &[1, 37]), (2, &[2, 3, 4]), (1, &[2, 1])] {
                // On a row of one value the default epsilon would make the derivative too small for
                // differences.
                derivatives(&RmsNorm { affine, axes, epsilon: Some(0.1) }, shape);
            }
            derivatives(&RmsNorm { affine, ..RmsNorm::default() }, [2, 5]);
        }
    }

    #[test]
    fn a_negative_epsilon_is_a_mistake() {
        let message = "rms_norm: epsilon must be finite and not negative, but it is -1";
        assert_eq!(
            mistake(&RmsNorm { epsilon: Some(-1.0), ..RmsNorm::default() }, [3, 2]),
            message
        );
    }
}
