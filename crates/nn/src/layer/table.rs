//! The places of columns, for all layers that take those of a table.

use chainrule_tensor::Shape;

/// `[.., numbers, indicators, rest]` along the last axis: so many numbers, behind them one
/// indicator for each of those that may be missing, which is 1 where it is.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The number of columns of numbers; none for all features.
    pub(super) numbers: Option<usize>,
    /// The positions of the numbers that may be missing.
    pub(super) missing: Vec<usize>,
}

/// [`Columns`] of rows of one width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// The number of columns of numbers, in front.
    pub(super) numbers: usize,
    /// The place behind numbers and indicators.
    pub(super) rest: usize,
    /// The number of features of a row.
    pub(super) width: usize,
}

impl Columns {
    /// The places in rows of this shape.
    pub(super) fn places(&self, layer: &str, shape: Shape) -> Result<Places, String> {
        let width = shape.last().copied().unwrap_or(0);
        let numbers = self.numbers.unwrap_or(width.saturating_sub(self.missing.len()));
        let rest = numbers.saturating_add(self.missing.len());
        if shape.rank() < 2 || numbers == 0 || rest > width {
            let indicators = self.missing.len();
            return Err(format!(
                "{layer}: {numbers} numbers and {indicators} indicators are asked for, but the \
                 input is {shape}; it must be [batch, features] with at least one number"
            ));
        }
        match self.missing.iter().find(|&&column| column >= numbers) {
            Some(column) => Err(format!(
                "{layer}: missing names column {column}, but the {numbers} numbers are counted \
                 from 0"
            )),
            None => Ok(Places { numbers, rest, width }),
        }
    }

    /// That no column is named twice.
    pub(super) fn check(&self, layer: &str) -> Result<(), String> {
        match self.missing.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(format!(
                "{layer}: missing must rise from one column to the next, but {} stands before {}",
                pair[0], pair[1]
            )),
            None => Ok(()),
        }
    }
}
