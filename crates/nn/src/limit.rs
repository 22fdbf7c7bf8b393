//! Helpers of the tests of limits at infinity.

/// The limit of a sequence of which these are three members far out.
pub(crate) fn limit([a, b, c]: [f64; 3]) -> f64 {
    if c.is_infinite() || (b - c).abs() <= 1e-9 * c.abs().max(1e-12) {
        c
    } else if a < b && b < c {
        f64::INFINITY
    } else if a > b && b > c {
        f64::NEG_INFINITY
    } else if c.abs() < b.abs() && b.abs() <= a.abs() {
        0.0
    } else {
        panic!("no limit of {a:e}, {b:e}, {c:e} can be told")
    }
}

/// Returns true if both are the same number up to this share of it, the same infinity, or NaN.
pub(crate) fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    let both_nan = got.is_nan() && expected.is_nan();
    let near =
        expected.is_finite() && (got - expected).abs() <= tolerance * expected.abs().max(1.0);
    got == expected || both_nan || near
}
