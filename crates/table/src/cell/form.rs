use std::fmt;
use std::str::FromStr;

use super::date::{self, Order};
use super::number::{self, Marks};

/// The spelling of the numbers of a column, dates and times among them. As text it is one of a few
/// words, such as `number` or `date (day first)`.
///
/// ```
/// use chainrule_table::Form;
///
/// let form: Form = "number (decimal comma)".parse()?;
/// assert_eq!(form.parse("0,25"), Some(0.25));
/// assert_eq!("date (day first)".parse::<Form>()?.parse("02.01.1970"), Some(1.0));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form(Inner);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Inner {
    Plain,
    Marked { marks: Marks, percent: bool },
    Date(Order),
    DateAndTime(Order),
    Time,
}

const fn marked(decimal: u8, group: Option<u8>, percent: bool) -> Inner {
    Inner::Marked { marks: Marks { decimal, group }, percent }
}

/// All forms and their names. Of two that fit, an earlier one is taken.
const FORMS: [(&str, Inner); 21] = [
    ("number", Inner::Plain),
    ("number (decimal comma)", marked(b',', None, false)),
    ("number (groups by comma)", marked(b'.', Some(b','), false)),
    ("number (decimal comma, groups by point)", marked(b',', Some(b'.'), false)),
    ("number (groups by blank)", marked(b'.', Some(b' '), false)),
    ("number (decimal comma, groups by blank)", marked(b',', Some(b' '), false)),
    ("number (groups by apostrophe)", marked(b'.', Some(b'\''), false)),
    ("percent", marked(b'.', None, true)),
    ("percent (decimal comma)", marked(b',', None, true)),
    ("percent (groups by comma)", marked(b'.', Some(b','), true)),
    ("percent (decimal comma, groups by point)", marked(b',', Some(b'.'), true)),
    ("percent (groups by blank)", marked(b'.', Some(b' '), true)),
    ("percent (decimal comma, groups by blank)", marked(b',', Some(b' '), true)),
    ("percent (groups by apostrophe)", marked(b'.', Some(b'\''), true)),
    ("date", Inner::Date(Order::YearMonthDay)),
    ("date (month first)", Inner::Date(Order::MonthDayYear)),
    ("date (day first)", Inner::Date(Order::DayMonthYear)),
    ("date and time", Inner::DateAndTime(Order::YearMonthDay)),
    ("date (month first) and time", Inner::DateAndTime(Order::MonthDayYear)),
    ("date (day first) and time", Inner::DateAndTime(Order::DayMonthYear)),
    ("time", Inner::Time),
];

impl Form {
    /// A number with a decimal point, without groups.
    pub const NUMBER: Form = Form(Inner::Plain);

    /// The number that a text stands for. That of `12%` is 0.12, that of a date the days since
    /// 1970, that of a time the seconds since midnight. Of a date with a time it is the seconds
    /// since 1970 (UTC where it names no other offset). `None` if the text is not of this form.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<f64> {
        self.number(text.trim().as_bytes())
    }

    /// Returns true if it is of dates or times.
    #[must_use]
    pub fn is_date(self) -> bool {
        !matches!(self.0, Inner::Plain | Inner::Marked { .. })
    }

    /// The meaning of the numbers, as a report says it; `None` for plain numbers.
    pub(crate) fn words(self) -> Option<&'static str> {
        match self.0 {
            Inner::Plain => None,
            Inner::Marked { percent: true, .. } => Some("12% is read as 0.12"),
            Inner::Marked { marks: Marks { decimal: b',', .. }, .. } => {
                Some("1,5 is read as one and a half")
            }
            Inner::Marked { .. } => Some("written with groups of three digits"),
            Inner::Date(_) => Some("days since 1970"),
            Inner::DateAndTime(_) => Some("seconds since 1970"),
            Inner::Time => Some("seconds since midnight"),
        }
    }

    /// The number of a cell without blanks around it; infinite where it is too large.
    pub(crate) fn number(self, cell: &[u8]) -> Option<f64> {
        match self.0 {
            Inner::Plain => number::plain(cell),
            Inner::Marked { marks, percent: false } => number::marked(cell, marks),
            Inner::Marked { marks, percent: true } => {
                let number = cell.strip_suffix(b"%")?.trim_ascii_end();
                // Two places further rather than divided: no digit is rounded twice.
                if !number.iter().any(|byte| matches!(byte, b'e' | b'E')) {
                    let shifted = [number, b"e-2"].concat();
                    return number::marked(&shifted, marks);
                }
                number::marked(number, marks).map(|number| number / 100.0)
            }
            Inner::Date(order) => date::date(cell, order),
            Inner::DateAndTime(order) => date::date_and_time(cell, order),
            Inner::Time => date::time(cell),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = FORMS.iter().find(|(_, form)| *form == self.0);
        f.write_str(known.map_or("", |(name, _)| name))
    }
}

