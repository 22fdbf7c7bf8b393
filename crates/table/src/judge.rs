//! The kind of a column, decided by all of its cells.

use std::collections::HashSet;

use chainrule_config::shown;
use chainrule_data::Column;

use crate::cell::{Form, decide, is_missing_number};
use crate::raw::{self, Raw, RawColumn};
use crate::report::{Distinct, Kind};
use crate::roles::{Asked, is_index};
use crate::text::decoded;
use crate::words::Words;
use crate::{Cells, TableError};

/// Different numbers are counted up to here.
const MOST_COUNTED: usize = 10_000;
/// Words with more different ones are looked at more closely.
const FEW: usize = 20;

/// A column with what it was taken for.
#[derive(Debug)]
pub(crate) struct Judged {
    pub kind: Kind,
    pub why: String,
    pub missing: usize,
    pub distinct: Distinct,
    /// Its values; `None` if it is left out.
    pub column: Option<Column>,
    pub cells: Cells,
}

/// The columns of a file, each to be judged.
pub(crate) struct Judge<'a> {
    pub file: &'a str,
    pub raw: &'a Raw,
}

impl Judge<'_> {
    /// An input.
    ///
    /// # Errors
    /// A cell that is no number where it must be one, or no finite one.
    pub(crate) fn input(
        &self,
        at: usize,
        column: RawColumn,
        asked: Asked,
    ) -> Result<Judged, TableError> {
        match column {
            RawColumn::Skipped => Ok(ignored()),
            RawColumn::Numbers { values, infinite, .. } if asked == Asked::Categorical => {
                self.finite(at, infinite)?;
                Ok(self.categories(&Words::of_numbers(&values), "asked for".to_owned()))
            }
            RawColumn::Numbers { form, values, infinite } => {
                self.finite(at, infinite)?;
                Ok(self.numbers(at, form, values, asked))
            }
            RawColumn::Words(words)
                if asked != Asked::Categorical
                    && !self.raw.declared[at]
                    && let Some(numbers) =
                        raw::numbers(&words, self.raw.comma_separates, false) =>
            {
                self.input(at, numbers, asked)
            }
            RawColumn::Words(words) if asked == Asked::Numeric && words.different() > 0 => {
                let column = self.must_be_numbers(at, &words)?;
                self.input(at, column, asked)
            }
            RawColumn::Words(words) => self.words(at, &words, asked),
        }
    }

    /// A column that is predicted, or says something of the samples: missing cells are told later.
    ///
    /// # Errors
    /// As [`Judge::input`]; also where all but a few cells are numbers.
    pub(crate) fn other(
        &self,
        at: usize,
        column: RawColumn,
        must_be_numbers: bool,
    ) -> Result<Judged, TableError> {
        match column {
            RawColumn::Words(words) if must_be_numbers && words.different() > 0 => {
                let column = self.must_be_numbers(at, &words)?;
                self.other(at, column, true)
            }
            RawColumn::Words(words) if self.raw.declared[at] => {
                Ok(self.categories(&words, "the file says so".to_owned()))
            }
            RawColumn::Words(words) => {
                if let Some(numbers) = raw::numbers(&words, self.raw.comma_separates, true) {
                    return self.other(at, numbers, must_be_numbers);
                }
                self.mostly_numbers(at, &words)?;
                Ok(self.categories(&words, why_words(&words, self.raw.latin)))
            }
            RawColumn::Numbers { form, values, infinite } => {
                self.finite(at, infinite)?;
                Ok(self.numbers(at, form, values, Asked::Only))
            }
            RawColumn::Skipped => Ok(ignored()),
        }
    }

    fn wrong(&self, at: usize, row: usize, what: String) -> TableError {
        TableError::Place {
            file: self.file.to_owned(),
            place: self.raw.places.place(row),
            column: Some(self.raw.names[at].clone()),
            what,
        }
    }

    fn finite(&self, at: usize, infinite: Option<(usize, String)>) -> Result<(), TableError> {
        infinite.map_or(Ok(()), |(row, text)| {
            let text = shown(&text);
            let what =
                format!("`{text}` is not a finite number; write one, or NA if it is missing");
            Err(self.wrong(at, row, what))
        })
    }

    /// Words as numbers.
    fn must_be_numbers(&self, at: usize, words: &Words) -> Result<RawColumn, TableError> {
        let there = || words.texts().filter(|text| !is_missing_number(text));
        match decide(there(), self.raw.comma_separates) {
            Ok(form) => Ok(raw::as_numbers(words, form)),
            Err((_, first)) => {
                let bad = there().nth(first).unwrap_or_default();
                let what = format!(
                    "`{}` is not a number; write it as one, or NA if it is missing",
                    shown(&decoded(bad, self.raw.latin))
                );
                Err(self.wrong(at, words.row_of_text(bad), what))
            }
        }
    }

    /// An error where many different numbers have a few words among them: neither would be read as
    /// it was meant.
    fn mostly_numbers(&self, at: usize, words: &Words) -> Result<(), TableError> {
        let there = || words.texts().filter(|text| !is_missing_number(text));
        let count = there().count();
        let Err((form, _)) = decide(there(), self.raw.comma_separates) else { return Ok(()) };
        let numbers = there().filter(|text| form.number(text).is_some()).count();
        if count <= FEW || 10 * numbers < 9 * count {
            return Ok(());
        }
        let bad = there().find(|text| form.number(text).is_none()).unwrap_or_default();
        let what = format!(
            "`{}` is not a {}, but {numbers} of {count} different values are; correct it, write NA \
             if it is missing, or take the column for categories",
            shown(&decoded(bad, self.raw.latin)),
            if form.is_date() { "date" } else { "number" },
        );
        Err(self.wrong(at, words.row_of_text(bad), what))
    }

    fn numbers(&self, at: usize, form: Form, values: Vec<f64>, asked: Asked) -> Judged {
        let missing = values.iter().filter(|value| value.is_nan()).count();
        let distinct = count(&values);
        let there = values.len() - missing;
        let some = || values.iter().find(|value| !value.is_nan()).copied().unwrap_or(f64::NAN);
        let asked_for = asked != Asked::Nothing;
        let is_flag = distinct.count == 2
            && !distinct.or_more
            && values.iter().all(|value| value.is_nan() || *value == 0.0 || *value == 1.0);
        let counts = counts_up(&values);
        let (kind, why) = match distinct.count {
            0 if !asked_for => (Kind::Constant, "it holds no value".to_owned()),
            1 if !asked_for && missing == 0 => (Kind::Constant, format!("always {}", some())),
            _ if form.is_date() => (Kind::Date, format!("{form}, {}", words_of(form))),
            _ if is_flag => (Kind::Flag, "0 and 1".to_owned()),
            _ => {
                let name = &self.raw.names[at];
                let why = (!asked_for).then(|| numbering(name, &values, there, counts)).flatten();
                match why {
                    Some(why) => (Kind::Identifier, why),
                    None if counts && there > FEW => (
                        Kind::Number,
                        "it counts up by 1 from sample to sample; leave it out if it only numbers \
                         them"
                            .to_owned(),
                    ),
                    None if form == Form::NUMBER => {
                        (Kind::Number, "all its values are numbers".to_owned())
                    }
                    None => (Kind::Number, format!("{form}: {}", words_of(form))),
                }
            }
        };
        let column = kind.is_input().then_some(Column::Numbers(values));
        Judged { kind, why, missing, distinct, column, cells: Cells::Numbers(form) }
    }

    fn words(&self, at: usize, words: &Words, asked: Asked) -> Result<Judged, TableError> {
        let missing = words.codes.iter().filter(|code| **code == 0).count();
        let (different, there) = (words.different(), words.codes.len() - missing);
        let distinct = Distinct { count: different, or_more: false };
        let left_out = |kind, why: String| {
            let cells = Cells::Categories(Vec::new());
            Ok(Judged { kind, why, missing, distinct, column: None, cells })
        };
        let is_declared = self.raw.declared[at];
        if asked == Asked::Nothing {
            if !is_declared {
                self.mostly_numbers(at, words)?;
            }
            let first = || shown(&decoded(words.text(1), self.raw.latin));
            match different {
                0 => return left_out(Kind::Constant, "it holds no value".to_owned()),
                1 if missing == 0 => {
                    return left_out(Kind::Constant, format!("always `{}`", first()));
                }
                _ if is_declared => {}
                _ if different > FEW && different == there => {
                    let why = format!("each of its {there} values is another, as `{}`", first());
                    let has_blanks = words.texts().filter(|text| text.contains(&b' ')).count();
                    let is_text = 2 * has_blanks > different;
                    return left_out(if is_text { Kind::Text } else { Kind::Identifier }, why);
                }
                _ if different > FEW && 2 * different > there => {
                    let why = format!("{different} different ones in {there}, too many to learn");
                    return left_out(Kind::Text, why);
                }
                _ => {}
            }
        }
        let why = match asked {
            Asked::Categorical => "asked for".to_owned(),
            _ if is_declared => "the file says so".to_owned(),
            _ => why_words(words, self.raw.latin),
        };
        Ok(self.categories(words, why))
    }

    fn categories(&self, words: &Words, why: String) -> Judged {
        let missing = words.codes.iter().filter(|code| **code == 0).count();
        let (codes, names) = named(words, self.raw.latin);
        let is_flag = YES_AND_NO.iter().any(|both| {
            names.len() == 2 && names.iter().all(|name| both.contains(&&*name.to_lowercase()))
        });
        let distinct = Distinct { count: names.len(), or_more: false };
        let kind = if is_flag { Kind::Flag } else { Kind::Category };
        let cells = Cells::Categories(names.clone());
        let column = Some(Column::Categories { codes, names });
        Judged { kind, why, missing, distinct, column, cells }
    }
}

