use crate::Form;

/// The columns that a model takes, each by its name, with the kind of its cells.
///
/// It follows from the table that was trained on ([`Table::schema`](crate::Table)), and
/// [`read_as`](crate::read_as) reads other files by it. With a field for the target added, a table
/// is read for scoring, or again and again in parts by [`Stream`](crate::Stream).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The columns, in the order in which the model takes them.
    pub fields: Vec<Field>,
}

/// One column of a [`Schema`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the column.
    pub name: String,
    /// The kind of its cells.
    pub cells: Cells,
}

/// The kind of the cells of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Numbers, written in this form or plainly.
    Numbers(Form),
    /// Categories of these names; others are unknown.
    Categories(Vec<String>),
}
