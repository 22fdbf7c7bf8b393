//! Names that are typed, and what may have been meant by one that is unknown.

/// The known name that an unknown one is most like, if any is like it: by the similarity of Jaro and Winkler, above
/// 0.75, whatever the capitals.
///
/// ```
/// use chainrule_graph::names::nearest;
///
/// assert_eq!(nearest("acuracy", ["f1", "accuracy"]), Some("accuracy"));
/// assert_eq!(nearest("xyz", ["f1", "accuracy"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let alike = known.into_iter().map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), known));
    let alike = alike.filter(|(alike, _)| *alike > 0.75);
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// The question behind an unknown name in a message, ` (did you mean `x`?)`; empty if no known name is like it.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |known| format!(" (did you mean `{known}`?)"))
}
