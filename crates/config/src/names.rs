//! Names that are typed, and what may have been meant by one that is unknown.

use crate::shown;

/// The known name that an unknown one is most like, the first of equals, if any is like it. It is
/// like it by the similarity of Jaro and Winkler, above 0.75, or by a third of its letters at most
/// that are wrong, whatever the capitals.
///
/// ```
/// use chainrule_config::nearest;
///
/// assert_eq!(nearest("acuracy", ["f1", "accuracy"]), Some("accuracy"));
/// assert_eq!(nearest("sd", ["adam", "sgd"]), Some("sgd"));
/// assert_eq!(nearest("xyz", ["f1", "accuracy"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let mut best = (0.75, None);
    for known in known {
        let other = known.to_lowercase();
        let letters = name.chars().count().max(other.chars().count());
        let wrong = strsim::osa_distance(&name, &other);
        let few = 3 * wrong <= letters;
        let spelled = if few { 1.0 - wrong as f64 / (2.0 * letters as f64) } else { 0.0 };
        let alike = strsim::jaro_winkler(&name, &other).max(spelled);
        if alike > best.0 {
            best = (alike, Some(known));
        }
    }
    best.1
}

/// The question behind an unknown name in a message, ` (did you mean `x`?)`; empty if no known name
/// is like it.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let meant = nearest(name, known);
    meant.map_or_else(String::new, |known| format!(" (did you mean `{}`?)", shown(known)))
}

/// The names, with commas between them; of more than 20 the first ones, and how many there are
/// beside them.
///
/// ```
/// use chainrule_config::listing;
///
/// assert_eq!(listing(["a", "b"]), "a, b");
/// assert_eq!(listing([]), "none");
/// assert!(listing(["w"; 25]).ends_with("w, w and 5 more"));
/// ```
#[must_use]
pub fn listing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<String> = names.into_iter().map(shown).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > MOST => format!("{} and {} more", names[..MOST].join(", "), count - MOST),
        _ => names.join(", "),
    }
}

/// Returns true if two names are the same but for capitals and underscores.
#[must_use]
pub fn is_same_name(a: &str, b: &str) -> bool {
    let letters = |name: &str| {
        let kept = name.chars().filter(|&c| c != '_');
        kept.flat_map(char::to_lowercase).collect::<String>()
    };
    letters(a) == letters(b)
}
