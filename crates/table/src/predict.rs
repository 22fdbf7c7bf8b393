use std::collections::HashMap;

use chainrule_config::{listing, shown};
use chainrule_data::{Column, Frame};

use crate::cell::{Form, is_missing, is_missing_number};
use crate::raw::{Places, Raw, RawColumn};
use crate::text::{self, Rows, decoded};
use crate::words::Words;
use crate::{Cells, Field, Options, Schema, Source, TableError, format};

/// Samples that were read by a [`Schema`].
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// The columns of the schema, in its order.
    pub inputs: Frame,
    /// The columns with categories that the schema does not know, and in how many samples.
    pub unknown: Vec<(String, usize)>,
}

/// Reads a table by the columns that a model knows. Each is found by its name, its cells are of the
/// kind that it had in training, and categories have the codes of then. Columns beside them are not
/// looked at.
///
/// ```
/// use chainrule_table::{Cells, Field, Form, Schema, Source, read_as};
///
/// let field = |name: &str, cells| Field { name: name.into(), cells };
/// let kinds = vec!["boxer".into(), "pug".into()];
/// let schema = Schema {
///     fields: vec![
///         field("kind", Cells::Categories(kinds)),
///         field("weight", Cells::Numbers(Form::NUMBER)),
///     ],
/// };
/// let source = Source::bytes("new.csv", *b"weight,kind,name\n4.5,pug,Rex\n,poodle,Fido\n");
/// let samples = read_as(&source, &schema)?;
/// assert_eq!(samples.inputs.names(), ["kind", "weight"]);
/// assert_eq!(samples.unknown, [("kind".to_owned(), 1)]);
/// # Ok::<(), chainrule_table::TableError>(())
/// ```
///
/// # Errors
/// [`TableError::Column`] for a column that is not there, [`TableError::Place`] at a cell that is
/// not of its kind, and as [`read`](crate::read) for what is no table.
pub fn read_as(source: &Source, schema: &Schema) -> Result<Samples, TableError> {
    let mut all: Option<Samples> = None;
    let mut stream = Stream::open(source, schema)?;
    while let Some(next) = stream.next_samples()? {
        match &mut all {
            None => all = Some(next),
            Some(all) => all.append(next, source)?,
        }
    }
    match all {
        Some(all) => Ok(all),
        None => stream.empty(),
    }
}

/// The samples of a table, some thousands at a time, read by a [`Schema`] as [`read_as`] does.
/// Files that are not of lines come in one part.
pub struct Stream<'a> {
    source: &'a Source,
    content: Content<'a>,
    columns: Vec<Known<'a>>,
    others: Vec<String>,
}

enum Content<'a> {
    Rows(Box<Rows<'a>>),
    Whole(Option<Box<Raw>>),
}

/// A column of the schema in the file.
struct Known<'a> {
    field: &'a Field,
    /// Its place in the file.
    at: usize,
    codes: HashMap<&'a str, u32>,
    numbers: HashMap<u64, u32>,
}

impl<'a> Stream<'a> {
    /// Finds the columns of the schema in the file.
    ///
    /// # Errors
    /// As [`read_as`].
    pub fn open(source: &'a Source, schema: &'a Schema) -> Result<Self, TableError> {
        // A file without names can only follow one without.
        let has_names = schema.fields.iter().any(|field| field.name.parse::<usize>().is_err());
        let options = Options { names: has_names.then_some(true), ..Options::default() };
        let (names, content) = match format::read(source)? {
            Some(raw) => (raw.names.clone(), Content::Whole(Some(Box::new(raw)))),
            None => {
                let rows = text::open(source, &options)?;
                (rows.names()?, Content::Rows(Box::new(rows)))
            }
        };
        if names.is_empty() {
            return Err(source.wrong("has no samples"));
        }
        let place: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        let mut columns = Vec::with_capacity(schema.fields.len());
        for field in &schema.fields {
            let Some(&at) = place.get(field.name.as_str()) else {
                let near = chainrule_config::did_you_mean(&field.name, place.keys().copied());
                let there = listing(names.iter().map(String::as_str));
                let what =
                    format!("it is not there, but the model needs it{near}; there are: {there}");
                let (file, column) = (source.name().to_owned(), field.name.clone());
                return Err(TableError::Column { file, column, what });
            };
            columns.push(Known::new(field, at));
        }
        let used: Vec<usize> = columns.iter().map(|column| column.at).collect();
        let others = names.iter().enumerate().filter(|(at, _)| !used.contains(at));
        let others = others.map(|(_, name)| name.clone()).collect();
        Ok(Stream { source, content, columns, others })
    }

    /// The columns of the file that the schema does not have.
    #[must_use]
    pub fn others(&self) -> &[String] {
        &self.others
    }

