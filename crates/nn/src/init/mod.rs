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

use crate::UnknownName;

pub use constant::{Constant, zeros};
pub use glorot::Glorot;
pub use he::He;
pub use lecun::LeCun;
pub use normal::Normal;
pub use orthogonal::Orthogonal;
pub use uniform::Uniform;

/// Every initialiser with its default settings, by name. Checks and command lines come from this list.
#[must_use]
pub fn all() -> Vec<(&'static str, Arc<dyn Initialiser>)> {
    vec![
        ("zeros", Arc::new(zeros())),
        ("uniform", Arc::new(Uniform::default())),
        ("normal", Arc::new(Normal::default())),
        ("glorot_uniform", Arc::new(Glorot::uniform())),
        ("glorot_normal", Arc::new(Glorot::normal())),
        ("he_uniform", Arc::new(He::uniform())),
        ("he_normal", Arc::new(He::normal())),
        ("lecun_uniform", Arc::new(LeCun::uniform())),
        ("lecun_normal", Arc::new(LeCun::normal())),
        ("orthogonal", Arc::new(Orthogonal::default())),
    ]
}

/// The initialiser of this name, such as `he_normal`, with its default settings.
///
/// # Errors
/// [`UnknownName`], which lists the names there are.
pub fn by_name(name: &str) -> Result<Arc<dyn Initialiser>, UnknownName> {
    let found = all().into_iter().find(|(known, _)| *known == name);
    let unknown = || UnknownName::new("initialiser", name, all().iter().map(|(known, _)| *known));
    found.map(|(_, initialiser)| initialiser).ok_or_else(unknown)
}
