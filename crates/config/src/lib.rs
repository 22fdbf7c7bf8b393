#![doc = include_str!("../README.md")]

mod bounds;
mod error;
mod family;
mod names;
pub mod number;
mod setting;
mod shown;
mod statement;
mod text;

#[cfg(test)]
mod tests;

pub use bounds::{Bounds, above, at_least, finite, whole, within};
pub use error::{ConfigError, UnknownName};
pub use family::{Aliases, Family, without_alias};
pub use names::{did_you_mean, is_same_name, listing, nearest};
pub use setting::{Choice, Entry, Setting, Value, Words};
pub use shown::{shortened, shown};
pub use statement::Field;
pub use text::{MAX_DEPTH, check_depth};

/// The description that an entry of a list gives of itself: its formula and its settings by name.
/// Tables, command lines and checks follow from it. [`settings!`] writes it from a statement of the
/// settings.
pub trait Configure {
    /// The formula, in one line.
    fn formula(&self) -> &'static str;

    /// Its settings by name, to be read or written. By default none.
    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        Vec::new()
    }

    /// Why there are no reference cases of it: no published package has it, and the golden values
    /// in its own file are its proof. By default there are some.
    fn in_no_package(&self) -> Option<&'static str> {
        None
    }

    /// The statement of each setting: default, bounds, documentation. By default nothing, which an
    /// entry may leave at whose settings are odd.
    fn fields(&self) -> Vec<Field> {
        Vec::new()
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
