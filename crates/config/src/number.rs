//! Numbers as people read them, each purpose in one form. The columns of a tensor, the axes of a
//! figure and the numbers of TOML follow from their neighbours, and have forms of their own.

/// The shortest text that is read as the same number, without a row of zeros: `0.25`, `1e-8`.
///
/// ```
/// use chainrule_config::number::exact;
///
/// assert_eq!([0.25, 1e-8, 2000.0].map(exact), ["0.25", "1e-8", "2000"]);
/// ```
#[must_use]
pub fn exact(x: f64) -> String {
    let plain = x == 0.0 || !x.is_finite() || (1e-4..1e7).contains(&x.abs());
    if plain { format!("{x}") } else { format!("{x:e}") }
}

/// A number in a column, with so many digits behind the point; with an exponent where they would
/// not show it, or the text would be long.
///
/// ```
/// use chainrule_config::number::fixed;
///
/// assert_eq!([0.08412, 12.5, 12345.6, 1e-9].map(|x| fixed(x, 4)), [
///     "0.0841", "12.5000", "1.235e4", "1.000e-9"
/// ]);
/// ```
#[must_use]
pub fn fixed(x: f64, decimals: usize) -> String {
    let least = if decimals < 4 { 1e-2 } else { 1e-3 };
    let plain = x == 0.0 || !x.is_finite() || (least..1e4).contains(&x.abs());
    let of_mantissa = decimals.saturating_sub(1);
    if plain { format!("{x:.decimals$}") } else { format!("{x:.of_mantissa$e}") }
}

/// A number in a sentence, with so many significant digits and no zeros behind them; with an
/// exponent and one digit less where it is far from 1.
///
/// ```
/// use chainrule_config::number::significant;
///
/// assert_eq!([0.012345, 2.0, 1234.5, 3e-7].map(|x| significant(x, 3)), [
///     "0.0123", "2", "1234", "3.0e-7"
/// ]);
/// ```
#[must_use]
pub fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !(1e-3..1e4).contains(&x.abs()) {
        let of_mantissa = (digits - 2).max(0) as usize;
        return format!("{x:.of_mantissa$e}");
    }
    let decimals = (digits - 1 - x.abs().log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{x:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A share as a percentage with one decimal, such as `97.5 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A whole number in groups of three digits, such as `1,437`.
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exact_is_read_as_the_same_number() {
        for x in
            [0.0, -0.1, 1.0 / 3.0, 1e-4, 9.99e-5, 9_999_999.0, 1e7, f64::MAX, f64::MIN_POSITIVE]
        {
            let text = exact(x);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits(), "{text}");
            assert!(text.len() < 25, "{text}");
        }
        assert_eq!([f64::NAN, f64::INFINITY].map(exact), ["NaN", "inf"]);
    }

    #[test]
    fn numbers_are_short_and_never_shown_as_zero() {
        for x in [1e-300, 4e-4, 0.5, 7.0, 999.0, 1e30] {
            for x in [x, -x] {
                for text in [fixed(x, 2), fixed(x, 3), fixed(x, 4), significant(x, 3)] {
                    assert!(text.len() <= 11, "{text}");
                    let error = (text.parse::<f64>().unwrap() / x - 1.0).abs();
                    assert!(error < 0.06, "{x} is {text}");
                }
            }
        }
        assert_eq!([0.0, f64::NAN, f64::INFINITY].map(|x| fixed(x, 2)), ["0.00", "NaN", "inf"]);
        assert_eq!([0.0, f64::NAN, 10.0].map(|x| significant(x, 3)), ["0", "NaN", "10"]);
    }

    #[test]
    fn shares_and_counts() {
        assert_eq!([0.97777, 1.0].map(percent), ["97.8 %", "100.0 %"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
