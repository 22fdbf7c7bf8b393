use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

use super::linear::default_bias;
use super::{Layer, Listed, Sample, checked};
use crate::config::settings;

settings! {
    "bilinear": "x1 A x2 + b";

    /// A form linear in each of two inputs: `y_k = sum_ij x1_i A_ijk x2_j + b_k`, with parameters
    /// `weight: [first, second, outputs]` and `bias: [outputs]`.
    ///
    /// [`forward_pair`](Bilinear::forward_pair) takes the two inputs apart. As a layer, which has
    /// one input, it takes them behind each other along the last axis, `[.., first + second]`. Both
    /// parameters are drawn uniformly from `+-1 / sqrt(first)`, as in PyTorch, which stores weights
    /// as `[outputs, first, second]`.
    ///
    /// The products of all pairs of features are kept for the way back: `batch * first * second`
    /// numbers.
    ///
    /// Another number of features is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    /// use chainrule_nn::Bilinear;
    ///
    /// let graph = Graph::<f32>::new();
    /// let (user, item) = (graph.input("user", [32, 8]), graph.input("item", [32, 5]));
    /// assert_eq!(Bilinear::new(8, 5, 1).forward_pair(user, item).shape(), [32, 1].into());
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Bilinear {
        /// The number of features of the first input.
        pub first: usize = 2, at_least(1);
        /// The number of features of the second input.
        pub second: usize = 3, at_least(1);
        /// The number of outputs.
        pub outputs: usize = 1, at_least(1);
        /// Adds a bias.
        pub bias: bool = true;
    }
}

impl Bilinear {
    /// From these numbers of features to `outputs`.
    #[must_use]
    pub fn new(first: usize, second: usize, outputs: usize) -> Self {
        Bilinear { first, second, outputs, bias: true }
    }

    /// The layer without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// Records the value for two inputs `[.., first]` and `[.., second]` that agree in all other
    /// axes.
    ///
    /// # Panics
    /// If the variables are of different graphs.
    #[track_caller]
    pub fn forward_pair<'g, T: Real>(&self, x1: Var<'g, T>, x2: Var<'g, T>) -> Var<'g, T> {
        let graph = x1.graph();
        checked(graph, self);
        let Bilinear { first, second, outputs, .. } = *self;
        let (a, b) = (x1.shape(), x2.shape());
        let fits = a.last() == Some(&first)
            && a.rank() == b.rank()
            && b == a.with_length(a.rank() - 1, second);
        if !fits {
            graph
                .fail(format!("bilinear: takes [.., {first}] and [.., {second}], not {a} and {b}"));
            return x1;
        }
        let rows = a.as_rows().0;
        let pairs = x1.reshape([rows, first, 1]) * x2.reshape([rows, 1, second]);
        let of_pairs = first.saturating_mul(second);
        let pairs = pairs.reshape([rows, of_pairs]);
        let weight = graph.param("weight", [first, second, outputs], default_bias(first));
        let weight = weight.reshape([of_pairs, outputs]);
        let y = if self.bias {
            pairs.affine(weight, graph.param("bias", [outputs], default_bias(first)))
        } else {
            pairs.matmul(weight)
        };
        y.reshape(a.with_length(a.rank() - 1, outputs))
    }
}

impl<T: Real> Layer<T> for Bilinear {
    fn kind(&self) -> &str {
        "bilinear"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let both = self.first.saturating_add(self.second);
        let Some(last) = x.shape().rank().checked_sub(1).filter(|&last| x.shape()[last] == both)
        else {
            let (shape, first, second) = (x.shape(), self.first, self.second);
            x.graph()
                .fail(format!("bilinear: takes [.., {first} + {second}] features, not {shape}"));
            return x;
        };
        self.forward_pair(x.slice(last, ..self.first), x.slice(last, self.first..))
    }
}

impl<T: Real> Listed<T> for Bilinear {
    fn samples(&self) -> Vec<Sample> {
        let both = self.first.saturating_add(self.second);
        [Shape::new(&[both]), Shape::new(&[2, both])].map(Sample::Values).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn each_pair_of_features_has_a_weight() {
        let x = Tensor::from_rows([[1.0, 2.0, 3.0], [0.0, -1.0, 2.0]]);
        let y = evaluated(&Bilinear::new(2, 1, 2), &x, |params| {
            params.get_mut("weight").unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
            params.get_mut("bias").unwrap().copy_from_slice(&[0.5, 0.0]);
        });
        assert_eq!(y, Tensor::from_rows([[3.0 + 18.0 + 0.5, 6.0 + 24.0], [-6.0 + 0.5, -8.0]]));
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for layer in [Bilinear::new(2, 3, 4), Bilinear::new(1, 4, 1).without_bias()] {
            derivatives(&layer, [3, 5]);
            derivatives(&layer, [2, 1, 5]);
        }
    }

    #[test]
    fn other_numbers_of_features_are_mistakes() {
        assert_eq!(
            mistake(&Bilinear::new(2, 3, 1), [4, 6]),
            "bilinear: takes [.., 2 + 3] features, not [4, 6]"
        );
        let message = "bilinear: outputs must be at least 1, but it is 0";
        assert_eq!(mistake(&Bilinear::new(2, 3, 0), [4, 5]), message);
    }
}
