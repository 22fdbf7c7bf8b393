use chainrule_data::{DataError, EncodedColumn, EncodedKind, Frame, TableEncoder};
use chainrule_tensor::{Real, Shape, Tensor};

use crate::Recipe;

/// The way from the columns of a table to the inputs of a network, learned from the training rows.
///
/// Numbers are scaled and categories encoded by a [`TableEncoder`]. Categories of many names are
/// codes there; a model in the short form, which has no layer to embed them, gets one input for
/// each name in their place.
#[derive(Clone, Debug, PartialEq)]
pub struct TableInputs {
    encoder: TableEncoder,
    /// Codes are spread over one input for each name.
    spreads: bool,
}

impl TableInputs {
    pub(super) fn of(recipe: &Recipe, encoder: TableEncoder) -> Self {
        TableInputs { encoder, spreads: recipe.layers.is_none() }
    }

    /// The columns, each with what was learned of it.
    #[must_use]
    pub fn columns(&self) -> &[EncodedColumn] {
        self.encoder.columns()
    }

    /// The rows of a table as inputs `[rows, features]`; columns are found by name.
    ///
    /// # Errors
    /// A column that is not there or of another kind; inputs that memory cannot hold.
    pub fn tensor<T: Real>(&self, frame: &Frame) -> Result<Tensor<T>, DataError> {
        let encoded = self.encoder.transform::<T>(frame)?;
        let codes = self.encoder.layout().codes;
        if !self.spreads || codes.is_empty() {
            return Ok(encoded);
        }
        // 0 is no name: such rows are 0 everywhere.
        let spread: usize = codes.iter().map(|count| count - 1).sum();
        let (rows, width) = encoded.shape().as_rows();
        let plain = width - codes.len();
        let wide = plain + spread;
        let shape = Shape::new(&[rows, wide]);
        shape.fits::<T>().map_err(|why| {
            let what = format!("{wide} inputs, since each name of a category is one: {why}");
            DataError::Column { op: "TableInputs", column: self.widest().to_owned(), why: what }
        })?;
        let mut values = vec![T::ZERO; rows * wide];
        for (row, to) in values.chunks_exact_mut(wide).enumerate() {
            let from = encoded.row(row);
            to[..plain].copy_from_slice(&from[..plain]);
            let mut at = plain;
            for (code, count) in from[plain..].iter().zip(&codes) {
                let code = code.to_f64() as usize;
                if code > 0 {
                    to[at + code - 1] = T::ONE;
                }
                at += count - 1;
            }
        }
        Ok(Tensor::new(shape, values)?)
    }

    /// The category with the most names.
    fn widest(&self) -> &str {
        let names = |column: &&EncodedColumn| match &column.kind {
            EncodedKind::Categories { names, .. } => names.len(),
            EncodedKind::Numbers { .. } => 0,
        };
        self.columns().iter().max_by_key(names).map_or("", |column| &column.name)
    }

    pub(super) fn encoder(&self) -> &TableEncoder {
        &self.encoder
    }
}
