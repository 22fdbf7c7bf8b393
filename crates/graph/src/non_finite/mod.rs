//! Which operation first turned finite numbers into NaN or infinity, forward or backward.
//!
//! The cheap check is the caller's: a loss and a gradient that are finite need no search. Where
//! they are not, [`locate`] makes the same passes again, operation by operation. A value that is
//! not finite is traced back to the operation whose inputs all are, to a parameter, or to an input.
//! What an operation hides, such as the branch that a `select` does not take, is not blamed for a
//! loss that is NaN for another reason.

mod blame;
mod locate;
mod replay;

use std::fmt;
use std::panic::Location;

use chainrule_config::number::significant;
use chainrule_tensor::{Real, Shape};

use crate::Place;

pub use locate::{Located, locate};
pub use replay::Replay;

/// Where numbers that are not finite began. Its `Display` is one sentence in plain words.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// The origin of the first of them.
    pub origin: Origin,
    /// The values that it was given, all of it finite where an operation is to blame: operands, and
    /// on the way back the upstream gradient.
    pub given: Vec<Range>,
    /// The first such value: NaN or an infinity.
    pub value: f64,
    /// How many such values there are among them.
    pub count: usize,
    /// The shape of the values.
    pub shape: Shape,
    /// The place of the first one.
    pub index: Vec<usize>,
    /// The samples to blame, as rows of the batch: those whose rows are not finite. Where samples
    /// have no rows of their own, as in a sum over the batch, they are the fewest of the largest
    /// without which the operation's result is finite. Empty where no sample is at fault.
    pub samples: Vec<usize>,
    /// The number of samples in the batch, if there is one.
    pub batch: Option<usize>,
}

/// The origin of numbers that are not finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// An operation, on the way forward.
    Forward {
        /// The operation.
        at: Place,
        /// The line that recorded it.
        location: &'static Location<'static>,
    },
    /// An operation, on the way back: its vector-Jacobian product.
    Backward {
        /// The operation.
        at: Place,
        /// The line that recorded it.
        location: &'static Location<'static>,
        /// The value that the gradient is taken with respect to.
        with_respect_to: String,
    },
    /// The sum of the finite gradients that several operations give to one value.
    Sum {
        /// The value that the gradients are taken with respect to.
        with_respect_to: String,
    },
    /// No operation: it was given, as a parameter or an input.
    Given {
        /// The holder of the value.
        what: String,
    },
}

/// Within which bounds values lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Which values, such as ``parameter `0.weight` ``.
    pub what: String,
    /// Their shape.
    pub shape: Shape,
    /// The smallest that is not NaN; NaN if there is none.
    pub min: f64,
    /// The largest that is not NaN; NaN if there is none.
    pub max: f64,
}

impl Range {
    /// The range of these values.
    #[must_use]
    pub fn of<T: Real>(what: impl Into<String>, shape: Shape, values: &[T]) -> Self {
        let start = (f64::NAN, f64::NAN);
        let (min, max) =
            values.iter().fold(start, |(min, max), x| (min.min(x.to_f64()), max.max(x.to_f64())));
        Range { what: what.into(), shape, min, max }
    }
}

impl NonFinite {
    /// The samples as positions in a data set, of which `rows` made the batch.
    #[must_use]
    pub fn in_data(mut self, rows: &[usize]) -> Self {
        self.samples
            .iter_mut()
            .for_each(|sample| *sample = rows.get(*sample).copied().unwrap_or(*sample));
        self
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Forward { at, .. } => write!(f, "in operation {at}, on the way forward"),
            Origin::Backward { at, with_respect_to, .. } => {
                write!(f, "in operation {at}, on the way back to {with_respect_to}")
            }
            Origin::Sum { with_respect_to } => {
                write!(
                    f,
                    "in the sum of all gradients with respect to {with_respect_to}, each of which \
                     is finite"
                )
            }
            Origin::Given { what } => write!(f, "in {what}"),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, max] = [self.min, self.max].map(|x| significant(x, 4));
        write!(f, "{} {} from {min} to {max}", self.what, self.shape)
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it began with {} {}", self.value, self.origin)?;
        if self.shape.elements() > 1 {
            write!(
                f,
                ", at {:?}, one of {} of {} values",
                self.index,
                self.count,
                self.shape.elements()
            )?;
        }
        if !self.given.is_empty() {
            let given: Vec<String> = self.given.iter().map(ToString::to_string).collect();
            write!(f, "; given were {}", given.join(", "))?;
        }
        match &*self.samples {
            [] => Ok(()),
            samples if self.batch == Some(samples.len()) && samples.len() > 1 => {
                write!(f, "; all samples alike")
            }
            [sample] => write!(f, "; sample {sample} is to blame"),
            samples => {
                const SHOWN: usize = 8;
                let shown: Vec<String> =
                    samples.iter().take(SHOWN).map(ToString::to_string).collect();
                let more = samples.len().saturating_sub(SHOWN);
                let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
                write!(f, "; samples {}{rest} are to blame", shown.join(", "))
            }
        }
    }
}
