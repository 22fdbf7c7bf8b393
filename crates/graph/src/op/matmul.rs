use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::{Mat, MatMut, Put, gemm_on};
use chainrule_tensor::{Real, Shape};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The matrix product `c = a b`; `da = dc b^T`, `db = a^T dc`.
#[derive(Debug)]
struct Matmul;

const A: usize = 0;
const B: usize = 1;

impl<T: Real> Op<T> for Matmul {
    fn name(&self) -> &str {
        "matmul"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (a, b) = (inputs[A], inputs[B]);
        if a.rank() == 0 || b.rank() != 2 {
            return Err(format!("shapes {a} and {b} must be [.., inner] and [inner, columns]"));
        }
        if a[a.rank() - 1] != b[0] {
            return Err(format!(
                "shapes {a} and {b} do not fit: the inner lengths {} and {} must be equal",
                a[a.rank() - 1],
                b[0]
            ));
        }
        Ok(a.with_length(a.rank() - 1, b[1]))
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let ((rows, columns), inner) = (pass.shape.as_rows(), pass.inputs.shape(B)[0]);
        let (a, b) = (
            Mat::new(pass.inputs.get(A), rows, inner),
            Mat::new(pass.inputs.get(B), inner, columns),
        );
        gemm_on(
            pass.pool,
            pass.precision,
            Put::Set,
            MatMut::new(pass.output, rows, columns),
            a,
            b,
            |_, _| {},
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let ((rows, columns), inner) = (pass.shape.as_rows(), pass.inputs.shape(B)[0]);
        let (a, b) = (
            Mat::new(pass.inputs.get(A), rows, inner),
            Mat::new(pass.inputs.get(B), inner, columns),
        );
        let upstream = Mat::new(&*pass.upstream, rows, columns);
        if let Some(da) = pass.cotangents.get(A) {
            gemm_on(
                pass.pool,
                pass.precision,
                da.put,
                MatMut::new(da.values, rows, inner),
                upstream,
                b.t(),
                |_, _| {},
            );
        }
        if let Some(db) = pass.cotangents.get(B) {
            gemm_on(
                pass.pool,
                pass.precision,
                db.put,
                MatMut::new(db.values, inner, columns),
                a.t(),
                upstream,
                |_, _| {},
            );
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The matrix product of `[.., inner]` with `[inner, columns]`; leading axes of the left side
    /// are its rows.
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: Var<'g, T>) -> Var<'g, T> {
        self.graph().record(Arc::new(Matmul), &[self, other], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, gradcheck};
    use chainrule_tensor::{Shape, Tensor};

    #[test]
    fn gradients_agree_with_differences() {
        for (a, b) in [
            (Shape::new(&[3, 4]), [4, 2]),
            (Shape::new(&[1, 1]), [1, 1]),
            (Shape::new(&[2, 3, 5]), [5, 7]),
            (Shape::new(&[6]), [6, 2]),
        ] {
            let a = Tensor::from_fn(a, |i| (i as f64 * 0.7).sin());
            let b = Tensor::from_fn(b, |i| (i as f64 * 1.3).cos());
            gradcheck(&[a, b], |_, x| x[0].matmul(x[1])).unwrap();
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_reported_with_the_line_and_the_layer() {
        let graph = Graph::<f32>::new();
        let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4, 5]));
        let c = graph.scope("encoder", || graph.scope("0", || a.matmul(b)));
        // What follows a mistake stays silent.
        let loss = (c + graph.input("d", [7, 7])).sum(..);
        let error = graph.plan(loss).unwrap_err();
        assert_eq!(error.layer, "encoder.0");
        assert_eq!(error.location.file(), file!());
        let message = error.to_string();
        assert!(
            message.starts_with(
                "matmul: shapes [2, 3] and [4, 5] do not fit: the inner lengths 3 \
                                 and 4 must be equal in layer `encoder.0` (recorded at "
            ),
            "{message}"
        );
    }
}
