use super::LeastSquaresError;
use crate::pattern::matches;

/// The bounds that some parameters are kept within: see
/// [`LeastSquares::bound`](super::LeastSquares::bound).
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The name of a parameter, or a pattern with `*` for any text.
    pub pattern: String,
    /// The lower bound, which may be infinite.
    pub low: f64,
    /// The upper bound, which may be infinite.
    pub high: f64,
}

/// The bounds of each element, whose parameter has the name at its place in `names`.
pub(super) fn of(bounds: &[Bound], names: &[&str]) -> Result<Vec<(f64, f64)>, LeastSquaresError> {
    let mut each = vec![(f64::NEG_INFINITY, f64::INFINITY); names.len()];
    for Bound { pattern, low, high } in bounds {
        // Written so that NaN does not pass.
        let ordered = low <= high;
        if !ordered || *low == f64::INFINITY || *high == f64::NEG_INFINITY {
            return Err(LeastSquaresError::Setting(format!(
                "the bounds of `{pattern}` must be a lower and an upper one, but they are {low} \
                 and {high}"
            )));
        }
        let matched = each.iter_mut().zip(names).filter(|(_, name)| matches(pattern, name));
        if matched.map(|(each, _)| *each = (*low, *high)).count() == 0 {
            let mut known = names.to_vec();
            known.dedup();
            return Err(LeastSquaresError::Setting(format!(
                "bounds for `{pattern}`, but no parameter has a name like that; there are: {}",
                known.join(", ")
            )));
        }
    }
    Ok(each)
}

/// That the first values are finite and within their bounds.
pub(super) fn check_start(
    names: &[String],
    parameters: &[f64],
    bounds: &[(f64, f64)],
) -> Result<(), LeastSquaresError> {
    for ((name, &value), &(low, high)) in names.iter().zip(parameters).zip(bounds) {
        if !value.is_finite() || !(low..=high).contains(&value) {
            let name = name.clone();
            return Err(LeastSquaresError::Start { name, value, low, high });
        }
    }
    Ok(())
}
