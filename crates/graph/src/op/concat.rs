use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, memory};

use super::{Backward, Forward, Op, Reads};
use crate::{Graph, Var};

/// The inputs one behind the other along an axis; each gets back its piece of the gradient.
#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl<T: Real> Op<T> for Concat {
    fn name(&self) -> &str {
        "concat"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let Some((&first, others)) = inputs.split_first() else {
            return Err("there is nothing to concatenate".to_owned());
        };
        if self.axis >= first.rank() {
            return Err(format!("shape {first} has no axis {}", self.axis));
        }
        for &other in others {
            let fits = other.rank() == first.rank()
                && other.with_length(self.axis, first[self.axis]) == first;
            if !fits {
                return Err(format!(
                    "shapes {first} and {other} may differ only along axis {}",
                    self.axis
                ));
            }
        }
        let lengths = inputs.iter().map(|shape| shape[self.axis]);
        Ok(first.with_length(self.axis, lengths.fold(0, usize::saturating_add)))
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let mut start = 0;
        let width = run(pass.shape, self.axis);
        for i in 0..pass.inputs.len() {
            let piece = run(pass.inputs.shape(i), self.axis);
            if piece > 0 {
                let rows =
                    pass.output.chunks_exact_mut(width).zip(pass.inputs[i].chunks_exact(piece));
                rows.for_each(|(to, from)| to[start..start + piece].copy_from_slice(from));
            }
            start += piece;
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let mut start = 0;
        let width = run(pass.shape, self.axis);
        for i in 0..pass.inputs.len() {
            let piece = run(pass.inputs.shape(i), self.axis);
            if let Some(dx) = pass.cotangents.get(i).filter(|_| piece > 0) {
                let put = dx.put;
                for (to, from) in
                    dx.values.chunks_exact_mut(piece).zip(pass.upstream.chunks_exact(width))
                {
                    let from = &from[start..start + piece];
                    match put {
                        Put::Set => to.copy_from_slice(from),
                        Put::Add => to.iter_mut().zip(from).for_each(|(to, &g)| *to += g),
                    }
                }
            }
            start += piece;
        }
    }
}

/// The number of elements that lie together for one index of the axes before `axis`.
fn run(shape: Shape, axis: usize) -> usize {
    memory::product(&shape[axis..])
}

impl<T: Real> Graph<T> {
    /// The variables one behind the other along `axis`; their other axes must be equal.
    ///
    /// Different shapes, a missing axis, or no variable at all are mistakes that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let (a, b) = (graph.input("a", [32, 3]), graph.input("b", [32, 5]));
    /// assert_eq!(graph.concat(1, &[a, b]).shape(), [32, 8].into());
    /// ```
    ///
    /// # Panics
    /// If a variable is of another graph.
    #[track_caller]
    #[must_use]
    pub fn concat<'g>(&'g self, axis: usize, vars: &[Var<'g, T>]) -> Var<'g, T> {
        self.record(Arc::new(Concat { axis }), vars, Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value};

    #[test]
    fn gradients_agree_with_differences() {
        check(&[&[2, 3], &[4, 3]], |graph, x| graph.concat(0, x).square());
        check(&[&[2, 3], &[2, 1], &[2, 2]], |graph, x| graph.concat(1, x).square());
        check(&[&[2, 3, 2], &[2, 1, 2]], |graph, x| graph.concat(1, x).square());
        check(&[&[2, 0], &[2, 2]], |graph, x| graph.concat(1, x).square());
        check(&[&[3]], |graph, x| graph.concat(0, x).square());
        // The same variable twice.
        check(&[&[3], &[2]], |graph, x| graph.concat(0, &[x[0], x[1], x[0]]).square());
    }

    #[test]
    fn pieces_stand_in_order() {
        let inputs =
            [Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]), Tensor::from_rows([[5.0], [6.0]])];
        let columns = value(&inputs, |graph, x| graph.concat(1, x));
        assert_eq!(columns, Tensor::from_rows([[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]));
        let rows = value(&inputs[..1], |graph, x| graph.concat(0, &[x[0], x[0]]));
        assert_eq!(rows.values(), [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_mistakes() {
        let concat =
            |axis: usize, shapes: &[&[usize]]| mistake(shapes, |graph, x| graph.concat(axis, x));
        let message = "concat: shapes [2, 3] and [4, 2] may differ only along axis 0";
        assert_eq!(concat(0, &[&[2, 3], &[4, 2]]), message);
        let message = "concat: shapes [2, 3] and [2, 3, 1] may differ only along axis 1";
        assert_eq!(concat(1, &[&[2, 3], &[2, 3, 1]]), message);
        assert_eq!(concat(2, &[&[2, 3]]), "concat: shape [2, 3] has no axis 2");
        assert_eq!(concat(0, &[]), "concat: there is nothing to concatenate");
    }
}