impl FromStr for Form {
    type Err = String;

    /// # Errors
    /// That no form has this name.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = FORMS.iter().find(|(name, _)| *name == text);
        known.map(|(_, form)| Form(*form)).ok_or_else(|| {
            let names = || FORMS.iter().map(|(name, _)| *name);
            let near = chainrule_config::did_you_mean(text, names());
            let text = chainrule_config::shown(text);
            format!("there is no form of numbers `{text}`{near}")
        })
    }
}

/// The form that all of these cells have, none of which is missing; else the form that most of them
/// have, and the first that has not. Where a comma separates cells, it is more likely to part
/// groups of digits than to be a decimal mark.
pub(crate) fn decide<'a>(
    cells: impl Iterator<Item = &'a [u8]> + Clone,
    comma_separates: bool,
) -> Result<Form, (Form, usize)> {
    let mut best = (Form::NUMBER, 0);
    let mut most = 0;
    for form in candidates(cells.clone(), comma_separates) {
        let fits = |cell: &[u8]| form.number(cell).is_some();
        let Some(first) = cells.clone().position(|cell| !fits(cell)) else { return Ok(form) };
        // Most of them are looked for among a part, so that a column of words takes no time.
        let fit = cells.clone().take(1000).filter(|cell| fits(cell)).count();
        if fit > most {
            (best, most) = ((form, first), fit);
        }
    }
    Err(best)
}

fn candidates<'a>(
    cells: impl Iterator<Item = &'a [u8]> + Clone,
    comma_separates: bool,
) -> Vec<Form> {
    let grouped = || {
        cells.clone().any(|cell| number::shows_groups(cell, b','))
            && !cells.clone().any(|cell| number::is_ungrouped(cell, b','))
    };
    let mut forms: Vec<Form> = FORMS.iter().map(|(_, form)| Form(*form)).collect();
    if comma_separates || grouped() {
        // Groups by comma before the decimal comma.
        forms.swap(1, 2);
        forms.swap(8, 9);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_back_from_their_names() {
        for (name, form) in FORMS {
            assert_eq!(Form(form).to_string(), name);
            assert_eq!(name.parse(), Ok(Form(form)));
        }
        let error = "numbr".parse::<Form>().unwrap_err();
        assert_eq!(error, "there is no form of numbers `numbr` (did you mean `number`?)");
    }

    #[test]
    fn the_form_of_a_column_is_that_of_all_its_cells() {
        let name = |cells: &[&str], comma| {
            let cells = cells.iter().map(|cell| cell.as_bytes());
            decide(cells, comma).map(|form| form.to_string())
        };
        for (cells, comma, expected) in [
            (&["1", "2.5", "1e3"][..], true, "number"),
            (&["125,730", "104,900"], true, "number (groups by comma)"),
            (&["0,5", "1,234"], true, "number (decimal comma)"),
            (&["0,5", "1,5"], false, "number (decimal comma)"),
            (&["1,234", "2,345"], false, "number (decimal comma)"),
            (&["1,234", "999"], false, "number (groups by comma)"),
            (&["1,234", "9999", "12"], false, "number (decimal comma)"),
            (&["1.234", "1.234.567"], false, "number (decimal comma, groups by point)"),
            (&["1.234", "12,5"], false, "number (decimal comma, groups by point)"),
            (&["1 234", "12"], true, "number (groups by blank)"),
            (&["12%", "0.5 %"], true, "percent"),
            (&["12,5%"], false, "percent (decimal comma)"),
            (&["2021-03-04", "2021-12-24"], true, "date"),
            (&["2021-03-04", "2021-12-24 12:30"], true, "date and time"),
            (&["3/4/2021", "12/24/2021"], true, "date (month first)"),
            (&["3/4/2021", "24/12/2021"], true, "date (day first)"),
            (&["12:30", "1:00:05"], true, "time"),
        ] {
            assert_eq!(name(cells, comma).as_deref(), Ok(expected), "{cells:?}");
        }
        assert_eq!(name(&["1", "x", "2"], true), Err((Form::NUMBER, 1)));
        assert_eq!(name(&["x", "y"], true), Err((Form::NUMBER, 0)));
        let (form, first) = name(&["2021-03-04", "2021-03-05", "soon"], true).unwrap_err();
        assert_eq!((form.to_string().as_str(), first), ("date", 2));
    }

    #[test]
    fn percents_are_not_rounded_twice() {
        let percent: Form = "percent".parse().unwrap();
        for (text, expected) in [("0.1257%", 0.001257), ("12 %", 0.12), ("1e1%", 0.1), ("7%", 0.07)]
        {
            assert_eq!(percent.parse(text), Some(expected), "{text}");
        }
        assert_eq!(percent.parse("7"), None);
    }
}
