//! The report as a person reads it.

use chainrule::nn::Summary;
use chainrule::prelude::*;

use super::answer::Answer;
use super::confusion::Confusion;
use super::drawing::drawings;
use super::scores;
use crate::data::digits::Parts;
use crate::flags::config::Settings;
use crate::terminal::paint::Paint;
use crate::text::number::{brief, percent, thousands};

/// How many digits are drawn that were read right, and how many that were not.
const RIGHT: usize = 4;
const WRONG: usize = 12;

/// The network that is about to be trained, and its data.
pub fn plan(settings: &Settings, parts: &Parts, summary: &Summary) -> String {
    let [train, validation, test] =
        [&parts.train, &parts.validation, &parts.test].map(|part| thousands(part.len() as u64));
    let Settings { seed, epochs, batch_size, optimizer_text, learning_rate, .. } = settings;
    format!(
        "Handwritten digits of 8x8 pixels, dealt by seed {seed}: {train} to train on,\n\
         {validation} to choose the best epoch by, {test} set aside for the test.\n\n\
         {summary}\n\
         {optimizer_text}, learning rate {learning_rate}, batches of {batch_size}, {epochs} \
         epochs\n\n"
    )
}

/// How well the network reads the test set, whose digits `test` holds.
pub fn results(
    answers: &[Answer],
    loss: f64,
    weights: &str,
    test: &Dataset,
    paint: Paint,
) -> String {
    let right = answers.iter().filter(|answer| answer.is_right()).count();
    let accuracy = format!("Test accuracy {}", percent(right as f64 / answers.len() as f64));
    let confusion = Confusion::of(answers);
    format!(
        "{}: {right} of {} digits never seen before, loss {}.\nThe weights are those of \
         {weights}.\n\n{}\n{}\n{}",
        paint.bold(&accuracy),
        answers.len(),
        brief(loss),
        scores::table(&confusion, paint),
        confusion.table(paint),
        examples(answers, test, paint)
    )
}

/// Some digits that were read right, and those that were not, the surest mistakes first.
fn examples(answers: &[Answer], test: &Dataset, paint: Paint) -> String {
    let (right, mut wrong): (Vec<Answer>, Vec<Answer>) =
        answers.iter().partition(|answer| answer.is_right());
    wrong.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let image = |sample: usize| test.inputs().row(sample);
    let some = |title: &str, answers: &[Answer], most: usize| {
        if answers.is_empty() {
            return format!("{}: none\n\n", paint.bold(title));
        }
        let shown = &answers[..answers.len().min(most)];
        let title = paint.bold(title);
        format!(
            "{title}: {} of {}\n\n{}\n",
            shown.len(),
            answers.len(),
            drawings(shown, image, paint)
        )
    };
    some("Read right", &right, RIGHT) + &some("Read wrong, the surest first", &wrong, WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_and_wrong_digits_are_counted_and_capped() {
        let test = Parts::load(0).unwrap().test;
        let answer =
            |sample, predicted, probability| Answer { sample, truth: 3, predicted, probability };
        let mut answers = vec![answer(0, 3, 0.9); 6];
        answers.extend((0..20).map(|i| answer(i, 5, 0.5 + 0.01 * i as f64)));
        let text = examples(&answers, &test, Paint::new(false));
        assert!(text.starts_with("Read right: 4 of 6\n"), "{text}");
        assert!(text.contains("\nRead wrong, the surest first: 12 of 20\n"), "{text}");
        let sure = |percent: &str| text.find(percent);
        assert!(
            sure("69.0 %") < sure("68.0 %") && sure("58.0 %").is_some() && sure("57.0 %").is_none(),
            "{text}"
        );
        assert!(
            examples(&answers[..6], &test, Paint::new(false))
                .contains("Read wrong, the surest first: none\n")
        );
    }
}
