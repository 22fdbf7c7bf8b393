//! The names of the columns, if the first line has them.

use std::collections::HashMap;

use super::split::Cell;
use crate::cell::{decide, is_missing_number};

/// The names, if the first of these lines has some; `width` is the number of cells of most lines.
///
/// A line of names that is one short, above lines that begin with the name of their row as R writes
/// them, gets an empty one in front.
pub(super) fn names(
    text: &[u8],
    lines: &[&[Cell]],
    width: usize,
    asked: Option<bool>,
) -> Option<Vec<Vec<u8>>> {
    let (first, samples) = lines.split_first()?;
    let mut names: Vec<Vec<u8>> = first.iter().map(|cell| undoubled(cell.bytes(text))).collect();
    let last_is_empty = || samples.iter().all(|cells| cells.last().is_none_or(|c| c.is_empty()));
    if !samples.is_empty() && names.len() + 1 == width && !last_is_empty() {
        names.insert(0, Vec::new());
    }
    let has = asked.unwrap_or_else(|| are_names(text, &names, samples));
    has.then_some(names)
}

/// The names in a comment: one name for each cell of the samples below it, words above numbers.
pub(super) fn commented(text: &[u8], lines: &[&[Cell]], width: usize) -> Option<Vec<Vec<u8>>> {
    let (first, samples) = lines.split_first()?;
    let names: Vec<Vec<u8>> = first.iter().map(|cell| undoubled(cell.bytes(text))).collect();
    let fits = names.len() == width && width > 1 && names.iter().all(|name| !name.is_empty());
    (fits && are_names(text, &names, samples)).then_some(names)
}

fn undoubled(cell: &[u8]) -> Vec<u8> {
    let mut cell = cell.to_vec();
    let mut at = 0;
    while let Some(found) = cell[at..].windows(2).position(|two| two == b"\"\"") {
        cell.remove(at + found);
        at += found + 1;
    }
    cell
}

/// Compares the first line with the others, column by column.
///
/// A word above numbers is a name. Else a word that a sample has is no name, and words that no
/// sample has are names where what is below them repeats. Numbers from 0 on are names, too, as
/// pandas writes them above columns without names.
fn are_names(text: &[u8], first: &[Vec<u8>], samples: &[&[Cell]]) -> bool {
    if samples.is_empty() {
        return first.iter().all(|name| !is_number(name) && !name.is_empty());
    }
    let (mut above_words, mut is_value) = (false, false);
    for (column, name) in first.iter().enumerate() {
        let below = || {
            let cells = samples.iter().filter_map(move |cells| cells.get(column));
            cells.map(|cell| cell.bytes(text)).filter(|cell| !is_missing_number(cell))
        };
        if is_missing_number(name) || below().next().is_none() {
            continue;
        }
        let form = decide(below(), false);
        match (form, is_number(name)) {
            (Ok(form), _) if form.number(name).is_some() => {}
            // A word above numbers.
            (Ok(_), false) => return true,
            (Ok(_), true) => {}
            (Err(_), _) => {
                let mut counts: HashMap<&[u8], usize> = HashMap::new();
                below().for_each(|cell| *counts.entry(cell).or_default() += 1);
                is_value |= counts.contains_key(&name[..]);
                above_words |= !is_number(name) && 2 * counts.len() <= below().count();
            }
        }
    }
    (above_words && !is_value) || counts_up(first)
}

fn is_number(cell: &[u8]) -> bool {
    decide(std::iter::once(cell), false).is_ok()
}

/// Returns true if the first line is 0, 1, 2, 3 and so on, behind an empty cell or not.
fn counts_up(first: &[Vec<u8>]) -> bool {
    let rest = match first {
        [empty, rest @ ..] if empty.is_empty() => rest,
        _ => first,
    };
    let counts = |(at, name): (usize, &Vec<u8>)| name == at.to_string().as_bytes();
    rest.len() >= 4 && rest.iter().enumerate().all(counts)
}

#[cfg(test)]
mod tests {
    use super::super::dialect::Dialect;

    fn names(text: &str) -> Option<Vec<String>> {
        let dialect = Dialect::of(text.as_bytes(), None);
        let name = |name: Vec<u8>| String::from_utf8(name).unwrap();
        dialect.names.map(|names| names.into_iter().map(name).collect())
    }

    #[test]
    fn the_first_line_is_compared_with_the_others() {
        for (text, expected) in [
            ("a,b\n1,2\n", Some(vec!["a", "b"])),
            ("1,2\n3,4\n", None),
            ("2021,2022,grade\n1,2,0\n2,1,1\n", Some(vec!["2021", "2022", "grade"])),
            ("2021,2022,kind\n1,2,x\n2,1,y\n3,4,x\n1,1,y\n", Some(vec!["2021", "2022", "kind"])),
            ("1,2,x\n2,1,y\n3,4,x\n1,1,y\n", None),
            ("1.5,?,1\n2,3,0\n", None),
            ("1.5,NA,1\n2,3,0\n", None),
            ("p,x\ne,x\np,s\ne,s\n", None),
            ("class,cap\ne,x\np,s\ne,s\np,x\n", Some(vec!["class", "cap"])),
            ("0,1,2,3\n0.5,0.25,7,1\n", Some(vec!["0", "1", "2", "3"])),
            (",0,1,2,3\n0,0.5,0.25,7,1\n", Some(vec!["", "0", "1", "2", "3"])),
            ("a b\n1 1 2\n2 3 4\n", Some(vec!["", "a", "b"])),
            ("a,b\n", Some(vec!["a", "b"])),
            ("2021-01-02,1\n2021-01-03,2\n", None),
            ("day,n\n2021-01-02,1\n2021-01-03,2\n", Some(vec!["day", "n"])),
            ("# a, b\n1,2\n3,4\n", Some(vec!["a", "b"])),
            ("# a, b\nx,y\n1,2\n3,4\n", Some(vec!["x", "y"])),
            ("# exported; 2021, v2\na,b,c\n1,2,3\n", Some(vec!["a", "b", "c"])),
            ("#,Name,HP\n1,Bulbasaur,45\n2,Ivysaur,60\n", Some(vec!["#", "Name", "HP"])),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(names(text), expected, "{text:?}");
        }
    }
}
