//! Sparse rows as LIBSVM and SVMlight write them: `label index:value index:value`.

use chainrule_config::shown;
use chainrule_tensor::memory;

use super::{check_columns, numbers, raw, words};
use crate::cell::Form;
use crate::raw::{Places, Raw, RawColumn};
use crate::{Source, TableError};

/// Reads the rows as columns by their index; those that a row does not name are 0 there. `qid` is a
/// column of its own, and several labels, with commas between them, are one column each.
pub(super) fn read(source: &Source, bytes: &[u8]) -> Result<Raw, TableError> {
    let mut rows = Rows::default();
    let mut places = Places::Lines(Vec::new());
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
        if line.is_empty() {
            continue;
        }
        places.push(rows.labels.len(), number);
        rows.push(line).map_err(|what| TableError::Place {
            file: source.name().to_owned(),
            place: format!("line {number}"),
            column: None,
            what,
        })?;
    }
    let mut raw = rows.columns().map_err(|what| source.wrong(what))?;
    raw.places = places;
    Ok(raw)
}

#[derive(Default)]
struct Rows {
    labels: Vec<String>,
    queries: Vec<Option<String>>,
    /// The row, the index and the value of each cell that is named.
    cells: Vec<(usize, usize, f64)>,
}

impl Rows {
    fn push(&mut self, line: &[u8]) -> Result<(), String> {
        let row = self.labels.len();
        let line = str::from_utf8(line).map_err(|_| "it is no text".to_owned())?;
        let mut parts = line.split_ascii_whitespace();
        let first = parts.next().unwrap_or_default();
        let rest: Vec<&str> = match first.contains(':') {
            // A line without a label, as several labels may be none.
            true => std::iter::once(first).chain(parts).collect(),
            false => parts.collect(),
        };
        self.labels.push(if first.contains(':') { String::new() } else { first.to_owned() });
        self.queries.push(None);
        let mut before = None;
        for part in rest {
            let wrong =
                || format!("`{}` is no index with a value; write it as in 3:0.5", shown(part));
            let (index, value) = part.split_once(':').ok_or_else(wrong)?;
            if index == "qid" {
                self.queries[row] = Some(value.to_owned());
                continue;
            }
            let index: usize = index.parse().map_err(|_| wrong())?;
            let value = Form::NUMBER.number(value.as_bytes()).ok_or_else(wrong)?;
            if !value.is_finite() {
                return Err(format!("`{}` has no finite value; write one", shown(part)));
            }
            if before.is_some_and(|before| before >= index) {
                return Err(format!(
                    "the index {index} stands behind one that is not smaller; sort them"
                ));
            }
            before = Some(index);
            self.cells.push((row, index, value));
        }
        Ok(())
    }

    fn columns(self) -> Result<Raw, String> {
        let rows = self.labels.len();
        if rows == 0 {
            return Err("has no samples".to_owned());
        }
        // Indices count from 1, unless one is 0.
        let first = usize::from(!self.cells.iter().any(|(_, index, _)| *index == 0));
        let last = self.cells.iter().map(|(_, index, _)| *index).max();
        let width = last.map_or(0, |last| last + 1 - first);
        check_columns(width)?;
        memory::check::<f64>(rows.saturating_mul(width)).map_err(|why| {
            format!("has {rows} samples with {width} columns, and {why}; leave columns out")
        })?;
        let mut values = vec![vec![0.0; rows]; width];
        for (row, index, value) in self.cells {
            values[index - first][row] = value;
        }
        let mut names: Vec<String> = (0..width).map(|at| (at + first).to_string()).collect();
        let mut columns: Vec<RawColumn> = values.into_iter().map(numbers).collect();
        if self.queries.iter().any(Option::is_some) {
            names.push("qid".to_owned());
            columns.push(words(self.queries.iter().map(Option::as_ref)));
        }
        let begin = names.len();
        if self.labels.iter().any(|labels| labels.contains(',') || labels.is_empty()) {
            let of = |labels: &str| {
                let parts = labels.split(',').filter(|label| !label.is_empty());
                parts.map(str::to_owned).collect::<Vec<String>>()
            };
            let each: Vec<Vec<String>> = self.labels.iter().map(|labels| of(labels)).collect();
            let mut all: Vec<String> = each.iter().flatten().cloned().collect();
            all.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
            all.dedup();
            check_columns(all.len())?;
            memory::check::<f64>(rows.saturating_mul(all.len()))
                .map_err(|why| format!("has {} labels, and {why}", all.len()))?;
            for label in all {
                let has = each.iter().map(|labels| f64::from(u8::from(labels.contains(&label))));
                columns.push(numbers(has.collect()));
                names.push(format!("label {label}"));
            }
        } else {
            names.push("label".to_owned());
            columns.push(words(self.labels.iter().map(Some)));
        }
        let mut raw = raw(names, columns, rows, Vec::new());
        raw.targets = (begin..raw.names.len()).collect();
        Ok(raw)
    }
}

/// Returns true if the first line of a text is a sparse row.
pub(crate) fn is_sparse(begin: &[u8]) -> bool {
    let lines = begin.split(|byte| *byte == b'\n');
    let line = lines
        .map(|line| line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii())
        .find(|line| !line.is_empty());
    let Some(line) = line.and_then(|line| str::from_utf8(line).ok()) else { return false };
    let mut parts = line.split_ascii_whitespace();
    let is_label =
        |label: &str| label.split(',').all(|part| Form::NUMBER.number(part.as_bytes()).is_some());
    let is_cell = |part: &str| {
        part.split_once(':').is_some_and(|(index, value)| {
            let is_index = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
            (is_index || index == "qid") && Form::NUMBER.number(value.as_bytes()).is_some()
        })
    };
    // The begin may end within the line, so that the last part counts for nothing.
    let mut cells: Vec<&str> = Vec::new();
    let labelled = parts.next().is_some_and(is_label);
    cells.extend(parts);
    if cells.len() > 1 && begin.len() == line.len() {
        cells.pop();
    }
    labelled && !cells.is_empty() && cells.into_iter().all(is_cell)
}
