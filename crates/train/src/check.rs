//! Checks of settings; `owner` is what has the setting, as its error says it.

/// A setting that must be finite and not negative.
pub(crate) fn not_negative(owner: &str, setting: &str, value: f64) -> Result<(), String> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(format!("{owner}: {setting} must be finite and not negative, but it is {value}"))
    }
}

/// A setting that must be finite and above 0.
pub(crate) fn above_zero(owner: &str, setting: &str, value: f64) -> Result<(), String> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(format!("{owner}: {setting} must be finite and above 0, but it is {value}"))
    }
}

/// A setting that must lie in `[0, 1)`.
pub(crate) fn fraction(owner: &str, setting: &str, value: f64) -> Result<(), String> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(format!("{owner}: {setting} must lie in [0, 1), but it is {value}"))
    }
}
