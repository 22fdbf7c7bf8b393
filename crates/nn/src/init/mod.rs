//! Initialisers: the random weights that training starts from.
//!
//! | initialiser | distribution | for |
//! |---|---|---|
//! | [`Constant`], [`zeros`] | one value | biases; all weights alike would keep units alike |
//! | [`Uniform`], [`Normal`] | as given | |
//! | [`Glorot`] (Xavier) | variance `gain^2 2 / (fan in + fan out)` | sigmoid, tanh |
//! | [`He`] (Kaiming) | variance `gain^2 / fan in`, gain `sqrt 2` | ReLU and its variants |
//! | [`LeCun`] | variance `1 / fan in` | SELU, linear |
//! | [`Orthogonal`] | orthonormal rows or columns, times a gain | deep networks |
//!
//! Weights are `[inputs, outputs]`: the fan in is the first length, the fan out the last; any axes in between count for
//! both.

mod constant;
mod fan;
mod glorot;
mod he;
mod lecun;
mod normal;
mod orthogonal;
mod uniform;

use std::sync::Arc;

use chainrule_graph::Initialiser;

use crate::config::choose;
use crate::{ConfigError, Configure};

pub use constant::{Constant, zeros};
pub use glorot::Glorot;
pub use he::He;
pub use lecun::LeCun;
pub use normal::Normal;
pub use orthogonal::Orthogonal;
pub use uniform::Uniform;

/// An initialiser of the list: one with a name, a formula and settings.
pub trait Listed: Initialiser + Configure {
    /// The name, in configuration.
    fn name(&self) -> &'static str;
}

/// Every initialiser with its default settings. Checks and command lines come from this list.
#[must_use]
pub fn all() -> Vec<Box<dyn Listed>> {
    vec![
        Box::new(zeros()),
        Box::new(Uniform::default()),
        Box::new(Normal::default()),
        Box::new(Glorot::uniform()),
        Box::new(Glorot::normal()),
        Box::new(He::uniform()),
        Box::new(He::normal()),
        Box::new(LeCun::uniform()),
        Box::new(LeCun::normal()),
        Box::new(Orthogonal::default()),
    ]
}

/// The initialiser that a text names, such as `he_normal` or `normal(deviation=0.1)`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name(text: &str) -> Result<Arc<dyn Initialiser>, ConfigError> {
    let found: Box<dyn Initialiser> = choose("initialiser", all(), |initialiser| initialiser.name().to_owned(), text)?;
    Ok(Arc::from(found))
}
