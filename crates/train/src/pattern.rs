//! Parameters chosen by a pattern of their names.

use std::ops::Range;

use chainrule_config::{did_you_mean, listing};
use chainrule_graph::Layout;
use chainrule_tensor::Shape;

use crate::TrainError;

/// A parameter that a pattern has chosen: its shape, and where it lies in the flat vector.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) shape: Shape,
    pub(crate) range: Range<usize>,
}

/// The parameters whose names a pattern matches; none is an error.
pub(crate) fn choose(layout: &Layout, pattern: &str) -> Result<Vec<Chosen>, TrainError> {
    let chosen: Vec<Chosen> = layout
        .entries()
        .iter()
        .filter(|entry| matches(pattern, &entry.name))
        .map(|entry| Chosen { shape: entry.shape, range: entry.range.clone() })
        .collect();
    if chosen.is_empty() {
        let names = || layout.entries().iter().map(|entry| entry.name.as_str());
        return Err(TrainError::Setting(format!(
            "no parameter has a name like `{pattern}`{}; there are: {}",
            did_you_mean(pattern, names()),
            listing(names())
        )));
    }
    Ok(chosen)
}

/// Returns true if a parameter's name is of the form of a pattern. In it `*` stands for any text
/// and `?` for any one character. It is what groups, penalties and constraints choose by.
///
/// ```
/// assert!(chainrule_train::matches("*.weight", "0.weight"));
/// ```
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on after the last star, should what follows it not fit: one character further in
    // the name.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match retry {
                Some((after, from)) => {
                    (p, n) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "0.weight", true),
            ("0.*", "0.weight", true),
            ("0.*", "10.weight", false),
            ("*.bias", "3.inner.0.bias", true),
            ("*.bias", "bias", false),
            ("*bias", "bias", true),
            ("?.weight", "3.weight", true),
            ("?.weight", "13.weight", false),
            ("3.*.weight", "3.inner.weight", true),
            ("*.0.*", "3.0.0.weight", true),
            ("*ab*ab", "abab.ab", true),
            ("*ab*abc", "abab.ab", false),
            ("weight", "weight", true),
            ("weight", "weights", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
