use super::average::Counts;
use super::decisions::{Decisions, score_of_decisions};

/// The harmonic mean of precision and recall of a class, `2 hits / (predicted + given)`.
///
/// For classes and for labels; of several, an average, [`Average::Macro`](super::Average::Macro) by
/// default, or [one class](F1::of_class). The macro average is the mean of the classes' values, not
/// the harmonic mean of averaged precision and recall. 0 where nothing is predicted or given,
/// scikit-learn's default. An output of NaN predicts nothing.
#[derive(Clone, Debug, Default)]
pub struct F1(Decisions);

score_of_decisions!(F1, "f1", "2 hits / (predicted + given), per class, averaged", Counts::f1);