    /// The next samples; `None` if there are no more.
    ///
    /// # Errors
    /// As [`read_as`].
    pub fn next_samples(&mut self) -> Result<Option<Samples>, TableError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        let (rows, first) = match &mut self.content {
            Content::Rows(rows) => {
                let Some(block) = rows.block()? else { return Ok(None) };
                for column in &self.columns {
                    columns.push(column.read(block.column(column.at), block.rows()));
                }
                let first = block.first;
                (Some(&**rows), first)
            }
            Content::Whole(raw) => {
                let Some(raw) = raw.take().filter(|raw| raw.rows > 0) else { return Ok(None) };
                for column in &self.columns {
                    columns.push(column.take(&raw.columns[column.at]));
                }
                (None, 0)
            }
        };
        let (mut unknown, mut read) = (Vec::new(), Vec::with_capacity(columns.len()));
        for (column, found) in self.columns.iter().zip(columns) {
            let name = column.field.name.clone();
            let (found, count) = found.map_err(|(row, what)| TableError::Place {
                file: self.source.name().to_owned(),
                place: rows.map_or_else(|| Places::Rows.place(row), |rows| rows.place(first + row)),
                column: Some(name.clone()),
                what,
            })?;
            unknown.extend((count > 0).then(|| (name.clone(), count)));
            read.push((name, found));
        }
        let inputs = Frame::new(read).map_err(|source| self.data(source))?;
        Ok(Some(Samples { inputs, unknown }))
    }

    /// Columns without a sample.
    fn empty(&self) -> Result<Samples, TableError> {
        let columns = self.columns.iter().map(|column| {
            let read = column.read(std::iter::empty(), 0);
            (column.field.name.clone(), read.map_or(Column::Numbers(Vec::new()), |read| read.0))
        });
        let inputs = Frame::new(columns.collect()).map_err(|source| self.data(source))?;
        Ok(Samples { inputs, unknown: Vec::new() })
    }

    fn data(&self, source: chainrule_data::DataError) -> TableError {
        TableError::Data { file: self.source.name().to_owned(), source }
    }
}

impl Samples {
    fn append(&mut self, other: Samples, source: &Source) -> Result<(), TableError> {
        let columns = std::mem::take(&mut self.inputs).into_columns();
        let joined = columns.into_iter().zip(other.inputs.into_columns());
        let joined = joined.map(|((name, column), (_, more))| (name, join(column, more)));
        let failed = |error| TableError::Data { file: source.name().to_owned(), source: error };
        self.inputs = Frame::new(joined.collect()).map_err(failed)?;
        for (name, count) in other.unknown {
            match self.unknown.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known += count,
                None => self.unknown.push((name, count)),
            }
        }
        Ok(())
    }
}

fn join(column: Column, more: Column) -> Column {
    match (column, more) {
        (Column::Numbers(mut values), Column::Numbers(more)) => {
            values.extend(more);
            Column::Numbers(values)
        }
        (Column::Categories { mut codes, names }, Column::Categories { codes: more, .. }) => {
            codes.extend(more);
            Column::Categories { codes, names }
        }
        (column, _) => column,
    }
}

impl<'a> Known<'a> {
    fn new(field: &'a Field, at: usize) -> Self {
        let (mut codes, mut numbers) = (HashMap::new(), HashMap::new());
        if let Cells::Categories(names) = &field.cells {
            for (name, code) in names.iter().zip(1..) {
                codes.entry(name.as_str()).or_insert(code);
                if let Some(number) = Form::NUMBER.number(name.as_bytes()) {
                    numbers.entry((number + 0.0).to_bits()).or_insert(code);
                }
            }
        }
        Known { field, at, codes, numbers }
    }

    /// The cells as a column, and how many of its categories are unknown; or the row that cannot be
    /// read, and why.
    fn read<'c>(
        &self,
        cells: impl Iterator<Item = &'c [u8]>,
        rows: usize,
    ) -> Result<(Column, usize), (usize, String)> {
        match &self.field.cells {
            Cells::Numbers(form) => {
                let mut values = Vec::with_capacity(rows);
                for (row, cell) in cells.enumerate() {
                    values.push(number(*form, cell).map_err(|what| (row, what))?);
                }
                Ok((Column::Numbers(values), 0))
            }
            Cells::Categories(names) => {
                let (mut codes, mut unknown) = (Vec::with_capacity(rows), 0);
                for cell in cells {
                    let code = if is_missing(cell) { Some(0) } else { self.code(cell) };
                    unknown += usize::from(code.is_none());
                    codes.push(code.unwrap_or(0));
                }
                Ok((Column::Categories { codes, names: names.clone() }, unknown))
            }
        }
    }

    /// As [`Known::read`], of a column that was read whole.
    fn take(&self, column: &RawColumn) -> Result<(Column, usize), (usize, String)> {
        match (column, &self.field.cells) {
            (RawColumn::Numbers { values, infinite: None, .. }, Cells::Numbers(_)) => {
                Ok((Column::Numbers(values.clone()), 0))
            }
            (RawColumn::Numbers { values, .. }, _) => {
                self.take(&RawColumn::Words(Words::of_numbers(values)))
            }
            (RawColumn::Words(words), _) => {
                let text = |&code: &u32| if code == 0 { &b""[..] } else { words.text(code) };
                self.read(words.codes.iter().map(text), words.codes.len())
            }
            (RawColumn::Skipped, _) => self.read(std::iter::empty(), 0),
        }
    }

    fn code(&self, cell: &[u8]) -> Option<u32> {
        let by_text = match std::str::from_utf8(cell) {
            Ok(text) => self.codes.get(text),
            Err(_) => self.codes.get(decoded(cell, true).as_str()),
        };
        by_text.copied().or_else(|| {
            let number = Form::NUMBER.number(cell)? + 0.0;
            self.numbers.get(&number.to_bits()).copied()
        })
    }
}

/// The number of a cell in the form of training, or plainly; NaN where it is missing.
fn number(form: Form, cell: &[u8]) -> Result<f64, String> {
    let number = form.number(cell).or_else(|| {
        // A date is none of the numbers that it became.
        if form.is_date() { None } else { Form::NUMBER.number(cell) }
    });
    let shown = || shown(&String::from_utf8_lossy(cell));
    match number {
        Some(number) if number.is_finite() => Ok(number),
        Some(_) => Err(format!("`{}` is not a finite number; write one, or NA", shown())),
        None if is_missing_number(cell) => Ok(f64::NAN),
        None => Err(format!("`{}` is not a {form}, as in training; write one, or NA", shown())),
    }
}
