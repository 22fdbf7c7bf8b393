use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::{Real, Shape, simd};

use super::Activation;
use crate::Layer;
use crate::config::formula;

/// The gated linear unit: the last axis is halved into values `a`, which come first, and gates `b`;
/// `y = a s` with `s = 1 / (1 + e^-b)`. Derivatives: by `a`, `s`; by `b`, `y (1 - s)`.
///
/// Shapes: `[.., 2 n]` becomes `[.., n]`; a last axis of odd length is a mistake that planning
/// reports.
///
/// Source: Dauphin, Fan, Auli and Grangier, "Language Modeling with Gated Convolutional Networks",
/// 2017.
///
/// ```
/// use chainrule_nn::activation::Glu;
/// use chainrule_nn::{Model, Sequential};
///
/// // 16 features, each with a gate.
/// let model = Sequential::new().linear(4, 32).layer(Glu).linear(16, 3);
/// model.init([4], 0)?;
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glu;

impl<T: Real> Layer<T> for Glu {
    fn kind(&self) -> &str {
        "glu"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.graph().apply(GluOp, &[x])
    }
}

impl<T: Real> Activation<T> for Glu {
    /// A product has no Lipschitz constant, since its derivative grows with the values. The gain is
    /// `1 / sqrt(E[a^2 s^2])`.
    fn properties(&self) -> Properties {
        Properties { gain: 1.846_228_545_338_605_4, ..Properties::default() }
    }

    fn divisor(&self) -> usize {
        2
    }
}

/// Saves the opened gates.
#[derive(Debug)]
struct GluOp;

impl<T: Real> Op<T> for GluOp {
    fn name(&self) -> &str {
        "glu"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = inputs[0];
        match shape.last() {
            Some(&length) if length > 0 && length.is_multiple_of(2) => {
                Ok(shape.with_length(shape.rank() - 1, length / 2))
            }
            _ => Err(format!(
                "shape {shape} has no last axis of even length, to be halved into values and gates"
            )),
        }
    }

    fn reads(&self) -> Reads {
        Reads::OUTPUT
    }

    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements() / 2
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (_, width) = pass.shape.as_rows();
        let (x, output, saved) = (pass.inputs.get(0), pass.output, pass.saved);
        simd::dispatch_with(
            #[inline(always)]
            |by| {
                for (y, x) in output.chunks_exact_mut(width).zip(x.chunks_exact(2 * width)) {
                    for (y, &b) in y.iter_mut().zip(&x[width..]) {
                        *y = b.sigmoid();
                    }
                }
                // Empty when there is no way back.
                for (saved, &s) in saved.iter_mut().zip(&*output) {
                    *saved = s;
                }
                for (y, x) in output.chunks_exact_mut(width).zip(x.chunks_exact(2 * width)) {
                    for (y, &a) in y.iter_mut().zip(&x[..width]) {
                        *y = by.flushed(*y * a);
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (_, width) = pass.shape.as_rows();
        let Some(dx) = pass.cotangents.get(0) else { return };
        let dx = dx.accumulate();
        simd::dispatch_with(
            #[inline(always)]
            |by| {
                let gates = pass.saved.chunks_exact(width);
                let rows =
                    dx.chunks_exact_mut(2 * width).zip(pass.output.chunks_exact(width)).zip(gates);
                for (((dx, y), s), g) in rows.zip(pass.upstream.chunks_exact(width)) {
                    let (da, db) = dx.split_at_mut(width);
                    for ((da, &s), &g) in da.iter_mut().zip(s).zip(g) {
                        *da = by.flushed(*da + g * s);
                    }
                    for (((db, &s), &y), &g) in db.iter_mut().zip(s).zip(y).zip(g) {
                        *db = by.flushed(*db + g * (y * (T::ONE - s)));
                    }
                }
            },
        );
    }
}

formula!(Glu: "a / (1 + e^-b), a and b the halves of the last axis");

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    use crate::Model;

    #[test]
    fn the_second_half_gates_the_first() {
        let params = Glu.init([4], 0).unwrap();
        let x = Tensor::from_rows([[1.0, -2.0, 0.0, 1e4], [3.0, 4.0, -1e4, f64::NAN]]);
        let y: Tensor<f64> = Glu.predict(&params, &x).unwrap();
        assert_eq!((y.row(0), y.row(1)[0]), (&[0.5, -2.0][..], 0.0));
        assert!(y.row(1)[1].is_nan());
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        for shape in [Shape::new(&[2]), Shape::new(&[3, 4]), Shape::new(&[2, 2, 6])] {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7).cos() * 3.0);
            gradcheck(&[x], |_, x| Glu.forward(x[0])).unwrap();
        }
    }

    #[test]
    fn an_odd_number_of_features_is_a_mistake() {
        let error = Model::<f32>::init(&Glu, [3], 0).unwrap_err();
        assert_eq!(
            error.kind.to_string(),
            "glu: shape [1, 3] has no last axis of even length, to be halved into values and gates"
        );
    }
}
