use super::average::Counts;
use super::decisions::{Decisions, score_of_decisions};

/// Precision: of what was taken for a class, the share that is of it, `hits / predicted`.
///
/// For classes and for labels; of several, an average, [`Average::Macro`](super::Average::Macro) by
/// default, or [one class](Precision::of_class). 0 where nothing was predicted, scikit-learn's
/// default. An output of NaN predicts nothing.
///
/// ```
/// use chainrule_tensor::Tensor;
/// use chainrule_train::metric::{Metric, Precision};
///
/// let logits = Tensor::<f32>::from_rows([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 2.0]]);
/// let mut precision = Precision::new().of_class(1);
/// precision.update(logits.view(), Tensor::from(vec![0.0, 1.0, 0.0, 1.0]).view());
/// assert_eq!(Metric::<f32>::value(&precision), 2.0 / 3.0);
/// assert_eq!(precision.per_class(), [1.0, 2.0 / 3.0]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Precision(Decisions);

score_of_decisions!(
    Precision,
    "precision",
    "hits / predicted, per class, averaged",
    Counts::precision
);
