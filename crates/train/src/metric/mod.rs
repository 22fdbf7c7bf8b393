//! Metrics: what a person wants to know of a model, next to its loss. Names and definitions are
//! scikit-learn's.
//!
//! | metric | targets | value |
//! |---|---|---|
//! | [`Accuracy`] | classes | share of samples whose largest output is at the right class |
//! | [`TopKAccuracy`] | classes | share of samples whose right class is among the `k` largest outputs |
//! | [`BalancedAccuracy`] | classes | mean recall of the classes |
//! | [`Precision`], [`Recall`], [`F1`] | classes, labels | of a class or label, or averaged |
//! | [`MatthewsCorrelation`] | classes | correlation of predicted and right classes |
//! | [`CohenKappa`] | classes | agreement beyond chance |
//! | [`RocAuc`] | classes, labels | area under the receiver operating characteristic |
//! | [`AveragePrecision`] | classes, labels | area under the steps of precision over recall |
//! | [`LogLoss`] | classes, labels | negative logarithm of the probability of what is right |
//! | [`BrierScore`] | classes, labels | squared error of probabilities |
//! | [`ExpectedCalibrationError`] | classes | how far confidence is from accuracy |
//! | [`MultiLabelAccuracy`] | labels | share of labels, or of whole samples, that are right |
//! | [`HammingLoss`] | labels | share of labels that are wrong |
//! | [`LabelRankingAveragePrecision`] | labels | how far up the right labels are |
//! | [`MeanSquaredError`], [`MeanAbsoluteError`] | values | mean error over samples and outputs |
//! | [`R2`] | values | share of the variance that is explained |
//! | [`ConfusionMatrix`] | classes | how often which class was taken for which |
//!
//! "Classes" are class indices or probabilities, of which the most probable class counts unless a
//! metric says otherwise; "labels" are multi-label targets, which count as given from 1/2 on. A
//! class is predicted where its output is the first of the largest ones, a label where its output
//! is at least a threshold. That is 0 by default, the logit of a probability of 1/2; 0.5 has to be
//! set for a model that ends in a sigmoid. Counts are `u64`, sums `f64`; they are gathered sample
//! by sample, so that a value is the same however the samples are cut into batches. All values are
//! NaN over no samples.

mod accuracy;
mod average;
mod average_precision;
mod balanced_accuracy;
mod brier_score;
mod cohen_kappa;
mod confusion;
mod decisions;
mod definition;
mod expected_calibration_error;
mod f1;
mod hamming_loss;
mod label_ranking;
mod log_loss;
mod matthews_correlation;
mod mean_absolute_error;
mod mean_squared_error;
mod multi_label_accuracy;
mod named;
mod precision;
mod probabilities;
mod r2;
mod ranking;
mod recall;
mod roc_auc;
mod rows;
mod top_k_accuracy;

use chainrule_config::{Aliases, Family};
use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::Real;

pub use accuracy::Accuracy;
pub use average::Average;
pub use average_precision::AveragePrecision;
pub use balanced_accuracy::BalancedAccuracy;
pub use brier_score::BrierScore;
pub use cohen_kappa::CohenKappa;
pub use confusion::ConfusionMatrix;
pub use definition::Metric;
use definition::{Mean, Ratio};
pub use expected_calibration_error::ExpectedCalibrationError;
pub use f1::F1;
pub use hamming_loss::HammingLoss;
pub use label_ranking::LabelRankingAveragePrecision;
pub use log_loss::LogLoss;
pub use matthews_correlation::MatthewsCorrelation;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use multi_label_accuracy::MultiLabelAccuracy;
pub(crate) use named::Named;
pub use precision::Precision;
pub use probabilities::Input;
pub use r2::R2;
pub use recall::Recall;
pub use roc_auc::RocAuc;
pub use top_k_accuracy::TopKAccuracy;

/// A metric of the list: one with a formula and settings by name.
pub trait Listed<T: Real>: Metric<T> + Configure {}

impl<T: Real, M: Metric<T> + Configure> Listed<T> for M {}

/// Every metric with its default settings. Names and command lines come from this list.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Listed<T>> {
    let entries: Vec<Box<dyn Listed<T>>> = vec![
        Box::new(Accuracy::new()),
        Box::new(TopKAccuracy::default()),
        Box::new(BalancedAccuracy::new()),
        Box::new(Precision::new()),
        Box::new(Recall::new()),
        Box::new(F1::new()),
        Box::new(MatthewsCorrelation::new()),
        Box::new(CohenKappa::new()),
        Box::new(RocAuc::new()),
        Box::new(AveragePrecision::new()),
        Box::new(LogLoss::new()),
        Box::new(BrierScore::new()),
        Box::new(ExpectedCalibrationError::default()),
        Box::new(MultiLabelAccuracy::per_label()),
        Box::new(MultiLabelAccuracy::exact_match()),
        Box::new(HammingLoss::new()),
        Box::new(LabelRankingAveragePrecision::new()),
        Box::new(MeanSquaredError::new()),
        Box::new(MeanAbsoluteError::new()),
        Box::new(R2::new()),
        Box::new(ConfusionMatrix::default()),
    ];
    Family::new("metric", |metric| metric.name(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    family().all()
}

/// Other names of metrics, scikit-learn's functions among them. Where those average over nothing by
/// default, as `f1_score` does, the metric here takes the macro average.
pub const ALIASES: Aliases = &[
    ("accuracy_score", "accuracy"),
    ("top_k_accuracy_score", "top_k_accuracy"),
    ("balanced_accuracy_score", "balanced_accuracy"),
    ("precision_score", "precision"),
    ("recall_score", "recall"),
    ("f1_score", "f1"),
    ("matthews_corrcoef", "matthews_correlation"),
    ("cohen_kappa_score", "cohen_kappa"),
    ("roc_auc_score", "roc_auc"),
    ("average_precision_score", "average_precision"),
    ("brier_score_loss", "brier_score"),
    ("ece", "expected_calibration_error"),
    ("subset_accuracy", "exact_match"),
    ("label_ranking_average_precision_score", "label_ranking_average_precision"),
    ("mse", "mean_squared_error"),
    ("mae", "mean_absolute_error"),
    ("r2_score", "r2"),
];

/// The metric that a text names, such as `accuracy` or `f1(average=micro)`; also by one of
/// [`ALIASES`], and whatever the capitals and underscores are.
///
/// ```
/// use chainrule_train::metric;
///
/// let f1 = metric::by_name::<f32>("f1(average=micro)")?;
/// assert_eq!(f1.name(), "f1");
/// # Ok::<(), chainrule_nn::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Listed<T>>, ConfigError> {
    family().by_name(text)
}

#[cfg(test)]
mod tests;
