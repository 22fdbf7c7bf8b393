//! Numbers as people read them.

/// A share as a percentage with one decimal, such as `97.5 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A whole number in groups of three digits, such as `1,437`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// A loss with four decimals, or with an exponent where that would be long.
pub fn brief(loss: f64) -> String {
    if loss.abs() < 1000.0 { format!("{loss:.4}") } else { format!("{loss:.2e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(percent(0.97777), "97.8 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.08412, 12.5, 12345.6, 1e30].map(brief),
            ["0.0841", "12.5000", "1.23e4", "1.00e30"]
        );
        assert_eq!([f64::NAN, f64::INFINITY].map(brief), ["NaN", "inf"]);
    }
}
