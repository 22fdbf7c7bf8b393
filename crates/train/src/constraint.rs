//! Conditions that weights must satisfy after each step.
//!
//! Chosen by name in text: `by_name("max_norm(max_norm=3)")`.

use chainrule_config::{Family, formula, settings};
use std::fmt::Debug;

use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::{Real, Shape};

/// A condition that weights are brought to after each step.
pub trait Constraint<T: Real = f32>: Debug + Send + Sync {
    /// Rewrites the weights of one parameter of this shape in place.
    fn apply(&self, shape: Shape, weights: &mut [T]);

    /// Checks that the settings make sense. By default they do.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl<T: Real, C: Constraint<T> + ?Sized> Constraint<T> for Box<C> {
    fn apply(&self, shape: Shape, weights: &mut [T]) {
        (**self).apply(shape, weights);
    }
    fn check(&self) -> Result<(), String> {
        (**self).check()
    }
}

/// A constraint of the list: one with a name, a formula and settings. Its settings are checked in
/// one place, [`Configure::check`], to which [`Constraint::check`] hands on.
pub trait Listed<T: Real = f32>: Constraint<T> + Configure {
    /// Its name in text.
    fn name(&self) -> &'static str;
}

/// Every constraint with its default settings.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Listed<T>> {
    let entries: Vec<Box<dyn Listed<T>>> =
        vec![Box::new(MaxNorm::default()), Box::new(UnitNorm), Box::new(NonNegative)];
    Family::new("constraint", |constraint| constraint.name(), entries)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    family().all()
}

/// The constraint that a text names, such as `unit_norm` or `max_norm(max_norm=3)`.
///
/// ```
/// use chainrule_train::constraint::{self, Listed};
///
/// let limited = constraint::by_name::<f32>("max_norm(max_norm=3)")?;
/// assert_eq!(limited.name(), "max_norm");
/// # Ok::<(), chainrule_nn::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Listed<T>>, ConfigError> {
    family().by_name(text)
}

settings! {
    "max_norm": "w min(1, max_norm / |w|) for each column w";

    /// The weights of each unit, a column of `[inputs, outputs]`, have a Euclidean norm of at most
    /// `max_norm`: longer ones are multiplied by `max_norm / norm`. A parameter with one axis, or
    /// none, is one column.
    ///
    /// Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", 2014,
    /// section 5.1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct MaxNorm {
        /// The largest norm; the default is that of Keras.
        pub max_norm: f64 = 2.0, above(0.0).or_infinite();
    }
}

/// The weights of each unit, a column of `[inputs, outputs]`, have a Euclidean norm of 1: weight
/// normalisation after each step, without a learned length. A column of zeros stays as it is. A
/// parameter with one axis, or none, is one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitNorm;

/// No weight is below zero: those that are become zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonNegative;

impl<T: Real> Constraint<T> for MaxNorm {
    fn apply(&self, shape: Shape, weights: &mut [T]) {
        scale_columns(shape, weights, |norm| {
            if norm > self.max_norm { self.max_norm / norm } else { 1.0 }
        });
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }
}

impl<T: Real> Listed<T> for MaxNorm {
    fn name(&self) -> &'static str {
        "max_norm"
    }
}

impl<T: Real> Constraint<T> for UnitNorm {
    fn apply(&self, shape: Shape, weights: &mut [T]) {
        scale_columns(shape, weights, |norm| if norm > 0.0 { 1.0 / norm } else { 1.0 });
    }
}

formula!(UnitNorm: "w / |w| for each column w");

impl<T: Real> Listed<T> for UnitNorm {
    fn name(&self) -> &'static str {
        "unit_norm"
    }
}

impl<T: Real> Constraint<T> for NonNegative {
    fn apply(&self, _: Shape, weights: &mut [T]) {
        weights.iter_mut().for_each(|w| *w = w.maximum(T::ZERO));
    }
}

formula!(NonNegative: "max(0, w)");

impl<T: Real> Listed<T> for NonNegative {
    fn name(&self) -> &'static str {
        "non_negative"
    }
}

/// Multiplies each column by a factor that depends on its norm, some columns at a time, so that
/// nothing is allocated.
fn scale_columns<T: Real>(shape: Shape, weights: &mut [T], factor: impl Fn(f64) -> f64) {
    const BLOCK: usize = 32;
    let columns = if shape.rank() < 2 { 1 } else { shape[shape.rank() - 1] };
    for start in (0..columns).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(columns);
        let mut squares = [0.0_f64; BLOCK];
        for row in weights.chunks_exact(columns) {
            for (square, w) in squares.iter_mut().zip(&row[block.clone()]) {
                *square += w.to_f64() * w.to_f64();
            }
        }
        let mut norms = squares.map(f64::sqrt);
        for (column, norm) in block.clone().zip(&mut norms) {
            if !(SAFE..f64::INFINITY).contains(norm) {
                *norm = scaled_norm(weights.iter().skip(column).step_by(columns));
            }
        }
        let factors = norms.map(&factor);
        for row in weights.chunks_exact_mut(columns) {
            for (w, factor) in row[block.clone()].iter_mut().zip(factors) {
                // Columns that may stay keep their bits.
                if factor != 1.0 {
                    *w = T::from_f64(w.to_f64() * factor);
                }
            }
        }
    }
}

