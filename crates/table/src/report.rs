use std::fmt;

use chainrule_config::shortened;

use crate::Role;

/// The kind that a column was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Yes or no: 0 and 1, or two words such as `no` and `yes`.
    Flag,
    /// One of several names.
    Category,
    /// Dates or times, as numbers.
    Date,
    /// It only names the samples, and is left out.
    Identifier,
    /// It never changes, and is left out.
    Constant,
    /// Words of which most are different ones, and left out.
    Text,
    /// It was not read.
    Ignored,
}

impl Kind {
    /// The kind in a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Flag => "flag",
            Kind::Category => "category",
            Kind::Date => "date",
            Kind::Identifier => "identifier",
            Kind::Constant => "constant",
            Kind::Text => "text",
            Kind::Ignored => "ignored",
        }
    }

    /// Returns true if columns of this kind are inputs.
    #[must_use]
    pub fn is_input(self) -> bool {
        matches!(self, Kind::Number | Kind::Flag | Kind::Category | Kind::Date)
    }
}

/// The number of different values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Distinct {
    /// The number of values.
    pub count: usize,
    /// There are more, which were not counted.
    pub or_more: bool,
}

impl fmt::Display for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.or_more { "> " } else { "" }, self.count)
    }
}

/// One column of a file: the kind that it was taken for, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnReport {
    /// Its name, or its number from 1 where the file has no names.
    pub name: String,
    /// Its purpose.
    pub role: Role,
    /// The kind that it was taken for.
    pub kind: Kind,
    /// The reason, or how its cells were read.
    pub why: String,
    /// The number of samples without a value.
    pub missing: usize,
    /// The number of different values, missing ones left out.
    pub distinct: Distinct,
}

impl ColumnReport {
    /// Returns true if it neither is an input nor has another purpose.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.role == Role::Ignored || (self.role == Role::Input && !self.kind.is_input())
    }
}

/// The columns of a file, each with the kind that it was taken for and why. Its [`Display`] is a
/// table, one line a column.
///
/// [`Display`]: fmt::Display
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file.
    pub file: String,
    /// The number of samples.
    pub samples: usize,
    /// Remarks on the file as a whole, one sentence each.
    pub notes: Vec<String>,
    /// The columns, in the order of the file.
    pub columns: Vec<ColumnReport>,
}

/// So many characters of a name are shown.
const LONGEST_NAME: usize = 30;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = self.columns.iter().filter(|c| c.role == Role::Input && c.kind.is_input());
        writeln!(f, "{}: {} samples, {} inputs", self.file, self.samples, inputs.count())?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        let head = ["column", "taken for", "missing", "distinct", "why"].map(str::to_owned);
        let row = |column: &ColumnReport| {
            let kind = column.kind.name();
            let taken = match column.role {
                Role::Input if column.kind.is_input() => kind.to_owned(),
                Role::Input => format!("{kind}, left out"),
                Role::Ignored => "left out".to_owned(),
                Role::Target => format!("target, {kind}"),
                Role::Weight => format!("weight, {kind}"),
                Role::Group => format!("group, {kind}"),
                Role::Time => format!("time, {kind}"),
            };
            let counted = column.kind != Kind::Ignored;
            let number = |text: String| if counted { text } else { String::new() };
            [
                shortened(&column.name, LONGEST_NAME),
                taken,
                number(column.missing.to_string()),
                number(column.distinct.to_string()),
                column.why.clone(),
            ]
        };
        let rows: Vec<[String; 5]> =
            std::iter::once(head).chain(self.columns.iter().map(row)).collect();
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: [usize; 4] = std::array::from_fn(width);
        for [name, taken, missing, distinct, why] in &rows {
            let [a, b, c, d] = widths;
            let line = format!("  {name:a$}  {taken:b$}  {missing:>c$}  {distinct:>d$}  {why}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
