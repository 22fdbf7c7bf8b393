//! Losses: how wrong a prediction is.
//!
//! | loss | prediction | target | value |
//! |---|---|---|---|
//! | [`MeanSquaredError`] | values `[n, d]` | values `[n, d]` | `(p - t)^2` per element |
//! | [`MeanAbsoluteError`] | values `[n, d]` | values `[n, d]` | `abs(p - t)` per element |
//! | [`Huber`] | values `[n, d]` | values `[n, d]` | squared near the target, straight far from it, per element |
//! | [`SmoothL1`] | values `[n, d]` | values `[n, d]` | Huber's divided by `beta`, per element |
//! | [`LogCosh`] | values `[n, d]` | values `[n, d]` | `ln cosh(p - t)` per element |
//! | [`CrossEntropy`](struct@CrossEntropy) | logits `[n, c]` | class indices `[n]`, or probabilities `[n, c]` | `-sum q ln softmax(p)` per sample |
//! | [`NegativeLogLikelihood`] | log-probabilities `[n, c]` | class indices `[n]` | `-p_y` per sample |
//! | [`SoftmaxFocal`] | logits `[n, c]` | class indices `[n]` | `-(1 - s_y)^gamma ln s_y` per sample |
//! | [`KlDivergence`] | log-probabilities `[n, c]` | probabilities `[n, c]` | `t (ln t - p)` per element |
//! | [`BinaryCrossEntropy`](struct@BinaryCrossEntropy) | logits `[n, l]` | labels in `[0, 1]`, `[n, l]` | `max(p, 0) - p t + ln(1 + e^-abs(p))` per element |
//! | [`BinaryCrossEntropyOnProbabilities`] | probabilities `[n, l]` | labels in `[0, 1]`, `[n, l]` | `-t ln p - (1 - t) ln(1 - p)` per element |
//! | [`Focal`] | logits `[n, l]` | labels in `[0, 1]`, `[n, l]` | `-alpha_t (1 - p_t)^gamma ln p_t` per element |
//! | [`MultiLabelSoftMargin`] | logits `[n, l]` | labels in `[0, 1]`, `[n, l]` | binary cross-entropy, mean over labels, per sample |
//! | [`MultiLabelMargin`] | scores `[n, l]` | labels 0 or 1, `[n, l]` | `sum max(0, 1 - p_y + p_c) / l` per sample |
//! | [`MultiClassMargin`] | scores `[n, c]` | class indices `[n]` | `sum max(0, margin - p_y + p_c) / c` per sample |
//! | [`Hinge`] | scores `[n, d]` | -1 or 1, `[n, d]` | `max(0, margin - t p)` per element |
//! | [`SquaredHinge`] | scores `[n, d]` | -1 or 1, `[n, d]` | `max(0, margin - t p)^2` per element |
//! | [`SoftMargin`] | logits `[n, d]` | -1 or 1, `[n, d]` | `ln(1 + e^(-t p))` per element |
//! | [`PoissonNll`] | logarithms of rates `[n, d]` | counts `[n, d]` | `e^p - t p` per element |
//! | [`GaussianNll`] | means and variances `[n, 2 d]` | values `[n, d]` | `(ln v + (t - m)^2 / v) / 2` per element |
//! | [`CosineEmbedding`] | pairs of vectors `[n, 2 d]` | -1 or 1, `[n]` | `1 - cos(a, b)`, or `max(0, cos(a, b) - margin)`, per sample |
//! | [`CustomLoss`] | anything | anything | one's own function |
//!
//! Targets -1 or 1, counts and log-probabilities are [`TargetKind::Values`] of a data set.

#[macro_use]
mod elementwise;

mod binary_cross_entropy;
mod binary_cross_entropy_on_probabilities;
#[cfg(test)]
mod check;
mod checks;
mod class_nll;
mod cosine_embedding;
mod cross_entropy;
mod custom;
mod domain;
mod focal;
mod gaussian_nll;
mod hinge;
mod huber;
mod kl_divergence;
#[cfg(test)]
mod limits;
mod log_cosh;
mod mean_absolute_error;
mod mean_squared_error;
mod multi_class_margin;
mod multi_label_margin;
mod multi_label_soft_margin;
mod nll;
mod poisson_nll;
mod smooth_l1;
mod soft_margin;
mod softmax_cross_entropy;
mod softmax_focal;
mod squared_hinge;

