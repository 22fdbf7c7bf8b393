use std::collections::HashMap;

use chainrule_data::{Column, Frame, Target, Task};
use chainrule_tensor::Real;

use crate::judge::{Judge, Judged};
use crate::raw::{Places, Raw, RawColumn};
use crate::report::{ColumnReport, Report};
use crate::roles::{Role, Roles};
use crate::{Field, Options, Schema, Source, TableError, format, text};

/// A table that was read: what is learned from, what is predicted, and what else its columns say of
/// the samples.
#[derive(Debug)]
pub struct Table {
    /// The inputs, in `f64`. All-missing, constant and identifying columns are left out.
    pub inputs: Frame,
    /// The columns that are predicted, without missing values.
    pub targets: Frame,
    /// The weight of each sample, where a column says so.
    pub weights: Option<Vec<f64>>,
    /// The group of each sample, counted from 0, where a column says so.
    pub groups: Option<Vec<u32>>,
    /// The time of each sample, where a column says so.
    pub time: Option<Vec<f64>>,
    /// The columns that a file must hold to be predicted from.
    pub schema: Schema,
    /// The kind that each column was taken for, and why.
    pub report: Report,
    task: Option<Task>,
    places: Places,
    /// The row of the file that each sample is; `None` if all are.
    rows: Option<Vec<usize>>,
}

impl Table {
    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.targets.rows()
    }

    /// The place of a sample in the file, such as `line 7`.
    #[must_use]
    pub fn place(&self, sample: usize) -> String {
        let row = self.rows.as_ref().map_or(sample, |rows| rows[sample]);
        self.places.place(row)
    }

    /// The targets, of the kind that was asked for in the options, or is guessed.
    ///
    /// # Errors
    /// [`TableError::Data`] if the columns do not fit it.
    pub fn target<T: Real>(&self) -> Result<Target<T>, TableError> {
        Target::new(&self.targets, self.task)
            .map_err(|source| TableError::Data { file: self.report.file.clone(), source })
    }
}

/// Reads a table to be learned from, and decides by all of its rows what each column is.
///
/// ```
/// use chainrule_table::{Options, Source, read};
///
/// let source = Source::bytes("dogs.csv", *b"id;weight;kind\n1;4,5;pug\n2;31;boxer\n3;6;pug\n");
/// let table = read(&source, &Options::default())?;
/// assert_eq!(table.inputs.names(), ["weight"]);
/// assert_eq!(table.target::<f32>()?.names, ["boxer", "pug"]);
/// assert!(table.report.columns[0].why.contains("it counts the samples"));
/// # Ok::<(), chainrule_table::TableError>(())
/// ```
///
/// # Errors
/// [`TableError`], one line with the file, the place in it and what to do.
pub fn read(source: &Source, options: &Options) -> Result<Table, TableError> {
    let file = source.name();
    let check = |names: &[String]| {
        if names.len() == 1 {
            return Err(source.wrong(
                "has one column only; a table has columns to learn from, and one to be predicted",
            ));
        }
        if names.is_empty() {
            return Err(source.wrong("has no samples"));
        }
        Ok(())
    };
    if let Some(raw) = format::read(source)? {
        check(&raw.names)?;
        let roles = Roles::of(&raw.names, &raw.targets, options, file)?;
        return assemble(file, raw, &roles, options);
    }
    let mut roles = None;
    let raw = text::read(source, options, |names| {
        check(names)?;
        let found = Roles::of(names, &[], options, file)?;
        let wants = found.wants();
        roles = Some(found);
        Ok(wants)
    })?;
    let Some(roles) = roles else { return Err(source.wrong("has no samples")) };
    assemble(file, raw, &roles, options)
}

fn assemble(
    file: &str,
    mut raw: Raw,
    roles: &Roles,
    options: &Options,
) -> Result<Table, TableError> {
    if raw.rows == 0 {
        return Err(TableError::File { file: file.to_owned(), what: "has no samples".to_owned() });
    }
    let columns = std::mem::take(&mut raw.columns);
    let judge = Judge { file, raw: &raw };
    let mut judged = Vec::with_capacity(columns.len());
    let must_be_numbers = options.task == Some(Task::Values);
    for (at, column) in columns.into_iter().enumerate() {
        let column = match (roles.roles[at], column) {
            (Role::Input, column) => judge.input(at, column, roles.asked[at])?,
            // A label that is no number is as good as none.
            (Role::Target, RawColumn::Words(words))
                if must_be_numbers && options.drop_unlabelled =>
            {
                judge.other(at, crate::raw::most_numbers(&words, raw.comma_separates), true)?
            }
            (Role::Target, column) => judge.other(at, column, must_be_numbers)?,
            (Role::Weight | Role::Time, column) => judge.other(at, column, true)?,
            (Role::Group, column) => judge.other(at, column, false)?,
            (Role::Ignored, _) => judge.input(at, RawColumn::Skipped, roles.asked[at])?,
        };
        judged.push(column);
    }
    let parts = Parts { file, raw: &raw, roles, judged };
    let rows = parts.labelled(options.drop_unlabelled)?;
    parts.table(options, rows)
}

/// The columns on their way into a table.
struct Parts<'a> {
    file: &'a str,
    raw: &'a Raw,
    roles: &'a Roles,
    judged: Vec<Judged>,
}

