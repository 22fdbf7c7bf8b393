use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::{Mat, MatMut, Put, gemm_on};
use chainrule_tensor::{Real, Shape, simd};

use super::{Backward, Forward, Op, Reads};
use crate::Var;
use crate::pointwise::{DerivativeReads, Pointwise};

/// `y = f(x w + b)`: product, bias and activation in one operation, with `f` the identity unless a
/// function was fused into it.
///
/// With `d = upstream * f'`: `dx = d w^T`, `dw = x^T d`, `db` the sum of `d` over the rows. The
/// activation's derivative and the bias gradient come from one pass over `d`.
#[derive(Debug)]
struct Affine<T> {
    activation: Option<Arc<dyn Pointwise<T>>>,
    name: String,
}

const X: usize = 0;
const W: usize = 1;
const B: usize = 2;

impl<T: Real> Op<T> for Affine<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, w, b) = (inputs[X], inputs[W], inputs[B]);
        if x.rank() == 0 || w.rank() != 2 || b.rank() != 1 {
            return Err(format!(
                "x {x}, weights {w} and bias {b} must be [.., inputs], [inputs, outputs] and \
                 [outputs]"
            ));
        }
        if x[x.rank() - 1] != w[0] {
            return Err(format!(
                "x {x} has {} features, but the weights {w} take {}",
                x[x.rank() - 1],
                w[0]
            ));
        }
        if b[0] != w[1] {
            return Err(format!(
                "the weights {w} give {} outputs, but the bias {b} has {}",
                w[1], b[0]
            ));
        }
        Ok(x.with_length(x.rank() - 1, w[1]))
    }

    fn reads(&self) -> Reads {
        match &self.activation {
            None => Reads::inputs(&[X, W]),
            Some(_) => Reads::inputs(&[X, W]).and_output(),
        }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (rows, outputs) = pass.shape.as_rows();
        let inputs = pass.inputs.shape(W)[0];
        let bias = pass.inputs.get(B);
        if outputs == 0 {
            return;
        }
        let (x, w) = (
            Mat::new(pass.inputs.get(X), rows, inputs),
            Mat::new(pass.inputs.get(W), inputs, outputs),
        );
        gemm_on(
            pass.pool,
            pass.precision,
            Put::Set,
            MatMut::new(pass.output, rows, outputs),
            x,
            w,
            |z, columns| {
                let bias = &bias[columns];
                match &self.activation {
                    Some(activation) => activation.bias_map(z, bias),
                    None => simd::dispatch_with(
                        #[inline(always)]
                        |by| {
                            for row in z.chunks_exact_mut(bias.len()) {
                                for (z, &b) in row.iter_mut().zip(bias) {
                                    *z = by.flushed(*z + b);
                                }
                            }
                        },
                    ),
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (rows, outputs) = pass.shape.as_rows();
        let inputs = pass.inputs.shape(W)[0];
        let bias = pass.cotangents.get(B).map(|bias| bias.accumulate());
        match (&self.activation, bias) {
            _ if outputs == 0 => {}
            (Some(activation), Some(bias)) => {
                activation.bias_map_back(pass.upstream, pass.output, bias)
            }
            (Some(activation), None) => activation.map_back_in_place(pass.upstream, pass.output),
            (None, Some(bias)) => simd::dispatch(
                #[inline(always)]
                || {
                    for row in pass.upstream.chunks_exact(outputs) {
                        for (b, &g) in bias.iter_mut().zip(row) {
                            *b += g;
                        }
                    }
                },
            ),
            (None, None) => {}
        }
        let upstream = Mat::new(&*pass.upstream, rows, outputs);
        if let Some(dw) = pass.cotangents.get(W) {
            let x = Mat::new(pass.inputs.get(X), rows, inputs);
            gemm_on(
                pass.pool,
                pass.precision,
                dw.put,
                MatMut::new(dw.values, inputs, outputs),
                x.t(),
                upstream,
                |_, _| {},
            );
        }
        if let Some(dx) = pass.cotangents.get(X) {
            let w = Mat::new(pass.inputs.get(W), inputs, outputs);
            gemm_on(
                pass.pool,
                pass.precision,
                dx.put,
                MatMut::new(dx.values, rows, inputs),
                upstream,
                w.t(),
                |_, _| {},
            );
        }
    }

    fn fused(&self) -> Option<&Arc<dyn Pointwise<T>>> {
        self.activation.as_ref()
    }

    fn fuse(&self, next: &Arc<dyn Pointwise<T>>) -> Option<Arc<dyn Op<T>>> {
        // A derivative that reads its input would need the value in between to be kept.
        let fusible =
            self.activation.is_none() && next.derivative_reads() != DerivativeReads::Input;
        fusible.then(|| {
            Arc::new(Affine {
                activation: Some(Arc::clone(next)),
                name: format!("affine + {}", next.name()),
            }) as _
        })
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The affine map `x w + b` of `x: [.., inputs]` with `w: [inputs, outputs]` and
    /// `b: [outputs]`.
    ///
    /// An element-wise function right behind it becomes part of it when planned.
    #[track_caller]
    #[must_use]
    pub fn affine(self, weights: Var<'g, T>, bias: Var<'g, T>) -> Var<'g, T> {
        let op = Affine { activation: None, name: "affine".to_owned() };
        self.graph().record(Arc::new(op), &[self, weights, bias], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, mistake};

    #[test]
    fn gradients_agree_with_differences() {
        for (x, w, b) in [
            (&[4, 3][..], &[3, 2][..], &[2][..]),
            (&[3], &[3, 2], &[2]),
            (&[2, 2, 3], &[3, 1], &[1]),
            (&[0, 3], &[3, 2], &[2]),
            (&[2, 0], &[0, 3], &[3]),
            (&[2, 3], &[3, 0], &[0]),
        ] {
            check(&[x, w, b], |_, x| x[0].affine(x[1], x[2]));
            // The function after it is fused, with a derivative from the output, from nothing, or
            // not at all.
            check(&[x, w, b], |_, x| x[0].affine(x[1], x[2]).exp());
            check(&[x, w, b], |_, x| x[0].affine(x[1], x[2]) * 2.0);
            check(&[x, w, b], |_, x| x[0].affine(x[1], x[2]).sin());
        }
    }

    #[test]
    fn the_weights_may_also_be_the_input() {
        check(&[&[3, 3], &[3]], |_, x| x[0].affine(x[0], x[1]).exp());
    }

    #[test]
    fn shapes_that_do_not_fit_are_mistakes() {
        let affine = |x: &[usize], w: &[usize], b: &[usize]| {
            mistake(&[x, w, b], |_, x| x[0].affine(x[1], x[2]))
        };
        assert_eq!(
            affine(&[5, 4], &[3, 2], &[2]),
            "affine: x [5, 4] has 4 features, but the weights [3, 2] take 3"
        );
        assert_eq!(
            affine(&[5, 3], &[3, 2], &[3]),
            "affine: the weights [3, 2] give 2 outputs, but the bias [3] has 3"
        );
        assert_eq!(
            affine(&[], &[3, 2], &[2]),
            "affine: x [], weights [3, 2] and bias [2] must be [.., inputs], [inputs, outputs] and \
             [outputs]"
        );
    }
}
