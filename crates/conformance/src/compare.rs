//! When two rows of numbers agree.

/// How far numbers may lie apart: `absolute + relative * |expected|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The part that does not depend on the size.
    pub absolute: f64,
    /// The part that grows with the expected number.
    pub relative: f64,
}

impl Tolerance {
    /// For computations in `f64`: 1e-12 of the expected number, and as much of 1 near zero, where
    /// sums cancel.
    pub const DOUBLE: Tolerance = Tolerance { absolute: 1e-12, relative: 1e-12 };

    /// For sums of `terms` products in `f32`: a few units in the last place for each.
    #[must_use]
    pub fn single(terms: usize) -> Tolerance {
        let unit = f64::from(f32::EPSILON) * (terms as f64 + 4.0);
        Tolerance { absolute: unit, relative: unit }
    }
}

/// That each number is near the expected one. NaN agrees with NaN alone, an infinity with itself
/// alone.
///
/// # Errors
/// `what`, and the first number that is not near, with its place.
pub fn close(
    what: &str,
    got: &[f64],
    expected: &[f64],
    tolerance: Tolerance,
) -> Result<(), String> {
    if got.len() != expected.len() {
        return Err(format!("{what}: {} values, {} are expected", got.len(), expected.len()));
    }
    for (place, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let near =
            (got - expected).abs() <= tolerance.absolute + tolerance.relative * expected.abs();
        let same = got == expected || (got.is_nan() && expected.is_nan());
        if !(same || (near && expected.is_finite())) {
            return Err(format!("{what}: {got:e} at {place}, {expected:e} is expected"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_agrees_and_nothing_else() {
        let close =
            |got: f64, expected: f64| close("x", &[got], &[expected], Tolerance::DOUBLE).is_ok();
        assert!(close(1.0 + 1e-13, 1.0) && close(0.0, 1e-13) && close(f64::NAN, f64::NAN));
        assert!(close(f64::INFINITY, f64::INFINITY) && close(1e300, 1e300 * (1.0 + 1e-13)));
        assert!(!close(1.0 + 1e-11, 1.0) && !close(f64::NAN, 1.0) && !close(1.0, f64::NAN));
        assert!(!close(f64::INFINITY, 1e300) && !close(1e300, f64::INFINITY) && !close(-1.0, 1.0));
        assert!(super::close("x", &[1.0], &[1.0, 2.0], Tolerance::DOUBLE).is_err());
    }
}
