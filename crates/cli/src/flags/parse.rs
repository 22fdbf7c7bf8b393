//! Numbers as they are typed.

use std::fmt::Display;
use std::str::FromStr;

/// A count; the range is checked where the flag is.
///
/// # Errors
/// What it must be.
pub fn count(text: &str) -> Result<i64, String> {
    whole(text, "a whole number of at least 1")
}

/// A seed.
///
/// # Errors
/// What it must be.
pub fn seed(text: &str) -> Result<u64, String> {
    whole(text, &format!("a whole number from 0 to {}", u64::MAX))
}

/// A number; the range is checked where the flag is.
///
/// # Errors
/// What it must be.
pub fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| "must be a number, such as 0.5 or 1e-3".to_owned())
}

fn whole<T: FromStr + Display>(text: &str, rule: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| {
        let meant =
            text.trim().parse::<f64>().ok().filter(|x| x.fract() == 0.0 && (0.0..1e15).contains(x));
        let meant = meant.map_or_else(String::new, |x| format!("; write {x:.0}"));
        format!("must be {rule}{meant}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: messages that say what to do.
    #[test]
    fn numbers_say_what_they_must_be() {
        assert_eq!((count("40"), count("-3"), seed("7")), (Ok(40), Ok(-3), Ok(7)));
        assert_eq!(count("1e3").unwrap_err(), "must be a whole number of at least 1; write 1000");
        for wrong in ["", "many", "1.5", "99999999999999999999", "0x10", "1_000"] {
            assert_eq!(count(wrong).unwrap_err(), "must be a whole number of at least 1");
        }
        assert_eq!(
            seed("-1").unwrap_err(),
            "must be a whole number from 0 to 18446744073709551615"
        );
        assert_eq!((number("1e-3"), number("-inf")), (Ok(0.001), Ok(f64::NEG_INFINITY)));
        assert_eq!(number("fast").unwrap_err(), "must be a number, such as 0.5 or 1e-3");
    }
}
