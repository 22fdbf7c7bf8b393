use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape, memory};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The rows of a table at given indices; the gradient of a row is the sum over all places to which
/// it went.
#[derive(Debug)]
struct GatherRows {
    /// A row that gets no gradient.
    fixed: Option<usize>,
}

const TABLE: usize = 0;
const INDICES: usize = 1;

impl<T: Real> Op<T> for GatherRows {
    fn name(&self) -> &str {
        "gather_rows"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (table, indices) = (inputs[TABLE], inputs[INDICES]);
        let Some((_, row)) = table.split_first() else {
            return Err(format!("shape {table} has no rows"));
        };
        let lengths = [&indices[..], row].concat();
        if lengths.len() > Shape::MAX_RANK {
            return Err(format!(
                "rows of {table} at indices {indices} have {} axes, more than {}",
                lengths.len(),
                Shape::MAX_RANK
            ));
        }
        Ok(Shape::new(&lengths))
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[INDICES])
    }

    fn differentiable(&self, input: usize) -> bool {
        input == TABLE
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let table = pass.inputs.shape(TABLE);
        let (rows, width) = (table[0], memory::product(&table[1..]));
        if width == 0 {
            return;
        }
        for (to, &index) in pass.output.chunks_exact_mut(width).zip(pass.inputs.get(INDICES)) {
            match row(index, rows) {
                Some(row) => {
                    to.copy_from_slice(&pass.inputs[TABLE][row * width..(row + 1) * width])
                }
                None => to.fill(T::NAN),
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let table = pass.inputs.shape(TABLE);
        let (rows, width) = (table[0], memory::product(&table[1..]));
        let Some(dtable) = pass.cotangents.get(TABLE).map(|dtable| dtable.accumulate()) else {
            return;
        };
        if width == 0 {
            return;
        }
        for (from, &index) in pass.upstream.chunks_exact(width).zip(pass.inputs.get(INDICES)) {
            if let Some(row) = row(index, rows).filter(|&row| Some(row) != self.fixed) {
                dtable[row * width..(row + 1) * width]
                    .iter_mut()
                    .zip(from)
                    .for_each(|(to, &g)| *to += g);
            }
        }
    }
}

/// The row that a number names, if it is a whole number in `0..rows`.
fn row<T: Real>(index: T, rows: usize) -> Option<usize> {
    let index = index.to_f64();
    (index >= 0.0 && index < rows as f64 && index.fract() == 0.0).then_some(index as usize)
}

impl<'g, T: Real> Var<'g, T> {
    /// The rows of `self` (indices of its first axis) at `indices`, as in an embedding:
    /// `[rows, features]` at `[batch]` gives `[batch, features]`. Indices of any shape give that
    /// shape followed by the row's.
    ///
    /// The gradient of a row is the sum over all places to which it went; there is none with
    /// respect to the indices.
    ///
    /// Indices are whole numbers held as `T`, so exact up to 2^24 in `f32`. One that is not a whole
    /// number from 0 to `rows - 1` gives a row of NaN, to which no gradient belongs;
    /// [`class_input`](crate::Graph::class_input) refuses such numbers before they get here.
    ///
    /// A scalar, or more axes than a shape can have, are mistakes that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let embedding = graph.param("embedding", [1000, 64], 0.0);
    /// let words = graph.class_input("words", 32, 1000);
    /// assert_eq!(embedding.gather_rows(words).shape(), [32, 64].into());
    /// ```
    ///
    /// # Panics
    /// If `indices` is of another graph.
    #[track_caller]
    #[must_use]
    pub fn gather_rows(self, indices: Var<'g, T>) -> Var<'g, T> {
        self.graph().record(
            Arc::new(GatherRows { fixed: None }),
            &[self, indices],
            Location::caller(),
        )
    }

    /// [`gather_rows`](Var::gather_rows), with one row that gets no gradient, as for padding.
    ///
    /// # Panics
    /// If `indices` is of another graph.
    #[track_caller]
    #[must_use]
    pub fn gather_rows_but(self, indices: Var<'g, T>, fixed: usize) -> Var<'g, T> {
        self.graph().record(
            Arc::new(GatherRows { fixed: Some(fixed) }),
            &[self, indices],
            Location::caller(),
        )
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        let at = |indices: Tensor<f64>, shape: &[usize]| {
            check(&[shape], |graph, x| x[0].gather_rows(graph.constant(&indices)).square());
        };
        at(Tensor::from(vec![2.0, 0.0, 2.0]), &[3, 2]);
        at(Tensor::from_rows([[1.0, 1.0], [0.0, 3.0]]), &[4, 2, 3]);
        at(Tensor::scalar(1.0), &[2]);
        at(Tensor::from(vec![]), &[2, 3]);
        at(Tensor::from(vec![1.0]), &[2, 0]);
    }

    #[test]
    fn a_bad_index_gives_nan_and_takes_no_gradient() {
        let inputs = [
            Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from(vec![1.0, 2.0, -1.0, 0.5, f64::NAN, 0.0]),
        ];
        let (y, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].gather_rows(x[1]));
        assert_eq!((y.row(0), y.row(5)), (&[3.0, 4.0][..], &[1.0, 2.0][..]));
        for i in 1..5 {
            assert!(y.row(i).iter().all(|x| x.is_nan()), "row {i}: {:?}", y.row(i));
        }
        assert_eq!(gradients[0].values(), [1.0; 4]);
    }

    #[test]
    fn a_fixed_row_takes_no_gradient() {
        let inputs =
            [Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]), Tensor::from(vec![1.0, 0.0, 1.0])];
        let (y, gradients) =
            value_and_gradients(&inputs, None, |_, x| x[0].gather_rows_but(x[1], 0));
        assert_eq!(y.values(), [3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(gradients[0].values(), [0.0, 0.0, 2.0, 2.0]);
    }

    #[test]
    fn indices_of_any_shape_come_first() {
        let inputs = [Tensor::from_fn([3, 2], |i| i as f64), Tensor::from_rows([[2.0, 0.0]])];
        let y = value(&inputs, |_, x| x[0].gather_rows(x[1]));
        assert_eq!((y.shape(), y.values()), ([1, 2, 2].into(), &[4.0, 5.0, 0.0, 1.0][..]));
    }

    #[test]
    fn shapes_that_do_not_fit_are_mistakes() {
        assert_eq!(
            mistake(&[&[], &[2]], |_, x| x[0].gather_rows(x[1])),
            "gather_rows: shape [] has no rows"
        );
        assert_eq!(
            mistake(&[&[2, 2, 2, 2], &[1, 1, 1, 1]], |_, x| x[0].gather_rows(x[1])),
            "gather_rows: rows of [2, 2, 2, 2] at indices [1, 1, 1, 1] have 7 axes, more than 6"
        );
    }
}