use std::fmt;

use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

pub use binary_cross_entropy::BinaryCrossEntropy;
pub use binary_cross_entropy_on_probabilities::BinaryCrossEntropyOnProbabilities;
pub use cosine_embedding::CosineEmbedding;
pub use cross_entropy::CrossEntropy;
pub use custom::CustomLoss;
pub use domain::{Domain, Predictions, TargetForm};
pub use elementwise::{Elementwise, elementwise_loss};
pub use focal::Focal;
pub use gaussian_nll::GaussianNll;
pub use hinge::Hinge;
pub use huber::Huber;
pub use kl_divergence::KlDivergence;
pub use log_cosh::LogCosh;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use multi_class_margin::MultiClassMargin;
pub use multi_label_margin::MultiLabelMargin;
pub use multi_label_soft_margin::MultiLabelSoftMargin;
pub use nll::NegativeLogLikelihood;
pub use poisson_nll::PoissonNll;
pub use smooth_l1::SmoothL1;
pub use soft_margin::SoftMargin;
pub use softmax_focal::SoftmaxFocal;
pub use squared_hinge::SquaredHinge;

use crate::config::{Aliases, Family};
use crate::{ConfigError, Configure};

/// A loss: from predictions and targets to numbers that training makes small.
pub trait Loss<T: Real = f32>: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &str;

    /// The predictions and targets that it takes; by default any numbers.
    fn domain(&self) -> Domain {
        Domain::VALUES
    }

    /// Returns true if targets of this kind make sense for it; by default those of its
    /// [`domain`](Loss::domain).
    fn accepts(&self, target: TargetKind) -> bool {
        self.domain().accepts(target)
    }

    /// The values before reduction: one for each sample, or one for each element where the loss is
    /// element-wise.
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T>;

    /// The divisor of the mean, as a scalar of the targets alone, for predictions of this shape:
    /// the sum of weights, or the number of values that a mask leaves. `None`, the default, is the
    /// number of values, elements included, as in PyTorch.
    ///
    /// It is what a batch counts by. A mean over several batches is the sum of each one's mean
    /// times its divisor, by the sum of the divisors. So it is that of one batch of all. It must be
    /// finite and not negative; a batch whose divisor is 0 counts nothing.
    ///
    /// ```
    /// use chainrule_graph::Var;
    /// use chainrule_nn::Loss;
    /// use chainrule_tensor::Shape;
    ///
    /// /// The squared error where a value is known; targets `[n, 2]` hold the value, and 1 or 0.
    /// #[derive(Debug)]
    /// struct KnownOnly;
    ///
    /// impl Loss for KnownOnly {
    ///     fn name(&self) -> &str {
    ///         "known_only"
    ///     }
    ///     fn values<'g>(&self, prediction: Var<'g>, target: Var<'g>) -> Var<'g> {
    ///         (prediction - target.slice(1, 0..1)).square() * target.slice(1, 1..2)
    ///     }
    ///     fn divisor<'g>(&self, _: Shape, target: Var<'g>) -> Option<Var<'g>> {
    ///         Some(target.slice(1, 1..2).sum(..))
    ///     }
    /// }
    /// ```
    fn divisor<'g>(&self, prediction: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        let _ = (prediction, target);
        None
    }

    /// The class index whose samples cost nothing and do not count, if there is one. The trainer's
    /// metrics leave them out too.
    fn ignore_index(&self) -> Option<f64> {
        None
    }

    /// The values reduced as asked for. The mean is their sum by the [`divisor`](Loss::divisor).
    ///
    /// A loss that reduces in a way of its own states a divisor that fits it.
    #[track_caller]
    fn forward<'g>(
        &self,
        prediction: Var<'g, T>,
        target: Var<'g, T>,
        reduction: Reduction,
    ) -> Var<'g, T> {
        let values = self.values(prediction, target);
        let is_mean = reduction == Reduction::Mean;
        match is_mean.then(|| self.divisor(prediction.shape(), target)).flatten() {
            Some(divisor) => values.sum(..) / divisor,
            None => reduction.apply(values),
        }
    }
}