const YES_AND_NO: [[&str; 2]; 6] =
    [["no", "yes"], ["false", "true"], ["n", "y"], ["f", "t"], ["off", "on"], ["0", "1"]];

fn ignored() -> Judged {
    Judged {
        kind: Kind::Ignored,
        why: "as asked for".to_owned(),
        missing: 0,
        distinct: Distinct { count: 0, or_more: false },
        column: None,
        cells: Cells::Categories(Vec::new()),
    }
}

fn words_of(form: Form) -> &'static str {
    form.words().unwrap_or("a number")
}

fn why_words(words: &Words, latin: bool) -> String {
    let word = words.texts().find(|text| Form::NUMBER.number(text).is_none());
    word.map_or_else(
        || "whole numbers too long to be held as numbers".to_owned(),
        |word| format!("words, such as `{}`", shown(&decoded(word, latin))),
    )
}

/// The reason why whole numbers only name the samples, if they do: the column has no name, or that
/// of an identifier, and no number is there twice.
fn numbering(name: &str, values: &[f64], there: usize, counts: bool) -> Option<String> {
    let is_whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
    let is_of_pandas = is_index(name);
    let has_no_name = name.strip_prefix("column ").is_some_and(is_digits)
        || name.strip_prefix("Unnamed: ").is_some_and(is_digits);
    let is_asked = is_of_pandas || has_no_name || names_samples(name);
    if !is_asked || !is_whole || (!is_of_pandas && !all_differ(values, there)) {
        return None;
    }
    let how = if counts { "it counts the samples" } else { "each of its numbers is another" };
    Some(match (is_of_pandas, has_no_name) {
        (true, _) => "the row numbers of pandas".to_owned(),
        (_, true) => format!("without a name, and {how}"),
        _ => format!("named as an identifier, and {how}"),
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true if the name of a column says that it names the samples: `id`, `row_id`,
/// `PassengerId`.
fn names_samples(name: &str) -> bool {
    let lower = name.to_lowercase();
    let known =
        ["id", "index", "idx", "rownames", "row", "uuid", "guid", "key", "rowid", "no", "nr"];
    known.contains(&lower.as_str())
        || ["_id", "-id", " id", ".id"].iter().any(|end| lower.ends_with(end))
        || (name.ends_with("Id") || name.ends_with("ID"))
}

/// Returns true if each number is the one before and 1.
fn counts_up(values: &[f64]) -> bool {
    values.len() > 1 && values.windows(2).all(|two| two[1] == two[0] + 1.0)
}

fn all_differ(values: &[f64], there: usize) -> bool {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    sorted.len() == there
}

/// The number of different numbers, up to a limit.
fn count(values: &[f64]) -> Distinct {
    let mut seen: HashSet<u64> = HashSet::new();
    for value in values.iter().filter(|value| !value.is_nan()) {
        seen.insert((value + 0.0).to_bits());
        if seen.len() > MOST_COUNTED {
            return Distinct { count: MOST_COUNTED, or_more: true };
        }
    }
    Distinct { count: seen.len(), or_more: false }
}

/// Codes by sorted names. Where all are numbers, equal ones are one category, in their order, and
/// called as numbers are; unless they are too long for that.
fn named(words: &Words, latin: bool) -> (Vec<u32>, Vec<String>) {
    let number = |text: &[u8]| Form::NUMBER.number(text).filter(|x| x.abs() < raw::EXACT);
    let numbers: Option<Vec<f64>> = words.texts().map(number).collect();
    let (order, names): (Vec<u32>, Vec<String>) = match numbers {
        Some(numbers) => {
            let mut sorted: Vec<f64> = numbers.iter().map(|number| number + 0.0).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.dedup();
            let place = |number: &f64| {
                let number = number + 0.0;
                sorted.partition_point(|other| other.total_cmp(&number).is_lt()) as u32 + 1
            };
            (numbers.iter().map(place).collect(), sorted.iter().map(f64::to_string).collect())
        }
        None => {
            let texts: Vec<String> = words.texts().map(|text| decoded(text, latin)).collect();
            let mut sorted: Vec<usize> = (0..texts.len()).collect();
            sorted.sort_unstable_by(|&a, &b| texts[a].cmp(&texts[b]));
            let mut order = vec![0; texts.len()];
            (1..).zip(&sorted).for_each(|(code, &text)| order[text] = code);
            (order, sorted.into_iter().map(|text| texts[text].clone()).collect())
        }
    };
    let code = |&code: &u32| code.checked_sub(1).map_or(0, |at| order[at as usize]);
    (words.codes.iter().map(code).collect(), names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_identifier() {
        for name in ["id", "ID", "PassengerId", "row_id", "customerID", "index", "rownames"] {
            assert!(names_samples(name), "{name}");
        }
        for name in ["idle", "paid", "grid", "age", "fluid"] {
            assert!(!names_samples(name), "{name}");
        }
    }

    #[test]
    fn categories_that_are_numbers_are_in_their_order() {
        let mut words = Words::default();
        for text in ["10", "9", "9.0", "x"] {
            words.push(text.as_bytes()).unwrap();
        }
        assert_eq!(named(&words, false).1, ["10", "9", "9.0", "x"]);
        let mut words = Words::default();
        for text in ["10", "9", "9.0", "-0", "0"] {
            words.push(text.as_bytes()).unwrap();
        }
        words.push_missing();
        let (codes, names) = named(&words, false);
        assert_eq!((codes, names.join(" ")), (vec![3, 2, 2, 1, 1, 0], "0 9 10".to_owned()));
        let mut words = Words::default();
        for text in ["9007199254740993", "9007199254740992"] {
            words.push(text.as_bytes()).unwrap();
        }
        assert_eq!(named(&words, false).1.len(), 2);
    }
}