impl Parts<'_> {
    /// The rows with all labels; `None` if all have them.
    fn labelled(&self, drop: bool) -> Result<Option<Vec<usize>>, TableError> {
        let targets = || self.roles.targets.iter();
        let first = |at: &usize| Some((missing(self.judged[*at].column.as_ref()?).next()?, *at));
        let Some((row, at)) = targets().filter_map(first).min() else { return Ok(None) };
        if !drop {
            let what = "the label is missing; fill it in, or leave samples without one out";
            return Err(self.wrong(row, at, what.to_owned()));
        }
        let mut there = vec![true; self.raw.rows];
        for column in targets().filter_map(|at| self.judged[*at].column.as_ref()) {
            missing(column).for_each(|row| there[row] = false);
        }
        let rows: Vec<usize> = (0..there.len()).filter(|row| there[*row]).collect();
        if rows.is_empty() {
            let what = "it holds no label; choose another column".to_owned();
            return Err(TableError::Column {
                file: self.file.to_owned(),
                column: self.raw.names[at].clone(),
                what,
            });
        }
        Ok(Some(rows))
    }

    fn table(self, options: &Options, rows: Option<Vec<usize>>) -> Result<Table, TableError> {
        let role = |role: Role| self.roles.roles.iter().position(|other| *other == role);
        let all = self.raw.rows;
        let kept = |column: Column| match &rows {
            None => Ok(column),
            Some(rows) => Frame::new(vec![(String::new(), column)])
                .and_then(|frame| frame.select(rows))
                .map(|frame| frame.into_columns().remove(0).1),
        };
        let data = |source| TableError::Data { file: self.file.to_owned(), source };
        let (weights, groups, time) = (role(Role::Weight), role(Role::Group), role(Role::Time));
        let column_of = |at: Option<usize>| {
            let Some(at) = at else { return Ok(None) };
            let Some(column) = self.judged[at].column.clone() else { return Ok(None) };
            // Of a sample that is left out nothing is asked.
            let is_kept =
                |row: &usize| rows.as_ref().is_none_or(|rows| rows.binary_search(row).is_ok());
            if let Some(row) = missing(&column).find(is_kept) {
                let what = "the value is missing; fill it in, or leave the sample out".to_owned();
                return Err(self.wrong(row, at, what));
            }
            kept(column).map(Some).map_err(data)
        };
        let numbers = |column: Option<Column>| match column {
            Some(Column::Numbers(values)) => Some(values),
            _ => None,
        };
        let weights_of = numbers(column_of(weights)?);
        if let (Some(at), Some(values)) = (weights, &weights_of) {
            let negative = values.iter().position(|weight| *weight < 0.0);
            if let Some(sample) = negative {
                let row = rows.as_ref().map_or(sample, |rows| rows[sample]);
                let what =
                    format!("the weight {} is below 0; give one of at least 0", values[sample]);
                return Err(self.wrong(row, at, what));
            }
        }
        let groups_of = column_of(groups)?.map(|column| counted(&column));
        let time_of = numbers(column_of(time)?);
        let mut notes = self.raw.notes.clone();
        if let Some(rows) = &rows {
            notes.push(format!("left out: {} samples without a label", all - rows.len()));
        }
        let (mut reports, mut inputs, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        let mut columns: Vec<Option<Column>> = Vec::new();
        for ((name, judged), role) in self.raw.names.iter().zip(self.judged).zip(&self.roles.roles)
        {
            reports.push(ColumnReport {
                name: name.clone(),
                role: *role,
                kind: judged.kind,
                why: judged.why,
                missing: judged.missing,
                distinct: judged.distinct,
            });
            let column = judged.column.map(&kept).transpose().map_err(data)?;
            match (role, column) {
                (Role::Input, Some(column)) => {
                    inputs.push((name.clone(), column));
                    fields.push(Field { name: name.clone(), cells: judged.cells });
                    columns.push(None);
                }
                (_, column) => columns.push(column),
            }
        }
        let targets = self.roles.targets.iter().filter_map(|&at| {
            columns[at].take().map(|column| (self.raw.names[at].clone(), column))
        });
        let targets = Frame::new(targets.collect()).map_err(data)?;
        if inputs.is_empty() {
            let what = "has no column to learn from; those that are left out can be asked for";
            let file = self.file.to_owned();
            return Err(TableError::File { file, what: what.to_owned() });
        }
        let samples = rows.as_ref().map_or(all, Vec::len);
        Ok(Table {
            inputs: Frame::new(inputs).map_err(data)?,
            targets,
            weights: weights_of,
            groups: groups_of,
            time: time_of,
            schema: Schema { fields },
            report: Report { file: self.file.to_owned(), samples, notes, columns: reports },
            task: options.task,
            places: self.raw.places.clone(),
            rows,
        })
    }

    fn wrong(&self, row: usize, at: usize, what: String) -> TableError {
        TableError::Place {
            file: self.file.to_owned(),
            place: self.raw.places.place(row),
            column: Some(self.raw.names[at].clone()),
            what,
        }
    }
}

/// The rows without a value.
fn missing(column: &Column) -> Box<dyn Iterator<Item = usize> + '_> {
    match column {
        Column::Numbers(values) => Box::new((0..values.len()).filter(|&row| values[row].is_nan())),
        Column::Categories { codes, .. } => {
            Box::new((0..codes.len()).filter(|&row| codes[row] == 0))
        }
    }
}

/// The values of a column, counted from 0 as they first come.
fn counted(column: &Column) -> Vec<u32> {
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut count = |key: u64| {
        let next = known.len() as u32;
        *known.entry(key).or_insert(next)
    };
    match column {
        Column::Numbers(values) => {
            values.iter().map(|value| count((value + 0.0).to_bits())).collect()
        }
        Column::Categories { codes, .. } => {
            codes.iter().map(|code| count(u64::from(*code))).collect()
        }
    }
}