impl<T: Real, L: Loss<T> + ?Sized> Loss<T> for Box<L> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn domain(&self) -> Domain {
        (**self).domain()
    }
    fn accepts(&self, target: TargetKind) -> bool {
        (**self).accepts(target)
    }
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        (**self).values(prediction, target)
    }
    fn divisor<'g>(&self, prediction: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        (**self).divisor(prediction, target)
    }
    fn ignore_index(&self) -> Option<f64> {
        (**self).ignore_index()
    }
    #[track_caller]
    fn forward<'g>(
        &self,
        prediction: Var<'g, T>,
        target: Var<'g, T>,
        reduction: Reduction,
    ) -> Var<'g, T> {
        (**self).forward(prediction, target, reduction)
    }
}

impl<T: Real, L: Loss<T> + ?Sized> Loss<T> for &L {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn domain(&self) -> Domain {
        (**self).domain()
    }
    fn accepts(&self, target: TargetKind) -> bool {
        (**self).accepts(target)
    }
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        (**self).values(prediction, target)
    }
    fn divisor<'g>(&self, prediction: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        (**self).divisor(prediction, target)
    }
    fn ignore_index(&self) -> Option<f64> {
        (**self).ignore_index()
    }
    #[track_caller]
    fn forward<'g>(
        &self,
        prediction: Var<'g, T>,
        target: Var<'g, T>,
        reduction: Reduction,
    ) -> Var<'g, T> {
        (**self).forward(prediction, target, reduction)
    }
}

/// The way in which the values of a loss become one.
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

