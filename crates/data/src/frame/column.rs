use std::collections::{HashMap, HashSet};

use chainrule_config::shown;

/// One column of a [`Frame`](crate::Frame).
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers, NaN where one is missing; none is infinite.
    Numbers(Vec<f64>),
    /// Categories, one code for each row.
    Categories {
        /// 0 where the category is missing or unknown, `k` for `names[k - 1]`.
        codes: Vec<u32>,
        /// The names of the categories, each once.
        names: Vec<String>,
    },
}

impl Column {
    /// The categories of these texts, their names sorted; an empty text is a missing one.
    ///
    /// # Panics
    /// With more than 2^32 - 1 different texts.
    #[must_use]
    pub fn categories<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let mut names: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let code: HashMap<&str, u32> = names.iter().copied().zip(1..).collect();
        assert!(u32::try_from(names.len()).is_ok(), "categories: {} are too many", names.len());
        let codes = texts.iter().map(|text| code.get(text).copied().unwrap_or(0)).collect();
        Column::Categories { codes, names: names.into_iter().map(str::to_owned).collect() }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(values) => values.len(),
            Column::Categories { codes, .. } => codes.len(),
        }
    }

    /// Returns true if there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind as a message says it: `"numbers"` or `"categories"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Column::Numbers(_) => "numbers",
            Column::Categories { .. } => "categories",
        }
    }

    /// The number of rows without a value.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self {
            Column::Numbers(values) => values.iter().filter(|value| value.is_nan()).count(),
            Column::Categories { codes, .. } => codes.iter().filter(|code| **code == 0).count(),
        }
    }

    /// The column with the codes of other names, such as those that a model was trained with. A
    /// category that is not among them becomes code 0, as missing ones are.
    ///
    /// Numbers find their name as numbers: 1 is found in `"1"`, and in `"1.0"` too.
    #[must_use]
    pub fn recoded(&self, names: &[String]) -> Self {
        let codes = match self {
            Column::Categories { codes, names: own } => {
                let known: HashMap<&str, u32> = names.iter().map(String::as_str).zip(1..).collect();
                let code = |name: &String| known.get(name.as_str()).copied().unwrap_or(0);
                let code: Vec<u32> = std::iter::once(0).chain(own.iter().map(code)).collect();
                codes.iter().map(|&old| code[old as usize]).collect()
            }
            Column::Numbers(values) => {
                let mut known: HashMap<u64, u32> = HashMap::new();
                for (name, code) in names.iter().zip(1..) {
                    if let Ok(number) = name.parse() {
                        known.entry(key(number)).or_insert(code);
                    }
                }
                let code = |value: &f64| known.get(&key(*value)).copied().unwrap_or(0);
                values.iter().map(|value| if value.is_nan() { 0 } else { code(value) }).collect()
            }
        };
        Column::Categories { codes, names: names.to_vec() }
    }

    /// The given rows, which must exist.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Column::Numbers(values) => {
                Column::Numbers(rows.iter().map(|&row| values[row]).collect())
            }
            Column::Categories { codes, names } => Column::Categories {
                codes: rows.iter().map(|&row| codes[row]).collect(),
                names: names.clone(),
            },
        }
    }

    /// That numbers are finite or NaN, codes have names and names are unique; or what is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Column::Numbers(values) => {
                let infinite = values.iter().position(|value| value.is_infinite());
                infinite.map_or(Ok(()), |row| {
                    let value = values[row];
                    Err(format!(
                        "row {row} has {value}: remove the row or put a finite number there"
                    ))
                })
            }
            Column::Categories { codes, names } => {
                let count = names.len();
                if let Some(row) = codes.iter().position(|&code| code as usize > count) {
                    return Err(format!(
                        "row {row} has the code {}, but there are {count} names: the code must be \
                         at most {count}",
                        codes[row]
                    ));
                }
                let mut seen = HashSet::with_capacity(count);
                names.iter().find(|name| !seen.insert(name.as_str())).map_or(Ok(()), |name| {
                    Err(format!("the category `{}` is there twice: join the two", shown(name)))
                })
            }
        }
    }
}

/// Bits that are the same for equal numbers, of two zeros too.
pub(super) fn key(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_and_an_empty_text_is_missing() {
        let column = Column::categories(["dog", "cat", "", "dog"]);
        let names = vec!["cat".to_owned(), "dog".to_owned()];
        assert_eq!(column, Column::Categories { codes: vec![2, 1, 0, 2], names });
        assert_eq!((column.len(), column.missing(), column.kind()), (4, 1, "categories"));
    }

    #[test]
    fn other_names_give_other_codes_and_0_to_what_is_not_among_them() {
        let names = ["dog".to_owned(), "eel".to_owned()];
        let column = Column::categories(["dog", "cat", "", "eel"]).recoded(&names);
        assert_eq!(column, Column::Categories { codes: vec![1, 0, 0, 2], names: names.into() });

        let names = ["0".to_owned(), "1.0".to_owned(), "x".to_owned(), "1".to_owned()];
        let column = Column::Numbers(vec![1.0, -0.0, f64::NAN, 2.0]).recoded(&names);
        assert_eq!(column, Column::Categories { codes: vec![2, 1, 0, 0], names: names.into() });
    }
}
