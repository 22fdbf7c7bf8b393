use super::average::Counts;
use super::decisions::{Decisions, score_of_decisions};

/// Recall: of what is of a class, the share that was taken for it, `hits / given`.
///
/// For classes and for labels; of several, an average, [`Average::Macro`](super::Average::Macro) by
/// default, or [one class](Recall::of_class). 0 where nothing is given, scikit-learn's default. An
/// output of NaN predicts nothing.
#[derive(Clone, Debug, Default)]
pub struct Recall(Decisions);

score_of_decisions!(Recall, "recall", "hits / given, per class, averaged", Counts::recall);