impl Reduction {
    /// The values, their mean or their sum.
    #[track_caller]
    #[must_use]
    pub fn apply<T: Real>(self, values: Var<'_, T>) -> Var<'_, T> {
        match self {
            Reduction::None => values,
            Reduction::Mean => values.mean(..),
            Reduction::Sum => values.sum(..),
        }
    }
}

/// The kind of targets of a data set.
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

/// Every loss with its default settings, in the order of the table above. Names, gradient checks
/// and command lines come from this list.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Listed<T>> {
    let entries: Vec<Box<dyn Listed<T>>> = vec![
        Box::new(MeanSquaredError),
        Box::new(MeanAbsoluteError),
        Box::new(Huber::default()),
        Box::new(SmoothL1::default()),
        Box::new(LogCosh),
        Box::new(CrossEntropy),
        Box::new(NegativeLogLikelihood::default()),
        Box::new(SoftmaxFocal::default()),
        Box::new(KlDivergence::default()),
        Box::new(BinaryCrossEntropy),
        Box::new(BinaryCrossEntropyOnProbabilities::default()),
        Box::new(Focal::default()),
        Box::new(MultiLabelSoftMargin::default()),
        Box::new(MultiLabelMargin),
        Box::new(MultiClassMargin::default()),
        Box::new(Hinge::default()),
        Box::new(SquaredHinge::default()),
        Box::new(SoftMargin),
        Box::new(PoissonNll::default()),
        Box::new(GaussianNll::default()),
        Box::new(CosineEmbedding::default()),
    ];
    Family::new("loss", |loss| loss.name(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    family().all()
}

/// Other names of losses. `binary_cross_entropy` is the one on logits; PyTorch has a function of
/// that name on probabilities, which is `bce` here.
pub const ALIASES: Aliases = &[
    ("mse_loss", "mse"),
    ("mean_squared_error", "mse"),
    ("l1_loss", "l1"),
    ("mae", "l1"),
    ("mean_absolute_error", "l1"),
    ("huber_loss", "huber"),
    ("smooth_l1_loss", "smooth_l1"),
    ("cross_entropy_loss", "cross_entropy"),
    ("nll_loss", "nll"),
    ("kl_div", "kl_divergence"),
    ("kl_div_loss", "kl_divergence"),
    ("binary_cross_entropy", "bce_with_logits"),
    ("binary_cross_entropy_with_logits", "bce_with_logits"),
    ("bce_with_logits_loss", "bce_with_logits"),
    ("bce_loss", "bce"),
    ("multi_label_soft_margin_loss", "multi_label_soft_margin"),
    ("multi_label_margin_loss", "multi_label_margin"),
    ("multi_margin_loss", "multi_class_margin"),
    ("soft_margin_loss", "soft_margin"),
    ("poisson_nll_loss", "poisson_nll"),
    ("gaussian_nll_loss", "gaussian_nll"),
    ("cosine_embedding_loss", "cosine_embedding"),
];

/// The loss that a text names, such as `cross_entropy` or `cross_entropy(label_smoothing=0.1)`;
/// also by one of [`ALIASES`], and whatever the capitals and underscores are: `CrossEntropyLoss`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Listed<T>>, ConfigError> {
    family().by_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::Graph;

    #[test]
    fn a_text_names_a_loss_with_its_settings() {
        for loss in all::<f64>() {
            loss.check().unwrap();
            assert_eq!(by_name::<f64>(loss.name()).unwrap().name(), loss.name());
        }
        let smoothed =
            by_name::<f64>("cross_entropy(label_smoothing=0.1, weights=[1, 2], ignore_index=0)")
                .unwrap();
        let expected =
            CrossEntropy { label_smoothing: 0.1, weights: vec![1.0, 2.0], ignore_index: Some(0.0) };
        assert_eq!(format!("{smoothed:?}"), format!("{expected:?}"));
        let weighted = by_name::<f64>(" binary_cross_entropy(pos_weights=[3]) ").unwrap();
        assert_eq!(weighted.name(), "bce_with_logits");
        for (text, name) in
            [("mae", "l1"), ("NLLLoss", "nll"), ("BCEWithLogitsLoss", "bce_with_logits")]
        {
            assert_eq!(by_name::<f64>(text).unwrap().name(), name);
        }
        let refused = |text| by_name::<f64>(text).unwrap_err().to_string();
        assert_eq!(
            refused("huber(delta=0)"),
            "huber: delta must be finite and above 0, but it is 0"
        );
        assert_eq!(
            refused("binary_cross_entropy(weight=1)"),
            "bce_with_logits has no setting `weight` (did you mean `weights`?); it has: weights, \
             pos_weights"
        );
        assert_eq!(
            refused("multi_class_margin(p=3)"),
            "multi_class_margin: p must be 1 or 2, but it is 3"
        );
    }

    #[test]
    fn targets_are_accepted_by_what_they_are() {
        let accepted = |kind| {
            let names = all::<f32>()
                .into_iter()
                .filter(|loss| loss.accepts(kind))
                .map(|loss| loss.name().to_owned());
            names.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            accepted(TargetKind::Classes),
            "cross_entropy, nll, softmax_focal, multi_class_margin"
        );
        assert_eq!(
            accepted(TargetKind::Probabilities),
            "mse, l1, huber, smooth_l1, log_cosh, cross_entropy, kl_divergence"
        );
        assert_eq!(
            accepted(TargetKind::Labels),
            "mse, l1, huber, smooth_l1, log_cosh, bce_with_logits, bce, focal, \
             multi_label_soft_margin, multi_label_margin"
        );
        assert_eq!(
            accepted(TargetKind::Values),
            "mse, l1, huber, smooth_l1, log_cosh, hinge, squared_hinge, soft_margin, poisson_nll, \
             gaussian_nll, cosine_embedding"
        );
        let log_target = by_name::<f32>("kl_divergence(log_target=true)").unwrap();
        assert!(
            log_target.accepts(TargetKind::Values)
                && !log_target.accepts(TargetKind::Probabilities)
        );
    }

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
