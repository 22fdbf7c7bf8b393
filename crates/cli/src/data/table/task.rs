use clap::ValueEnum;

/// The kind of answer that is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Task {
    /// Numbers with fractions, or more than 50 different ones, are values, all else are classes
    Auto,
    /// Classes, by number or by name
    Classes,
    /// Numbers
    Values,
}
