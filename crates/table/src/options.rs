use chainrule_data::Task;

/// Settings for reading a table, and what its columns are for. By default the last column is
/// predicted, and all else is decided by what the file holds.
///
/// A column is named by its name, or by its number from 1 where no name is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The columns to be predicted; without one, the last of the file.
    pub targets: Vec<String>,
    /// The kind of prediction; without it, [`Target`](chainrule_data::Target) guesses. Values must
    /// be numbers.
    pub task: Option<Task>,
    /// True if the first line has the names of the columns, false if it has not; without it, the
    /// first line is compared with the others.
    pub names: Option<bool>,
    /// The only columns to be inputs.
    pub only: Vec<String>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// Columns that are numbers: a cell that is not one is an error.
    pub numeric: Vec<String>,
    /// Columns that are categories, whatever they look like.
    pub categorical: Vec<String>,
    /// The column with the weight of each sample, at least 0.
    pub weights: Option<String>,
    /// The column of groups: samples of one group are kept together when they are split.
    pub groups: Option<String>,
    /// The column of the time, by which samples are put in order when they are split.
    pub time: Option<String>,
    /// Leaves samples out whose target is missing, or unreadable as a number where it must be one.
    pub drop_unlabelled: bool,
}
