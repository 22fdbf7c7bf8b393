use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::row_norm::RowNorm;
use super::{Layer, Listed, Sample, checked, trailing};
use crate::config::settings;

settings! {
    "layer_norm": "(x - mean) / sqrt(variance + epsilon) * weight + bias, over the features";

    /// Layer normalisation: each sample's features get mean 0 and variance 1, and then a learned
    /// scale and offset: `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`, with the
    /// variance divided by the number of features.
    ///
    /// With `z` the normalised value and `u = g weight`,
    /// `dx = (u - mean(u) - z mean(u z)) / sqrt(variance + epsilon)`. The statistics are over the
    /// last axis, or over as many as `axes` says (1 by default). Parameters of the shape of those
    /// axes: `weight`, first 1, and `bias`, first 0, unless `affine` is false; the latter also not
    /// if `bias` is. Training and evaluation are alike, and one sample is enough.
    ///
    /// Fewer axes than `axes` are a mistake that planning reports.
    ///
    /// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct LayerNorm {
        /// Added to the variance.
        pub epsilon: f64 = 1e-5, at_least(0.0);
        /// True if a learned scale and offset follow.
        pub affine: bool = true;
        /// True if the offset is among them.
        pub bias: bool = true;
        /// How many of the last axes are normalised together.
        pub axes: usize = 1;
    }
}

impl<T: Real> Layer<T> for LayerNorm {
    fn kind(&self) -> &str {
        "layer_norm"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let shape = trailing(x, "layer_norm", self.axes);
        let op = RowNorm {
            name: "layer_norm",
            width: shape.elements(),
            centred: true,
            epsilon: self.epsilon,
        };
        if !self.affine {
            return graph.apply(op, &[x]);
        }
        let weight = graph.param("weight", shape, 1.0);
        if self.bias {
            graph.apply(op, &[x, weight, graph.param("bias", shape, 0.0)])
        } else {
            graph.apply(op, &[x, weight])
        }
    }
}

impl<T: Real> Listed<T> for LayerNorm {
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
    fn each_row_gets_mean_zero_and_variance_one() {
        let x = Tensor::from_rows([[1.0, 2.0, 3.0], [-5.0, 0.0, 5.0]]);
        let [y, _] = pass(&LayerNorm { epsilon: 0.0, ..LayerNorm::default() }, &x, 0);
        let a = 1.5_f64.sqrt();
        for (y, expected) in y.values().iter().zip([-a, 0.0, a, -a, 0.0, a]) {
            assert!((y - expected).abs() < 1e-15, "{y} is not {expected}");
        }
    }

    #[test]
    fn derivatives_agree_with_differences_over_one_axis_and_several() {
        for (affine, bias) in [(true, true), (true, false), (false, true)] {
            for (axes, shape) in [(1, &[2, 3][..]), (1, &[1, 37]), (2, &[2, 3, 4]), (1, &[2, 3, 4])]
            {
                derivatives(&LayerNorm { affine, bias, axes, ..LayerNorm::default() }, shape);
            }
        }
    }

    #[test]
    fn too_few_axes_are_a_mistake() {
        let message = "layer_norm: the last 2 axes of [3] are asked for; there must be a batch \
                       axis beside them";
        assert_eq!(mistake(&LayerNorm { axes: 2, ..LayerNorm::default() }, [3]), message);
        let message = "layer_norm: the last 0 axes of [3, 2] are asked for; name at least one";
        assert_eq!(mistake(&LayerNorm { axes: 0, ..LayerNorm::default() }, [3, 2]), message);
    }
}
