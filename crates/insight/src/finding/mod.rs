//! Findings: what is wrong with a training, with its evidence and what to do.
//!
//! Each kind of fault has a [`Rule`] with documented thresholds that can be set. A [`Diagnosis`]
//! asks all of them about the [`Evidence`] that there is: the log of the instruments, the model,
//! the loss, the data. What one rule finds may be a mere consequence of what another finds; then
//! only the cause is reported. What a program can do about it is a
//! [`Change`](chainrule_recipe::Change) of its recipe, beside the words.
//!
//! | rule | looks at | finds |
//! |---|---|---|
//! | [`UnsuitedLoss`] | model, loss, data | a loss that does not suit the output or the targets |
//! | [`UnscaledData`] | data | inputs or targets that are unscaled or constant |
//! | [`ClassImbalance`] | data, loss | classes that hardly count |
//! | [`NonFinite`] | error, log | NaN or infinity, and where it began |
//! | [`SymmetryNotBroken`] | log | units that all do the same |
//! | [`BadInitialisation`] | log, first step | a variance that drifts with depth |
//! | [`VanishingGradients`] | log | a signal that is lost on its way back |
//! | [`ExplodingGradients`] | log | a signal that grows on its way back |
//! | [`SaturatedUnits`] | log, windows | activations stuck where they are flat |
//! | [`DyingRelu`] | log, windows; model, parameters and data where given | units that are never active |
//! | [`StillLayers`] | log | weights that hardly move while others do |
//! | [`LearningRate`] | log | a learning rate too high or too low |
//! | [`Fit`] | log, data, loss | overfitting, underfitting |

mod class_imbalance;
mod data;
mod diagnosis;
mod dying_relu;
mod evidence;
mod exploding_gradients;
mod failure;
mod fit;
mod initialisation;
mod learning_rate;
mod non_finite;
mod report;
mod saturated_units;
mod still_layers;
mod symmetry;
mod unsuited_loss;
mod vanishing_gradients;

pub use class_imbalance::ClassImbalance;
pub use data::UnscaledData;
pub use diagnosis::{Diagnosis, Rule, all, by_name};
pub use dying_relu::DyingRelu;
pub use evidence::Evidence;
pub use exploding_gradients::ExplodingGradients;
pub use failure::Failure;
pub use fit::Fit;
pub use initialisation::BadInitialisation;
pub use learning_rate::LearningRate;
pub use non_finite::NonFinite;
pub use report::{Finding, Kind, Severity};
pub use saturated_units::SaturatedUnits;
pub use still_layers::StillLayers;
pub use symmetry::SymmetryNotBroken;
pub use unsuited_loss::UnsuitedLoss;
pub use vanishing_gradients::VanishingGradients;

/// The middle of these numbers, those that are not numbers left out; `None` without one.
fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().filter(|x| !x.is_nan()).collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        n if n % 2 == 1 => Some(numbers[middle]),
        _ => Some((numbers[middle - 1] + numbers[middle]) / 2.0),
    }
}

/// A loss so many times as high as `loss`: below zero, changed by the same part of its size.
fn times(factor: f64, loss: f64) -> f64 {
    if loss < 0.0 { (2.0 - factor) * loss } else { factor * loss }
}

/// A number for a sentence: three digits, with an exponent where it is far from 1.
fn words(x: f64) -> String {
    if x == 0.0 || (1e-3..1e4).contains(&x.abs()) {
        let digits =
            if x == 0.0 { 0 } else { (2 - x.abs().log10().floor() as i32).clamp(0, 6) as usize };
        let text = format!("{x:.digits$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    } else {
        format!("{x:.1e}")
    }
}

/// A part as a percentage.
fn percent(share: f64) -> String {
    format!("{} %", words(100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sentences_are_short() {
        assert_eq!(
            [0.0, 1.0, 0.25, 12.345, 1234.5, 0.001].map(words),
            ["0", "1", "0.25", "12.3", "1234", "0.001"]
        );
        assert_eq!([1e-5, -2.34e7].map(words), ["1.0e-5", "-2.3e7"]);
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(
            (median([3.0, 1.0, 2.0]), median([1.0, 2.0]), median([])),
            (Some(2.0), Some(1.5), None)
        );
    }
}
