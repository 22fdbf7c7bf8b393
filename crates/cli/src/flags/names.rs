//! Names that are typed: known ones, and for others what may have been meant.

use chainrule::config::nearest;
use chainrule::nn::ConfigError;

use crate::text::shown::shown;

/// A name that is in no list, or settings that its entry does not have.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    #[error("--{flag} {}: there is no {what} `{}`{}; there are: \
             {known}", shown(.text), shown(.name), meant(.near))]
    Unknown {
        flag: &'static str,
        text: String,
        what: &'static str,
        name: String,
        near: Option<String>,
        known: String,
    },
    #[error("--{flag} {}: {}", shown(.text),
            source.to_string().replace(text.as_str(), &shown(.text)))]
    Settings { flag: &'static str, text: String, source: ConfigError },
}

/// That a text such as `elu` or `elu(alpha=0.5)` names one of the known entries of a list; `parsed`
/// is the name of what the list makes of it.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    flag: &'static str,
    what: &'static str,
    text: &str,
    known: &[String],
    parsed: Result<String, ConfigError>,
) -> Result<(), NameError> {
    let name = text.split('(').next().unwrap_or(text).trim();
    match parsed {
        Ok(found) if known.contains(&found) => return Ok(()),
        Ok(_) | Err(ConfigError::Name(_)) => {}
        Err(source) => return Err(NameError::Settings { flag, text: text.to_owned(), source }),
    }
    let (text, near, known) = (text.to_owned(), near(name, known), known.join(", "));
    Err(NameError::Unknown { flag, text, what, name: name.to_owned(), near, known })
}

/// The known name that this one is most like, if any is like it.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a String>) -> Option<String> {
    nearest(name, known.into_iter().map(String::as_str)).map(str::to_owned)
}

/// The question in an error.
pub fn meant(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!(" (did you mean `{}`?)", shown(near)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::nn::activation;

    #[test]
    fn unknown_names_bring_the_known_ones_and_a_guess() {
        let known = ["relu", "elu", "tanh"].map(str::to_owned);
        let check = |text: &str| {
            let parsed = activation::by_name::<f32>(text).map(|found| found.kind().to_owned());
            check("activation", "activation", text, &known, parsed)
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("elu(alpha=0.5)"), Ok(()));
        assert_eq!(check("ReLU"), Ok(()));
        assert_eq!(
            check("rleu").unwrap_err(),
            "--activation rleu: there is no activation `rleu` (did you mean `relu`?); there are: \
             relu, elu, tanh"
        );
        assert_eq!(
            check("xyz").unwrap_err(),
            "--activation xyz: there is no activation `xyz`; there are: relu, elu, tanh"
        );
        assert_eq!(
            check("elu(beta=1)").unwrap_err(),
            "--activation elu(beta=1): elu has no setting `beta`; it has: alpha"
        );
    }
}
