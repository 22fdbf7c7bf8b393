use std::fmt;
use std::ops::{Bound, RangeBounds};

/// The numbers that a setting may have. NaN is in none.
///
/// Its text is the rule: `must be finite and above 0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    low: Bound<f64>,
    high: Bound<f64>,
    finite: bool,
    whole: bool,
}

/// Finite numbers above this one.
pub fn above(low: impl Into<f64>) -> Bounds {
    Bounds { low: Bound::Excluded(low.into()), ..finite() }
}

/// Finite numbers that are not below this one.
pub fn at_least(low: impl Into<f64>) -> Bounds {
    Bounds { low: Bound::Included(low.into()), ..finite() }
}

/// Numbers of a range, with its infinite ends: `0.0..=1.0`, `0.0..1.0` or `0.0..`.
pub fn within(range: impl RangeBounds<f64>) -> Bounds {
    let (low, high) = (range.start_bound().cloned(), range.end_bound().cloned());
    Bounds { low, high, finite: false, whole: false }
}

/// Finite numbers.
#[must_use]
pub fn finite() -> Bounds {
    Bounds { low: Bound::Unbounded, high: Bound::Unbounded, finite: true, whole: false }
}

/// Finite numbers without a fraction.
#[must_use]
pub fn whole() -> Bounds {
    Bounds { whole: true, ..finite() }
}

impl Bounds {
    /// With infinity.
    #[must_use]
    pub fn or_infinite(self) -> Self {
        Bounds { finite: false, ..self }
    }

    /// Returns true if a number is among them.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        (self.low, self.high).contains(&x)
            && !x.is_nan()
            && (!self.finite || x.is_finite())
            && (!self.whole || x.fract() == 0.0)
    }
}

/// The rule: `must be finite and not negative`, `must lie in [0, 1)`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = match self.low {
            Bound::Included(low) => format!("[{low}"),
            Bound::Excluded(low) => format!("({low}"),
            Bound::Unbounded => "(-inf".to_owned(),
        };
        match (self.low, self.high) {
            (_, Bound::Included(high)) => return write!(f, "must lie in {low}, {high}]"),
            (_, Bound::Excluded(high)) => return write!(f, "must lie in {low}, {high})"),
            _ => {}
        }
        let lowest = match self.low {
            Bound::Included(0.0) if self.finite && !self.whole => Some("not negative".to_owned()),
            Bound::Included(low) => Some(format!("at least {low}")),
            Bound::Excluded(low) => Some(format!("above {low}")),
            Bound::Unbounded => None,
        };
        let of_numbers = match (self.whole, self.finite) {
            (true, _) => Some("a whole number".to_owned()),
            (_, true) => Some("finite".to_owned()),
            _ => None,
        };
        let rules: Vec<String> = of_numbers.into_iter().chain(lowest).collect();
        write!(
            f,
            "must be {}",
            if rules.is_empty() { "a number".to_owned() } else { rules.join(" and ") }
        )
    }
}
