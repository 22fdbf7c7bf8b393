//! Recipes as flags.

use chainrule::recipe::Recipe;

use super::list::{FLAGS, Flag, Kind};

/// The flags that, behind those of one recipe, give the other: those that differ.
pub fn difference(from: &Recipe, to: &Recipe) -> String {
    let flags = FLAGS.iter().filter(|flag| values(flag, from) != values(flag, to));
    flags.map(|flag| text(flag, &values(flag, to))).collect::<Vec<_>>().join(" ")
}

/// The learning rate without a row of zeros.
pub fn rate(recipe: &Recipe) -> String {
    let rate = recipe.rate().unwrap_or(f64::NAN);
    if (1e-4..1e6).contains(&rate) { rate.to_string() } else { format!("{rate:e}") }
}

fn values(flag: &Flag, recipe: &Recipe) -> Vec<String> {
    match flag.key {
        "learning_rate" => vec![rate(recipe)],
        key => recipe.values(key),
    }
}

fn text(flag: &Flag, values: &[String]) -> String {
    let name = flag.name;
    let value = |value: &str| match value.contains(['(', ' ', '[', '*', ';', '\'']) {
        true => format!("--{name} '{}'", value.replace('\'', r"'\''")),
        false => format!("--{name} {value}"),
    };
    match (flag.kind, values) {
        (Kind::Switch, [on]) if on == "true" => format!("--{name}"),
        (Kind::Switch, _) => format!("--{name}=false"),
        (Kind::Widths, [widths]) => {
            let widths = widths.trim_matches(['[', ']']).replace(' ', "");
            value(if widths.is_empty() { "none" } else { &widths })
        }
        (_, []) => value("none"),
        _ => values.iter().map(|text| value(text)).collect::<Vec<_>>().join(" "),
    }
}
