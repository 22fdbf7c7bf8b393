//! Names that are typed: known ones, and for others what may have been meant.

use chainrule::config::nearest;

use crate::failure::Failure;
use crate::text::shown::shown;

/// All, or the one of this name.
///
/// # Errors
/// A name that none has.
pub fn only<F>(
    all: Vec<F>,
    name: Option<&str>,
    what: &'static str,
    name_of: impl Fn(&F) -> &'static str,
) -> Result<Vec<F>, Failure> {
    let Some(name) = name else { return Ok(all) };
    let known = all.iter().map(&name_of).collect::<Vec<_>>().join(", ");
    let found: Vec<F> = all.into_iter().filter(|one| name_of(one) == name).collect();
    if found.is_empty() {
        let name = shown(name);
        Err(Failure::input(format!("there is no {what} `{name}`; there are: {known}")))
    } else {
        Ok(found)
    }
}

/// The known name that this one is most like, if any is like it.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a String>) -> Option<String> {
    nearest(name, known.into_iter().map(String::as_str)).map(str::to_owned)
}

/// The question in an error.
pub fn meant(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!(" (did you mean `{}`?)", shown(near)))
}
