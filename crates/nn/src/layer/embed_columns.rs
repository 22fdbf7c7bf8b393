use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::{Layer, Listed, Sample, checked};
use crate::config::settings;
use crate::init::Normal;

settings! {
    "embed_columns": "the features, but for the last columns the rows of their tables";

    /// Embeds the last columns of a table, which hold codes: `[.., features, codes]` becomes
    /// `[.., features, embeddings]`. There is one column of codes for each of `classes`, with codes
    /// below that number, and `width` numbers for each code.
    ///
    /// The tables stand one below the other in the parameter `weight: [sum of classes, width]`,
    /// drawn normally with deviation 1. The gradient of a row is the sum over all places to which
    /// it went.
    ///
    /// Codes are whole numbers held as `T`, exact up to 2^24 in `f32`; one that is none of its
    /// column gives NaN.
    ///
    /// ```
    /// use chainrule_nn::{EmbedColumns, Model, Sequential};
    /// use chainrule_tensor::Tensor;
    ///
    /// // Two numbers, and a column with codes below 10.
    /// let columns = EmbedColumns { classes: vec![10], width: 4 };
    /// let model = Sequential::new().layer(columns).linear(6, 1);
    /// let params = model.init([3], 0)?;
    /// let rows = Tensor::from_rows([[0.5, -1.0, 9.0], [1.5, 0.0, 0.0]]);
    /// assert_eq!(model.predict(&params, &rows)?.shape(), [2, 1].into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct EmbedColumns {
        /// The number of classes of each column of codes, from the first of them to the last of
        /// the row.
        pub classes: Vec<usize> = vec![3, 4], at_least(1);
        /// The number of values that stand for a code.
        pub width: usize = 8, at_least(1);
    }
}

impl EmbedColumns {
    /// The number of rows of all tables; the largest number where it is beyond what can be counted,
    /// which no memory holds.
    fn rows(&self) -> usize {
        self.classes.iter().fold(0, |sum: usize, &classes| sum.saturating_add(classes))
    }
}

impl<T: Real> Layer<T> for EmbedColumns {
    fn kind(&self) -> &str {
        "embed_columns"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        if self.classes.is_empty() {
            return x;
        }
        let table = graph.param("weight", [self.rows(), self.width], Normal::default());
        graph.apply(Embed { classes: self.classes.clone(), width: self.width }, &[x, table])
    }
}

impl<T: Real> Listed<T> for EmbedColumns {
    fn samples(&self) -> Vec<Sample> {
        match self.classes[..] {
            [3, 4] => [1, 2].map(|values| Sample::Columns { values, codes: &[3, 4] }).to_vec(),
            _ => Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Embed {
    classes: Vec<usize>,
    width: usize,
}

const X: usize = 0;
const TABLE: usize = 1;

impl Embed {
    /// The row of each code of a row, none for a code that its column has not; with the begin of
    /// its embedding.
    fn rows<'a, T: Real>(&'a self, codes: &'a [T]) -> impl Iterator<Item = Option<usize>> + 'a {
        let mut offset = 0;
        codes.iter().zip(&self.classes).map(move |(code, &classes)| {
            let first = offset;
            offset += classes;
            let code = code.to_f64();
            let known = code >= 0.0 && code < classes as f64 && code.fract() == 0.0;
            known.then(|| first + code as usize)
        })
    }
}

impl<T: Real> Op<T> for Embed {
    fn name(&self) -> &str {
        "embed_columns"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, codes) = (inputs[X], self.classes.len());
        let features = x.last().copied().and_then(|width| width.checked_sub(codes));
        match features {
            Some(features) if x.rank() > 1 => {
                let embedded = codes.saturating_mul(self.width).saturating_add(features);
                Ok(x.with_length(x.rank() - 1, embedded))
            }
            _ => Err(format!(
                "{codes} columns of codes are asked for, but the input is {x}; it must be \
                 [batch, features] with the codes last"
            )),
        }
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[X])
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, table) = (pass.inputs.get(X), pass.inputs.get(TABLE));
        let features = pass.inputs.shape(X).as_rows().1 - self.classes.len();
        let outputs = features + self.classes.len() * self.width;
        let rows = x.chunks_exact(features + self.classes.len());
        for (y, x) in pass.output.chunks_exact_mut(outputs).zip(rows) {
            let (kept, embedded) = y.split_at_mut(features);
            kept.copy_from_slice(&x[..features]);
            for (y, row) in embedded.chunks_exact_mut(self.width).zip(self.rows(&x[features..])) {
                match row {
                    Some(row) => y.copy_from_slice(&table[row * self.width..][..self.width]),
                    None => y.fill(T::NAN),
                }
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let x = pass.inputs.get(X);
        let features = pass.inputs.shape(X).as_rows().1 - self.classes.len();
        let (inputs, outputs) =
            (features + self.classes.len(), features + self.classes.len() * self.width);
        let rows = || pass.upstream.chunks_exact(outputs);
        if let Some(dtable) = pass.cotangents.get(TABLE) {
            let dtable = dtable.accumulate();
            for (g, x) in rows().zip(x.chunks_exact(inputs)) {
                let embedded = g[features..].chunks_exact(self.width);
                for (g, row) in embedded.zip(self.rows(&x[features..])) {
                    let Some(row) = row else { continue };
                    let row = &mut dtable[row * self.width..][..self.width];
                    row.iter_mut().zip(g).for_each(|(d, &g)| *d += g);
                }
            }
        }
        if let Some(dx) = pass.cotangents.get(X) {
            for (dx, g) in dx.accumulate().chunks_exact_mut(inputs).zip(rows()) {
                dx[..features].iter_mut().zip(g).for_each(|(d, &g)| *d += g);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    #[test]
    fn codes_are_rows_of_the_table_of_their_column() {
        let layer = EmbedColumns { classes: vec![2, 3], width: 2 };
        let x = Tensor::from_rows([[0.5, 1.0, 2.0], [0.25, 0.0, 0.0], [0.75, 2.0, 0.5]]);
        let y = evaluated(&layer, &x, |params| {
            let table = params.get_mut("weight").unwrap();
            table.iter_mut().enumerate().for_each(|(i, w)| *w = i as f64);
        });
        assert_eq!(y.row(0), [0.5, 2.0, 3.0, 8.0, 9.0]);
        assert_eq!(y.row(1), [0.25, 0.0, 1.0, 4.0, 5.0]);
        assert!(y.row(2)[0] == 0.75 && y.row(2)[1..].iter().all(|y| y.is_nan()), "{y}");
    }

    #[test]
    fn rows_gather_the_gradients_of_all_their_places() {
        let layer = EmbedColumns { classes: vec![3], width: 2 };
        let x = Tensor::from_rows([[1.0], [1.0], [0.0]]);
        gradcheck(&[], |graph, _| layer.forward(graph.constant(&x)).square()).unwrap();
        let error = mistake(&EmbedColumns::default(), [4, 1]);
        assert!(error.contains("2 columns of codes are asked for"), "{error}");
        let none = EmbedColumns { classes: vec![], width: 2 };
        assert_eq!(evaluated(&none, &x, |_| {}), x);
    }
}
