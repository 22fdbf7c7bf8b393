use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::table::{Columns, Places};
use super::{Layer, Listed, Sample, checked};
use crate::config::settings;

settings! {
    "learned_missing": "x, or a learned value of its column where an indicator says that it is \
                        missing",
        checked by rising;

    /// A learned value for each number that is missing.
    ///
    /// The input is `[.., numbers, indicators, rest]`: `numbers` columns, then one indicator for
    /// each column that `missing` names, then features that stay as they are. Where the indicator
    /// is 0 the number stays; elsewhere the column's learned value takes its place, which is the
    /// parameter `value: [missing]` and begins at 0. The output is `[.., numbers, rest]`.
    ///
    /// An indicator and not a NaN says that a number is missing, so that the tensor holds finite
    /// numbers alone. A product with a NaN would make all of a row NaN, and no one could tell it
    /// from a NaN that training has made. Only columns that lack a number need one.
    ///
    /// ```
    /// use chainrule_nn::{LearnedMissing, Model};
    /// use chainrule_tensor::Tensor;
    ///
    /// let layer = LearnedMissing { numbers: Some(2), missing: vec![1] };
    /// let params = layer.init([3], 0)?;
    /// let rows: Tensor = Tensor::from_rows([[5.0, 7.0, 0.0], [5.0, 7.0, 1.0]]);
    /// assert_eq!(layer.predict(&params, &rows)?.values(), [5.0, 7.0, 5.0, 0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct LearnedMissing {
        /// The number of columns of numbers; none for all but the indicators.
        pub numbers: Option<usize> = None, at_least(1);
        /// The columns of numbers that may be missing, counted from 0, in order.
        pub missing: Vec<usize> = Vec::new();
    }
}

fn rising(layer: &LearnedMissing) -> Result<(), String> {
    layer.columns().check("learned_missing")
}

impl LearnedMissing {
    fn columns(&self) -> Columns {
        Columns { numbers: self.numbers, missing: self.missing.clone() }
    }
}

impl<T: Real> Layer<T> for LearnedMissing {
    fn kind(&self) -> &str {
        "learned_missing"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let columns = self.columns();
        match columns.places("learned_missing", x.shape()) {
            Ok(_) if self.missing.is_empty() => x,
            Ok(places) => {
                let value = graph.param("value", [self.missing.len()], 0.0);
                graph.apply(Fill { missing: self.missing.clone(), places }, &[x, value])
            }
            Err(why) => {
                graph.fail(why);
                x
            }
        }
    }
}

impl<T: Real> Listed<T> for LearnedMissing {
    fn samples(&self) -> Vec<Sample> {
        vec![Sample::Columns { values: 3, codes: &[2] }]
    }
}

#[derive(Debug)]
struct Fill {
    missing: Vec<usize>,
    places: Places,
}

const X: usize = 0;
const VALUE: usize = 1;

impl<T: Real> Op<T> for Fill {
    fn name(&self) -> &str {
        "learned_missing"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let last = inputs[X].rank() - 1;
        Ok(inputs[X].with_length(last, self.places.width - self.missing.len()))
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[X])
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let Places { numbers, rest, width } = self.places;
        let values = pass.inputs.get(VALUE);
        let rows = pass.output.chunks_exact_mut(width - self.missing.len());
        for (y, x) in rows.zip(pass.inputs.get(X).chunks_exact(width)) {
            y[..numbers].copy_from_slice(&x[..numbers]);
            y[numbers..].copy_from_slice(&x[rest..]);
            for ((&column, &indicator), &value) in
                self.missing.iter().zip(&x[numbers..]).zip(values)
            {
                if indicator != T::ZERO {
                    y[column] = value;
                }
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let Places { numbers, rest, width } = self.places;
        let x = pass.inputs.get(X);
        let inner = width - self.missing.len();
        if let Some(dvalue) = pass.cotangents.get(VALUE) {
            let dvalue = dvalue.accumulate();
            for (g, x) in pass.upstream.chunks_exact(inner).zip(x.chunks_exact(width)) {
                for ((d, &column), &indicator) in
                    dvalue.iter_mut().zip(&self.missing).zip(&x[numbers..])
                {
                    if indicator != T::ZERO {
                        *d += g[column];
                    }
                }
            }
        }
        let Some(dx) = pass.cotangents.get(X) else { return };
        let rows = dx.accumulate().chunks_exact_mut(width).zip(x.chunks_exact(width));
        for ((dx, x), g) in rows.zip(pass.upstream.chunks_exact_mut(inner)) {
            for (&column, &indicator) in self.missing.iter().zip(&x[numbers..]) {
                if indicator != T::ZERO {
                    g[column] = T::ZERO;
                }
            }
            dx[..numbers].iter_mut().zip(&g[..numbers]).for_each(|(d, &g)| *d += g);
            dx[rest..].iter_mut().zip(&g[numbers..]).for_each(|(d, &g)| *d += g);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    fn layer() -> LearnedMissing {
        LearnedMissing { numbers: Some(3), missing: vec![0, 2] }
    }

    #[test]
    fn missing_numbers_are_the_values_of_their_columns() {
        let x = Tensor::from_rows([
            [1.0, 2.0, 3.0, 0.0, 0.0, 9.0],
            [0.0, 5.0, 6.0, 1.0, 0.0, 8.0],
            [0.0, 4.0, 0.0, 1.0, 1.0, 7.0],
        ]);
        let y = evaluated(&layer(), &x, |params| {
            params.get_mut("value").unwrap().copy_from_slice(&[-1.0, -3.0]);
        });
        let rows = [[1.0, 2.0, 3.0, 9.0], [-1.0, 5.0, 6.0, 8.0], [-1.0, 4.0, -3.0, 7.0]];
        assert_eq!(y.values(), rows.concat());
        // Indicators are no numbers to move.
        let part = |from: usize, to: usize| {
            Tensor::from_fn([3, to - from], |i| x.row(i / (to - from))[from + i % (to - from)])
        };
        gradcheck(&[part(0, 3), part(5, 6)], |graph, x| {
            let x = graph.concat(1, &[x[0], graph.constant(&part(3, 5)), x[1]]);
            layer().forward(x).square()
        })
        .unwrap();
    }

    #[test]
    fn columns_that_are_not_there_are_mistakes() {
        let error = mistake(&layer(), [2, 4]);
        assert!(error.starts_with("learned_missing: 3 numbers and 2 indicators"), "{error}");
        let of = |missing: &[usize]| LearnedMissing { numbers: Some(3), missing: missing.to_vec() };
        assert_eq!(
            mistake(&of(&[3]), [2, 4]),
            "learned_missing: missing names column 3, but the 3 numbers are counted from 0"
        );
        assert_eq!(
            mistake(&of(&[1, 1]), [2, 5]),
            "learned_missing: missing must rise from one column to the next, but 1 stands before 1"
        );
    }
}
