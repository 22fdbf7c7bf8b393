use std::sync::Arc;

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Initialiser, Var};
use chainrule_tensor::{Real, Shape, simd};

use super::linear::{default_bias, default_weights};
use super::row_norm::is_safe;
use super::{Layer, Listed, checked};
use crate::config::settings;

settings! {
    "weight_norm": "x w + b with w = g v / norm(v)";

    /// A fully connected layer whose weights are a direction and a length for each output: `y = x w
    /// + b` with the columns `w_j = g_j v_j / norm(v_j)`. As PyTorch's `weight_norm` around a
    /// linear layer.
    ///
    /// Parameters: `direction: [inputs, outputs]`, that is `v`, drawn as the weights of
    /// [`Linear`](crate::Linear); `magnitude: [outputs]`, that is `g`; and `bias: [outputs]`.
    /// PyTorch starts `g` from the norms of the drawn `v`; here it starts from their expected value
    /// `1 / sqrt 3` for the default directions. The gradient by `v_j` is orthogonal to `v_j`.
    ///
    /// A column `v_j` of zeros has no direction and gives NaN.
    ///
    /// Source: Salimans and Kingma, "Weight Normalization: A Simple Reparameterization to
    /// Accelerate Training of Deep Neural Networks", 2016.
    #[derive(Clone, Debug)]
    pub struct WeightNorm {
        /// The number of inputs; `None` for as many as there are.
        inputs: Option<usize> = None, at_least(1);
        /// The number of outputs.
        outputs: usize = 1, at_least(1);
        /// Adds a bias.
        bias: bool = true;
        /// The first length of the weights of each output.
        magnitude: f64 = 1.0 / 3.0_f64.sqrt(), finite();
        ..
        direction_init: Option<Arc<dyn Initialiser>> = None;
    }
}

impl WeightNorm {
    /// The layer from `inputs` features to `outputs` features.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize) -> Self {
        WeightNorm { inputs: Some(inputs), ..WeightNorm::to(outputs) }
    }

    /// The layer from as many features as there are to `outputs` features.
    #[must_use]
    pub fn to(outputs: usize) -> Self {
        WeightNorm { outputs, ..WeightNorm::default() }
    }

    /// The first length of the weights of each output.
    #[must_use]
    pub fn magnitude(mut self, magnitude: f64) -> Self {
        self.magnitude = magnitude;
        self
    }

    /// How the directions get their first values.
    #[must_use]
    pub fn direction_init(mut self, initialiser: impl Initialiser + 'static) -> Self {
        self.direction_init = Some(Arc::new(initialiser));
        self
    }

    /// The layer without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }
}

impl<T: Real> Layer<T> for WeightNorm {
    fn kind(&self) -> &str {
        "weight_norm"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let inputs = self.inputs.unwrap_or(x.features());
        let direction_init =
            self.direction_init.clone().unwrap_or_else(|| Arc::new(default_weights()));
        let v = graph.param("direction", [inputs, self.outputs], direction_init);
        let g = graph.param("magnitude", [self.outputs], self.magnitude);
        let weight = v * (g / graph.apply(ColumnNorms, &[v]));
        if self.bias {
            x.affine(weight, graph.param("bias", [self.outputs], default_bias(inputs)))
        } else {
            x.matmul(weight)
        }
    }
}

/// The Euclidean norm of each column of `[inputs, outputs]`; derivative `v / norm`. Gathered in
/// `T::Wide`, and measured by the largest number where squares overflow or vanish even there.
#[derive(Debug)]
struct ColumnNorms;

impl<T: Real> Op<T> for ColumnNorms {
    fn name(&self) -> &str {
        "column_norms"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok([inputs[0][1]].into())
    }

    fn reads(&self) -> Reads {
        Reads::EVERYTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        const BLOCK: usize = 32;
        let (v, columns) = (pass.inputs.get(0), pass.output.len());
        for (start, norms) in (0..columns).step_by(BLOCK).zip(pass.output.chunks_mut(BLOCK)) {
            let mut squares = [T::Wide::ZERO; BLOCK];
            simd::dispatch(
                #[inline(always)]
                || {
                    for row in v.chunks_exact(columns) {
                        for (square, v) in squares.iter_mut().zip(&row[start..start + norms.len()])
                        {
                            *square += v.widen() * v.widen();
                        }
                    }
                },
            );
            for (c, (norm, square)) in norms.iter_mut().zip(squares).enumerate() {
                let column = || v.iter().skip(start + c).step_by(columns).map(|v| v.widen());
                *norm =
                    T::narrow(if is_safe(square) { square.sqrt() } else { scaled_norm(column()) });
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (v, norms) = (pass.inputs.get(0), pass.output);
        let Some(dv) = pass.cotangents.get(0) else { return };
        for (dv, v) in
            dv.accumulate().chunks_exact_mut(norms.len()).zip(v.chunks_exact(norms.len()))
        {
            for (((dv, &v), &norm), &g) in dv.iter_mut().zip(v).zip(norms).zip(&*pass.upstream) {
                *dv += g * (v / norm);
            }
        }
    }
}

#[cold]
fn scaled_norm<W: Real>(column: impl Iterator<Item = W> + Clone) -> W {
    let largest = column.clone().fold(W::ZERO, |largest, v| largest.maximum(v.abs()));
    if largest == W::ZERO {
        return largest;
    }
    largest * column.map(|v| (v / largest) * (v / largest)).sum::<W>().sqrt()
}

impl<T: Real> Listed<T> for WeightNorm {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn columns_have_the_length_of_their_magnitude() {
        let x = Tensor::from_rows([[1.0, 0.0], [0.0, 1.0]]);
        let w = evaluated(&WeightNorm::new(2, 2).without_bias(), &x, |params| {
            params.get_mut("direction").unwrap().copy_from_slice(&[3.0, 0.0, 4.0, -2.0]);
            params.get_mut("magnitude").unwrap().copy_from_slice(&[10.0, 0.5]);
        });
        for (w, expected) in w.values().iter().zip([6.0, 0.0, 8.0, -0.5]) {
            assert!((w - expected).abs() < 1e-15, "{w} is not {expected}");
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for layer in [
            WeightNorm::new(3, 4),
            WeightNorm::to(1).without_bias(),
            WeightNorm::to(2).magnitude(-2.0),
        ] {
            for shape in [&[1, 3][..], &[5, 3], &[2, 2, 3]] {
                derivatives(&layer, shape);
            }
        }
    }

    #[test]
    fn no_outputs_are_a_mistake() {
        assert_eq!(
            mistake(&WeightNorm::to(0), [2, 3]),
            "weight_norm: outputs must be at least 1, but it is 0"
        );
    }
}
