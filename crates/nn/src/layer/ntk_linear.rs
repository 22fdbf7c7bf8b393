use std::sync::Arc;

use chainrule_graph::{Initialiser, Var};
use chainrule_tensor::Real;

use super::{Layer, Listed, checked};
use crate::config::settings;
use crate::init::Normal;

settings! {
    "ntk_linear": "x w / sqrt(fan in) + b";

    /// A fully connected layer in the parametrisation of the neural tangent kernel:
    /// `y = x w / sqrt(inputs) + b` for `x: [.., inputs]`, with parameters
    /// `weight: [inputs, outputs]` and `bias: [outputs]`.
    ///
    /// All weights are of size 1 whatever the width, since the division stands in the layer instead
    /// of the initialiser: one learning rate moves the layers of all widths alike. By default
    /// weights and biases are drawn normally with deviation 1; [`UnitColumns`] draws them by data.
    ///
    /// ```
    /// use chainrule_nn::{Model, NtkLinear};
    ///
    /// let params: chainrule_graph::Params = NtkLinear::to(10).init([64], 7)?;
    /// assert_eq!(params.count(), 650);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// Source: Jacot, Gabriel and Hongler, "Neural Tangent Kernel: Convergence and Generalization
    /// in Neural Networks", 2018.
    ///
    /// [`UnitColumns`]: crate::init::UnitColumns
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct NtkLinear {
        /// The number of inputs; none for as many as there are.
        pub inputs: Option<usize> = None, at_least(1);
        /// The number of outputs.
        pub outputs: usize = 1, at_least(1);
        /// True if there is a bias.
        pub bias: bool = true;
    }
}

impl NtkLinear {
    /// The layer from as many features as there are to `outputs` features.
    #[must_use]
    pub fn to(outputs: usize) -> Self {
        NtkLinear { outputs, ..NtkLinear::default() }
    }
}

impl<T: Real> Layer<T> for NtkLinear {
    fn kind(&self) -> &str {
        "ntk_linear"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let inputs = self.inputs.unwrap_or(x.features());
        let drawn: Arc<dyn Initialiser> = Arc::new(Normal::default());
        let weight = graph.param("weight", [inputs, self.outputs], Arc::clone(&drawn));
        // A batch has fewer values than a matrix of weights, or about as many.
        let scaled = x.scale_shift(T::from_f64(1.0 / (inputs.max(1) as f64).sqrt()), T::ZERO);
        match self.bias {
            true => scaled.affine(weight, graph.param("bias", [self.outputs], drawn)),
            false => scaled.matmul(weight),
        }
    }
}

impl<T: Real> Listed<T> for NtkLinear {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn the_product_is_divided_by_the_root_of_the_fan_in() {
        let x = Tensor::from_rows([[1.0, -2.0, 3.0, 0.5], [0.0, 1.0, 1.0, 2.0]]);
        let y = evaluated(&NtkLinear::to(2), &x, |params| {
            params.get_mut("weight").unwrap().fill(3.0);
            params.get_mut("bias").unwrap().copy_from_slice(&[0.0, 1.0]);
        });
        assert_eq!(y.values(), [3.75, 4.75, 6.0, 7.0]);
    }

    #[test]
    fn derivatives_agree_with_differences() {
        derivatives(&NtkLinear::to(3), [4, 5]);
        derivatives(&NtkLinear { bias: false, inputs: Some(2), outputs: 4 }, [2, 3, 2]);
        assert_eq!(
            mistake(&NtkLinear::to(0), [2, 5]),
            "ntk_linear: outputs must be at least 1, but it is 0"
        );
    }
}
