use chainrule_plot::DigitGrid;
use chainrule_tensor::Real;

use super::answers::{Answer, answers};
use crate::{Material, ReportError};

/// How many pictures there are at most, and how many of them may be wrong: whole rows.
const MOST: usize = 30;
const WRONG: usize = 20;

/// Samples with what a classifier takes them for, where samples are images: first those that are
/// wrong, the surest mistakes first, then some that are right.
///
/// # Errors
/// Model, parameters and data that do not fit together.
pub fn pictures<T: Real>(material: &Material<'_, T>) -> Result<Option<DigitGrid>, ReportError> {
    let (Some((width, height)), Some((classifier, answers))) = (material.image, answers(material)?)
    else {
        return Ok(None);
    };
    let Some(data) = material.evidence.data.filter(|_| !answers.is_empty()) else {
        return Ok(None);
    };
    let (right, mut wrong): (Vec<Answer>, Vec<Answer>) =
        answers.iter().partition(|answer| answer.is_right());
    wrong.sort_by(|a, b| b.certainty.total_cmp(&a.certainty));
    let title = format!("Samples with predictions, {} of {} wrong", wrong.len(), answers.len());
    wrong.truncate(WRONG);
    let some = wrong.len();
    let shown = wrong.into_iter().chain(right.into_iter().take(MOST - some));
    let names = classifier.names(material);
    let pixels = |sample: usize| -> Vec<f64> {
        let pixels = data
            .inputs()
            .values()
            .chunks(data.input_width().max(1))
            .nth(sample)
            .unwrap_or_default();
        pixels.iter().map(|x| x.to_f64()).collect()
    };
    Ok(Some(shown.fold(DigitGrid::new(title, width, height), |grid, answer| {
        grid.digit(pixels(answer.sample), &names[answer.predicted], &names[answer.truth])
    })))
}
