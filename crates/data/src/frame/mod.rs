mod column;
mod target;

use chainrule_config::{did_you_mean, listing};

use crate::DataError;

pub use column::Column;
pub use target::{Target, Task};

/// A table: columns with names, each of numbers or of categories, all of the same length.
///
/// It holds what was read, before anything is scaled or encoded: numbers in `f64`, NaN where one is
/// missing, categories as codes. [`Target`] makes targets of some of its columns.
///
/// ```
/// use chainrule_data::{Column, Frame};
///
/// let frame = Frame::new(vec![
///     ("age".into(), Column::Numbers(vec![31.0, f64::NAN, 7.0])),
///     ("town".into(), Column::categories(["Ulm", "", "Bern"])),
/// ])?;
/// assert_eq!((frame.rows(), frame.width()), (3, 2));
/// assert_eq!(frame.column("town")?.missing(), 1);
/// let error = frame.column("twn").unwrap_err().to_string();
/// assert!(error.contains("no column `twn` (did you mean `town`?)"), "{error}");
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    names: Vec<String>,
    columns: Vec<Column>,
    /// The columns in the order of their names.
    by_name: Vec<usize>,
}

impl Frame {
    /// The table of these columns, in this order. It may have no rows, and no columns.
    ///
    /// # Errors
    /// [`DataError::Column`] if two columns have the same name, if a column has another length than
    /// the first, and at the first number that is infinite or code without a name.
    pub fn new(columns: Vec<(String, Column)>) -> Result<Self, DataError> {
        let op = "Frame";
        let (names, columns): (Vec<String>, Vec<Column>) = columns.into_iter().unzip();
        let mut by_name: Vec<usize> = (0..names.len()).collect();
        by_name.sort_by(|&a, &b| names[a].cmp(&names[b]));
        let wrong =
            |column: usize, why| Err(DataError::Column { op, column: names[column].clone(), why });
        if let Some(pair) = by_name.windows(2).find(|pair| names[pair[0]] == names[pair[1]]) {
            let (first, second) = (pair[0] + 1, pair[1] + 1);
            let why = format!("the columns {first} and {second} have this name: rename one");
            return wrong(pair[1], why);
        }
        let rows = columns.first().map_or(0, Column::len);
        for (at, column) in columns.iter().enumerate() {
            if column.len() != rows {
                let why = format!(
                    "it has {} rows, but column {} has {rows}: give one value for each row",
                    column.len(),
                    chainrule_config::shown(&names[0])
                );
                return wrong(at, why);
            }
            if let Err(why) = column.check() {
                return wrong(at, why);
            }
        }
        Ok(Frame { names, columns, by_name })
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// The number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The names of the columns, in their order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, in their order, with their names.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.names.iter().map(String::as_str).zip(&self.columns)
    }