/// Squares of norms from here on lose no digits that count.
const SAFE: f64 = 1e-140;

/// The norm of a column whose squares overflow or vanish: measured by its largest weight.
#[cold]
fn scaled_norm<'a, T: Real>(column: impl Iterator<Item = &'a T> + Clone) -> f64 {
    let largest = column.clone().fold(0.0, |largest, w| Real::maximum(largest, w.to_f64().abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * column.map(|w| (w.to_f64() / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(constraint: &dyn Constraint<f64>, shape: &[usize], weights: &[f64]) -> Vec<f64> {
        let mut weights = weights.to_vec();
        constraint.apply(shape.into(), &mut weights);
        weights
    }

    #[test]
    fn columns_are_shortened_to_the_largest_norm() {
        let limited = applied(&MaxNorm { max_norm: 2.5 }, &[2, 3], &[3.0, 1.0, 0.0, 4.0, 2.0, 0.0]);
        assert_eq!(limited, [1.5, 1.0, 0.0, 2.0, 2.0, 0.0]);
        assert_eq!(applied(&MaxNorm { max_norm: 2.5 }, &[2], &[3.0, -4.0]), [1.5, -2.0]);
        let error = Constraint::<f32>::check(&MaxNorm { max_norm: 0.0 }).unwrap_err();
        assert_eq!(error, "max_norm: max_norm must be above 0, but it is 0");
    }

    #[test]
    fn columns_get_the_norm_one_in_blocks_of_any_number() {
        for columns in [1, 31, 33, 70] {
            let weights: Vec<f64> =
                (0..5 * columns).map(|i| (i as f64 * 0.7).sin() + 0.1).collect();
            let unit = applied(&UnitNorm, &[5, columns], &weights);
            for column in 0..columns {
                let norm: f64 = (0..5).map(|row| unit[row * columns + column].powi(2)).sum();
                assert!((norm - 1.0).abs() < 1e-14, "column {column} of {columns}: {norm}");
            }
        }
        assert_eq!(applied(&UnitNorm, &[2, 2], &[0.0, 3.0, 0.0, 0.0]), [0.0, 1.0, 0.0, 0.0]);
    }

    // Squares that overflow (kind 5 of RELIABILITY.md): pytorch#51912.
    #[test]
    fn columns_whose_squares_overflow_or_vanish_have_a_norm() {
        for size in [1e-300, 1e-160, 1.0, 1e155, 1e300] {
            let columns = [3.0 * size, 1.0, 4.0 * size, 0.0];
            let [unit, limited] = [
                applied(&UnitNorm, &[2, 2], &columns),
                applied(&MaxNorm { max_norm: 5.0 }, &[2, 2], &columns),
            ];
            let factor = size.min(1.0);
            for (got, expected) in unit.iter().zip([0.6, 1.0, 0.8, 0.0]) {
                assert!((got - expected).abs() < 1e-15, "{size:e}: {unit:?}");
            }
            for (got, expected) in limited.iter().step_by(2).zip([3.0, 4.0]) {
                assert!((got / factor / expected - 1.0).abs() < 1e-14, "{size:e}: {limited:?}");
            }
        }
        let mut weights = [3e19_f32, 4e19];
        Constraint::apply(&MaxNorm { max_norm: 5.0 }, [2].into(), &mut weights);
        assert_eq!(weights, [3.0, 4.0]);
    }

    #[test]
    fn negative_weights_become_zero_and_nan_stays() {
        let weights = applied(&NonNegative, &[3], &[-1.0, 2.0, f64::NAN]);
        assert_eq!(weights[..2], [0.0, 2.0]);
        assert!(weights[2].is_nan());
    }
    #[test]
    fn constraints_are_chosen_by_text() {
        let limited = by_name::<f64>("MaxNorm(max_norm=2.5)").unwrap();
        assert_eq!(applied(&limited, &[2], &[3.0, -4.0]), [1.5, -2.0]);
        for constraint in all::<f64>() {
            assert_eq!(by_name::<f64>(constraint.name()).unwrap().name(), constraint.name());
        }
        let error = |text: &str| by_name::<f32>(text).unwrap_err().to_string();
        assert_eq!(
            error("max_norm(max_norm=0)"),
            "max_norm: max_norm must be above 0, but it is 0"
        );
        assert_eq!(
            error("unitnorn"),
            "there is no constraint `unitnorn` (did you mean `unit_norm`?); there are: max_norm, \
             unit_norm, non_negative"
        );
    }
}
