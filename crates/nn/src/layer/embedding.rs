use chainrule_graph::{Initialiser, Var};
use chainrule_tensor::random::Generator;
use chainrule_tensor::{Real, Shape};

use super::{Layer, Listed, Sample, checked};
use crate::config::settings;
use crate::init::Normal;

settings! {
    "embedding": "the row of a table for each index", checked by padding_is_a_class;

    /// A table with a row of features for each of some classes: indices `[batch, ..]` become
    /// `[batch, .., features]`. The gradient of a row is the sum over all places to which it went.
    ///
    /// The parameter `weight: [classes, features]` is drawn normally with deviation 1, as in
    /// PyTorch. The row of the class `padding` starts as zeros and gets no gradient.
    ///
    /// Indices are whole numbers held as `T`, exact up to 2^24 in `f32`; one that names no row
    /// gives NaN. No class, no feature, or a padding that is no class are mistakes that planning
    /// reports.
    ///
    /// ```
    /// use chainrule_nn::{Embedding, Model, Sequential};
    /// use chainrule_tensor::Tensor;
    ///
    /// // Three words of ten, four numbers for each of them.
    /// let model = Sequential::new().layer(Embedding::new(10, 4)).flatten().linear(12, 2);
    /// let params = model.init([3], 0)?;
    /// let words = Tensor::from_rows([[1.0, 9.0, 0.0], [2.0, 2.0, 2.0]]);
    /// assert_eq!(model.predict(&params, &words)?.shape(), [2, 2].into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Embedding {
        /// The number of rows.
        pub classes: usize = 5, at_least(1);
        /// The length of a row.
        pub features: usize = 3, at_least(1);
        /// A class whose row stays as it is.
        pub padding: Option<usize> = None;
    }
}

impl Embedding {
    /// A table with `features` numbers for each of `classes`.
    #[must_use]
    pub fn new(classes: usize, features: usize) -> Self {
        Embedding { classes, features, padding: None }
    }

    /// The same where this class stands for nothing.
    #[must_use]
    pub fn padding(mut self, class: usize) -> Self {
        self.padding = Some(class);
        self
    }
}

impl<T: Real> Layer<T> for Embedding {
    fn kind(&self) -> &str {
        "embedding"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let table =
            graph.param("weight", [self.classes, self.features], Rows { padding: self.padding });
        match self.padding {
            Some(padding) => table.gather_rows_but(x, padding),
            None => table.gather_rows(x),
        }
    }
}

/// Normally, the row of the padding zero.
#[derive(Debug)]
struct Rows {
    padding: Option<usize>,
}

impl Initialiser for Rows {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        Normal::default().fill(shape, values, generator)?;
        let row = self.padding.and_then(|padding| values.chunks_exact_mut(shape[1]).nth(padding));
        row.into_iter().for_each(|row| row.fill(0.0));
        Ok(())
    }
}

fn padding_is_a_class(embedding: &Embedding) -> Result<(), String> {
    let classes = embedding.classes;
    match embedding.padding {
        Some(padding) if padding >= classes => Err(format!(
            "embedding: padding is class {padding}, but with {classes} classes it must be below \
             that"
        )),
        _ => Ok(()),
    }
}

impl<T: Real> Listed<T> for Embedding {
    fn samples(&self) -> Vec<Sample> {
        [&[][..], &[3], &[2, 2]]
            .map(|shape| Sample::Indices { shape: shape.into(), classes: self.classes })
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Model;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_graph::{Graph, Params};
    use chainrule_tensor::Tensor;

    #[test]
    fn rows_stand_for_indices_and_gather_their_gradients() {
        let indices = Tensor::from_rows([[2.0, 0.0], [2.0, 1.0]]);
        let layer = Embedding::new(4, 3).padding(1);
        let y = evaluated(&layer, &indices, |params| {
            params
                .get_mut("weight")
                .unwrap()
                .iter_mut()
                .enumerate()
                .for_each(|(i, w)| *w = i as f64);
        });
        assert_eq!(y.values(), [6.0, 7.0, 8.0, 0.0, 1.0, 2.0, 6.0, 7.0, 8.0, 3.0, 4.0, 5.0]);

        let graph = Graph::<f64>::new();
        let plan = graph.plan(layer.forward(graph.constant(&indices)).sum(..)).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(
            grads.get("weight").unwrap().values(),
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn the_row_of_the_padding_starts_as_zeros() {
        let params: Params<f64> = Embedding::new(4, 3).padding(2).init([1], 0).unwrap();
        let weight = params.get("weight").unwrap();
        let zeros: Vec<usize> = (0..12).filter(|&i| weight.values()[i] == 0.0).collect();
        assert_eq!(zeros, [6, 7, 8]);
    }

    #[test]
    fn settings_that_make_no_sense_are_mistakes() {
        assert_eq!(
            mistake(&Embedding::new(4, 3).padding(4), [2]),
            "embedding: padding is class 4, but with 4 classes it must be below that"
        );
        assert_eq!(
            mistake(&Embedding::new(0, 3), [2]),
            "embedding: classes must be at least 1, but it is 0"
        );
    }
}