    /// The place of the column of this name, from 0; `None` if there is none.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        let found = self.by_name.binary_search_by(|&column| self.names[column].as_str().cmp(name));
        found.ok().map(|at| self.by_name[at])
    }

    /// The column of this name.
    ///
    /// # Errors
    /// [`DataError::NoColumn`] if there is none.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        self.find("column", name).map(|at| &self.columns[at])
    }

    /// The table of the given rows, in that order; rows may repeat. The names of categories stay,
    /// also of those that no row has any more.
    ///
    /// # Errors
    /// [`DataError::Row`] at the first index that is no row.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let (op, samples) = ("select", self.rows());
        if let Some(&row) = rows.iter().find(|&&row| row >= samples) {
            return Err(DataError::Row { op, row, samples });
        }
        let columns = self.columns.iter().map(|column| column.select(rows)).collect();
        Ok(Frame { names: self.names.clone(), columns, by_name: self.by_name.clone() })
    }

    /// Takes the columns of these names out, in the order of the names; the others stay.
    ///
    /// # Errors
    /// [`DataError::NoColumn`] if there is none of a name, or it stands there twice; the table is
    /// then as it was.
    pub fn take(&mut self, names: &[&str]) -> Result<Self, DataError> {
        let op = "take";
        let mut taken: Vec<Option<usize>> = vec![None; self.width()];
        for (order, name) in names.iter().enumerate() {
            let at = self.find(op, name)?;
            if taken[at].replace(order).is_some() {
                return Err(self.unknown(op, name));
            }
        }
        let (mut out, mut kept) = (Vec::with_capacity(names.len()), Vec::new());
        let all = std::mem::take(self).into_columns();
        for (column, order) in all.into_iter().zip(taken) {
            match order {
                Some(order) => out.push((order, column)),
                None => kept.push(column),
            }
        }
        out.sort_by_key(|(order, _)| *order);
        *self = Frame::new(kept)?;
        Frame::new(out.into_iter().map(|(_, column)| column).collect())
    }

    /// The columns with their names, without a copy.
    #[must_use]
    pub fn into_columns(self) -> Vec<(String, Column)> {
        self.names.into_iter().zip(self.columns).collect()
    }

    fn find(&self, op: &'static str, name: &str) -> Result<usize, DataError> {
        self.position(name).ok_or_else(|| self.unknown(op, name))
    }

    fn unknown(&self, op: &'static str, name: &str) -> DataError {
        let known = || self.names.iter().map(String::as_str);
        let (near, columns) = (did_you_mean(name, known()), listing(known()));
        DataError::NoColumn { op, column: name.to_owned(), near, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[f64]) -> Column {
        Column::Numbers(values.into())
    }

    fn frame() -> Frame {
        Frame::new(vec![
            ("b".into(), numbers(&[1.0, 2.0, f64::NAN])),
            ("a".into(), Column::categories(["x", "", "y"])),
            ("c".into(), numbers(&[0.5, 0.25, 0.125])),
        ])
        .unwrap()
    }

    #[test]
    fn columns_are_found_by_name_and_keep_their_order() {
        let frame = frame();
        assert_eq!((frame.rows(), frame.width()), (3, 3));
        assert_eq!(frame.names(), ["b", "a", "c"]);
        assert_eq!((frame.position("a"), frame.position("d")), (Some(1), None));
        assert_eq!(frame.column("c").unwrap(), &numbers(&[0.5, 0.25, 0.125]));
        assert_eq!(
            frame.column("d").unwrap_err().to_string(),
            "column: there is no column `d`; there are: b, a, c"
        );
        let columns: Vec<&str> = frame.columns().map(|(name, _)| name).collect();
        assert_eq!(columns, ["b", "a", "c"]);
        assert_eq!(Frame::new(Vec::new()).unwrap().rows(), 0);
    }

    #[test]
    fn selected_rows_may_repeat_and_keep_the_names_of_categories() {
        let chosen = frame().select(&[2, 2, 1]).unwrap();
        let codes =
            Column::Categories { codes: vec![2, 2, 0], names: vec!["x".into(), "y".into()] };
        assert_eq!(chosen.column("a").unwrap(), &codes);
        assert_eq!(chosen.column("c").unwrap(), &numbers(&[0.125, 0.125, 0.25]));
        assert_eq!(chosen.position("c"), Some(2));
        assert_eq!(frame().select(&[]).unwrap().rows(), 0);
        let error = frame().select(&[0, 3]).unwrap_err().to_string();
        assert_eq!(error, "select: there is no sample 3 among 3");
    }

    #[test]
    fn columns_are_taken_out_in_the_order_asked_for() {
        let mut rest = frame();
        let taken = rest.take(&["c", "b"]).unwrap();
        assert_eq!(
            (taken.names(), rest.names()),
            (&["c".into(), "b".into()][..], &["a".into()][..])
        );
        assert_eq!(taken.column("c").unwrap(), frame().column("c").unwrap());
        let error = rest.take(&["a", "q"]).unwrap_err().to_string();
        assert_eq!(error, "take: there is no column `q`; there are: a");
        assert!(rest.take(&["a", "a"]).is_err());
        assert_eq!(rest.names(), ["a"]);
    }

    #[test]
    fn columns_that_do_not_fit_are_told_by_name() {
        let refused = |columns: Vec<(&str, Column)>| {
            let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
            Frame::new(columns.collect()).unwrap_err().to_string()
        };
        let names = || vec!["x".to_owned()];
        for (columns, expected) in [
            (
                vec![("a", numbers(&[1.0])), ("b", numbers(&[])), ("a", numbers(&[1.0]))],
                "Frame: column a: the columns 1 and 3 have this name: rename one",
            ),
            (
                vec![("a", numbers(&[1.0])), ("b\n", numbers(&[]))],
                "Frame: column b\\n: it has 0 rows, but column a has 1: give one value for each \
                 row",
            ),
            (
                vec![("a", numbers(&[1.0, f64::INFINITY]))],
                "Frame: column a: row 1 has inf: remove the row or put a finite number there",
            ),
            (
                vec![("a", Column::Categories { codes: vec![0, 2], names: names() })],
                "Frame: column a: row 1 has the code 2, but there are 1 names: the code must be at \
                 most 1",
            ),
            (
                vec![(
                    "a",
                    Column::Categories { codes: vec![1], names: [names(), names()].concat() },
                )],
                "Frame: column a: the category `x` is there twice: join the two",
            ),
        ] {
            assert_eq!(refused(columns), expected);
        }
    }
}
