//! Losses: how wrong a prediction is.
//!
//! | loss | prediction | target | value |
//! |---|---|---|---|
//! | [`MeanSquaredError`] | values `[n, d]` | values `[n, d]` | `(p - t)^2` per element |
//! | [`CrossEntropy`] | logits `[n, c]` | class indices `[n]`, or probabilities `[n, c]` | `-sum q ln softmax(p)` per sample |
//! | [`BinaryCrossEntropy`] | logits `[n, l]` | labels in `[0, 1]`, `[n, l]` | `max(p, 0) - p t + ln(1 + e^-abs(p))` per element |
//! | [`CustomLoss`] | anything | anything | one's own function |

mod binary_cross_entropy;
mod cross_entropy;
mod custom;
mod mean_squared_error;

use std::fmt;

use chainrule_graph::Var;
use chainrule_tensor::Real;

pub use binary_cross_entropy::BinaryCrossEntropy;
pub use cross_entropy::CrossEntropy;
pub use custom::CustomLoss;
pub use mean_squared_error::MeanSquaredError;

use crate::config::choose;
use crate::{ConfigError, Configure};

/// A loss: from predictions and targets to numbers that training makes small.
pub trait Loss<T: Real = f32>: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &str;

    /// Whether targets of this kind make sense for it.
    fn accepts(&self, target: TargetKind) -> bool;

    /// The values before reduction: one for each sample, or one for each element where the loss is element-wise.
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T>;

    /// The values reduced as asked for. The mean is over all values, elements included, as in PyTorch.
    #[track_caller]
    fn forward<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>, reduction: Reduction) -> Var<'g, T> {
        let values = self.values(prediction, target);
        match reduction {
            Reduction::None => values,
            Reduction::Mean => values.mean(..),
            Reduction::Sum => values.sum(..),
        }
    }
}

impl<T: Real, L: Loss<T> + ?Sized> Loss<T> for Box<L> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn accepts(&self, target: TargetKind) -> bool {
        (**self).accepts(target)
    }
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        (**self).values(prediction, target)
    }
    #[track_caller]
    fn forward<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>, reduction: Reduction) -> Var<'g, T> {
        (**self).forward(prediction, target, reduction)
    }
}

/// What becomes of the values of a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their mean, the default.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

/// What the targets of a data set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// The index of the one class that each sample belongs to.
    Classes,
    /// A probability for each class, one-hot or soft; each row sums to 1.
    Probabilities,
    /// A label for each of several properties that do not exclude each other.
    Labels,
    /// Numbers to be predicted.
    Values,
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TargetKind::Classes => "class indices",
            TargetKind::Probabilities => "class probabilities",
            TargetKind::Labels => "multi-label targets",
            TargetKind::Values => "values",
        })
    }
}

/// A loss of the list: one with a formula and settings by name.
pub trait Listed<T: Real>: Loss<T> + Configure {}

impl<T: Real, L: Loss<T> + Configure> Listed<T> for L {}

/// Every loss with its default settings. Names, gradient checks and command lines come from this list.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    vec![Box::new(MeanSquaredError), Box::new(CrossEntropy), Box::new(BinaryCrossEntropy)]
}

/// The loss that a text names, such as `cross_entropy` or `cross_entropy(label_smoothing=0.1)`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Listed<T>>, ConfigError> {
    choose("loss", all(), |loss| loss.name().to_owned(), text)
}

/// Notes a mistake if a loss on logits is given what an activation has already turned into probabilities.
#[track_caller]
fn expect_logits<T: Real>(loss: &str, prediction: Var<'_, T>) {
    if let Some(op @ ("softmax" | "log_softmax" | "sigmoid")) = prediction.op_name().as_deref() {
        prediction.graph().fail(format!(
            "{loss} takes logits, but the model already ends in {op}: leave the {op} out, the loss applies its own; use it for predictions only"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::Graph;

    #[test]
    fn a_boxed_loss_reduces_in_its_own_way() {
        /// The sum of the values, whatever is asked for.
        #[derive(Debug)]
        struct Summed;
        impl Loss for Summed {
            fn name(&self) -> &str {
                "summed"
            }
            fn accepts(&self, _: TargetKind) -> bool {
                true
            }
            fn values<'g>(&self, prediction: Var<'g>, target: Var<'g>) -> Var<'g> {
                prediction - target
            }
            fn forward<'g>(&self, prediction: Var<'g>, target: Var<'g>, _: Reduction) -> Var<'g> {
                self.values(prediction, target).sum(..)
            }
        }
        let (graph, boxed) = (Graph::new(), Box::new(Summed) as Box<dyn Loss>);
        let loss = boxed.forward(graph.input("x", [3]), graph.input("y", [3]), Reduction::None);
        assert_eq!(loss.op_name().as_deref(), Some("sum"));
    }
}
