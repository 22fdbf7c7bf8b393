//! Entries and settings as text: `elu`, `elu(alpha=0.5)`.

use crate::{ConfigError, Configure};

/// How deep brackets may lie in each other in a text, since entries within entries are read on the
/// stack.
pub const MAX_DEPTH: usize = 64;

/// Refuses a text whose brackets lie too deep in each other, before any of it is read.
///
/// # Errors
/// [`ConfigError::Depth`] if they lie deeper than [`MAX_DEPTH`].
pub fn check_depth(text: &str) -> Result<(), ConfigError> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in text.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest <= MAX_DEPTH {
        return Ok(());
    }
    Err(ConfigError::Depth { begin: text.chars().take(24).collect(), depth: deepest })
}

/// Gives an entry the settings of these names and texts.
pub(crate) fn configure<E: Configure + ?Sized>(
    entry: &mut E,
    name: &str,
    settings: &[(&str, &str)],
) -> Result<(), ConfigError> {
    for &(setting, value) in settings {
        let mut all = entry.settings();
        let found = all.iter_mut().find(|(known, _)| *known == setting);
        match found {
            Some((_, found)) => found.parse(value).map_err(|rule| ConfigError::Value {
                entry: name.to_owned(),
                setting: setting.to_owned(),
                value: value.to_owned(),
                rule,
            })?,
            None => {
                let known: Vec<_> = all.iter().map(|(known, _)| *known).collect();
                return Err(ConfigError::Setting {
                    entry: name.to_owned(),
                    setting: setting.to_owned(),
                    known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
                });
            }
        }
    }
    entry.check().map_err(ConfigError::Check)
}

/// The name and the settings, as texts.
#[allow(clippy::type_complexity, reason = "a name and pairs of texts need no name of their own")]
pub(crate) fn split(text: &str) -> Result<(&str, Vec<(&str, &str)>), ConfigError> {
    check_depth(text)?;
    let syntax = |why| ConfigError::Syntax { text: text.to_owned(), why };
    let trimmed = text.trim();
    let Some((name, rest)) = trimmed.split_once('(') else {
        return Ok((trimmed, Vec::new()));
    };
    let closed = rest.strip_suffix(')');
    let inside = closed.ok_or_else(|| syntax("the closing parenthesis is missing"))?;
    let mut settings = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let part = inside[begin..at].trim();
                begin = (at + 1).min(inside.len());
                if part.is_empty() && inside.trim().is_empty() {
                    continue;
                }
                let pair = part.split_once('=');
                let (name, value) = pair.ok_or_else(|| syntax("a setting needs a value"))?;
                settings.push((name.trim(), value.trim()));
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(syntax("a closing bracket is missing"));
    }
    Ok((name.trim(), settings))
}
