use chainrule_plot::ConfusionMatrix;
use chainrule_tensor::Real;

use super::answers::{answers, counting};
use super::counted;
use crate::{Material, ReportError};

/// More classes than this make no table that can be read.
const MOST: usize = 40;

/// How often each class of the run's data is taken for which, for a classifier of at most 40
/// classes. Samples that the loss ignores are left out.
///
/// # Errors
/// Model, parameters and data that do not fit together.
pub fn confusion<T: Real>(
    material: &Material<'_, T>,
) -> Result<Option<ConfusionMatrix>, ReportError> {
    let Some((classifier, answers)) =
        answers(material)?.filter(|(classifier, _)| classifier.count() <= MOST)
    else {
        return Ok(None);
    };
    let classes = classifier.count();
    let mut counts = vec![vec![0; classes]; classes];
    answers.iter().for_each(|answer| counts[answer.truth][answer.predicted] += 1);
    let samples = counting(material).len();
    let title = match samples - answers.len() {
        0 => format!("Confusion over {}", counted(samples)),
        missing => format!("Confusion over {}, {missing} without an answer", counted(samples)),
    };
    Ok((!answers.is_empty())
        .then(|| ConfusionMatrix::new(title, classifier.names(material), counts)))
}
