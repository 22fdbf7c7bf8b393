//! Every entry of every list, as a table.

use std::fmt::Write;

use chainrule::nn::{Configure, activation, init, layer, loss};
use chainrule::train::{metric, optimizer, schedule};

/// One list: activations, losses and so on.
#[derive(Debug)]
pub struct List {
    /// What it lists, in the plural.
    pub name: &'static str,
    /// Its entries, in order.
    pub entries: Vec<Entry>,
}

/// One entry of a list.
#[derive(Debug)]
pub struct Entry {
    /// The name, as in configuration.
    pub name: String,
    /// The settings and their defaults.
    pub settings: Vec<(&'static str, String)>,
    /// What it computes.
    pub formula: &'static str,
}

/// Every list.
#[must_use]
pub fn catalogue() -> Vec<List> {
    vec![
        list("activations", activation::all::<f32>(), |entry| entry.kind().to_owned()),
        list("losses", loss::all::<f32>(), |entry| entry.name().to_owned()),
        list("initialisers", init::all(), |entry| entry.name().to_owned()),
        list("layers", layer::all::<f32>(), |entry| entry.kind().to_owned()),
        list("optimizers", optimizer::all::<f32>(), |entry| entry.name().to_owned()),
        list("schedules", schedule::all(), |entry| entry.name().to_owned()),
        list("metrics", metric::all::<f32>(), |entry| entry.name().to_owned()),
    ]
}

fn list<E: Configure + ?Sized>(name: &'static str, entries: Vec<Box<E>>, name_of: impl Fn(&E) -> String) -> List {
    let entry = |mut entry: Box<E>| {
        let settings = entry.settings().into_iter().map(|(name, setting)| (name, setting.to_string())).collect();
        Entry { name: name_of(&entry), settings, formula: entry.formula() }
    };
    List { name, entries: entries.into_iter().map(entry).collect() }
}

impl Entry {
    /// The text that names the entry with all its settings, such as `elu(alpha=1)`.
    #[must_use]
    pub fn text(&self) -> String {
        let settings: Vec<String> = self.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if settings.is_empty() { self.name.clone() } else { format!("{}({})", self.name, settings.join(", ")) }
    }
}

/// The lists as tables in Markdown.
#[must_use]
pub fn markdown(lists: &[List]) -> String {
    let mut text = String::new();
    for list in lists {
        let title = list.name[..1].to_uppercase() + &list.name[1..];
        // Writing to a string cannot fail.
        let _ = write!(text, "**{title}** ({})\n\n| name | computes |\n|---|---|\n", list.entries.len());
        for entry in &list.entries {
            let formula = entry.formula.replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {formula} |", entry.text());
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_the_text_that_names_it() {
        for list in catalogue() {
            assert!(!list.entries.is_empty());
            for entry in &list.entries {
                let text = entry.text();
                let found = match list.name {
                    "activations" => activation::by_name::<f32>(&text).map(|_| ()),
                    "losses" => loss::by_name::<f32>(&text).map(|_| ()),
                    "initialisers" => init::by_name(&text).map(|_| ()),
                    "layers" => layer::by_name::<f32>(&text).map(|_| ()),
                    "optimizers" => optimizer::by_name::<f32>(&text).map(|_| ()),
                    "schedules" => schedule::by_name(&text).map(|_| ()),
                    "metrics" => metric::by_name::<f32>(&text).map(|_| ()),
                    other => panic!("no way to look up {other}"),
                };
                found.unwrap_or_else(|error| panic!("{text}: {error}"));
                assert!(!entry.formula.is_empty(), "{text} has no formula");
            }
        }
    }

    #[test]
    fn a_table_has_a_row_for_each_entry() {
        let entry = Entry { name: "abs".to_owned(), settings: vec![("scale", "2".to_owned())], formula: "scale |x|" };
        let text = markdown(&[List { name: "functions", entries: vec![entry] }]);
        assert_eq!(text, "**Functions** (1)\n\n| name | computes |\n|---|---|\n| `abs(scale=2)` | scale \\|x\\| |\n\n");
    }
}
