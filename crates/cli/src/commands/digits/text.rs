//! The report as a person reads it.

use chainrule::nn::Summary;
use chainrule::prelude::*;
use chainrule::recipe::{Change, Recipe};

use super::answer::Answer;
use super::confusion::Confusion;
use super::drawing::drawings;
use super::scores;
use crate::data::digits::Parts;
use crate::terminal::paint::Paint;
use crate::text::wrap::wrapped;
use chainrule::config::number::{fixed, percent, thousands};

/// How many digits are drawn that were read right, and how many that were not.
const RIGHT: usize = 4;
const WRONG: usize = 12;

/// The network that is about to be trained, and its data.
pub fn plan(recipe: &Recipe, parts: &Parts, summary: &Summary) -> String {
    let [train, validation, test] =
        [&parts.train, &parts.validation, &parts.test].map(|part| thousands(part.len() as u64));
    let Recipe { seed, epochs, batch_size, optimizer, .. } = recipe;
    let learning_rate = recipe.rate().unwrap_or(f64::NAN);
    format!(
        "Handwritten digits of 8x8 pixels, dealt by seed {seed}: {train} to train on,\n\
         {validation} to choose the best epoch by, {test} set aside for the test.\n\n\
         {summary}\n\
         {optimizer}, learning rate {learning_rate}, batches of {batch_size}, {epochs} \
         epochs\n{}\n",
        more(recipe)
    )
}

/// The rest of the recipe, on lines of their own.
fn more(recipe: &Recipe) -> String {
    let told = Recipe {
        layers: recipe.layers.clone(),
        hidden: recipe.hidden.clone(),
        activation: recipe.activation.clone(),
        normalise: recipe.normalise,
        dropout: recipe.dropout,
        output_activation: recipe.output_activation.clone(),
        optimizer: recipe.optimizer.clone(),
        learning_rate: recipe.learning_rate,
        batch_size: recipe.batch_size,
        epochs: recipe.epochs,
        seed: recipe.seed,
        best_weights: true,
        metrics: vec!["accuracy".to_owned()],
        ..Recipe::default()
    };
    let rest = Change::between(&told, recipe).to_string();
    if rest.is_empty() { rest } else { wrapped(&rest, 0) }
}

/// The training, for a recording.
pub fn about(recipe: &Recipe, parts: &Parts) -> Vec<(&'static str, String)> {
    let hidden: Vec<String> = recipe.hidden.iter().map(usize::to_string).collect();
    let hidden = if hidden.is_empty() { "none".to_owned() } else { hidden.join(", ") };
    let digits = |part: &Dataset| part.len().to_string();
    let mut about = match &recipe.layers {
        Some(layers) => vec![("layers", layers.clone())],
        None => vec![("hidden layers", hidden), ("activation", recipe.activation.clone())],
    };
    about.extend([
        ("loss", recipe.loss.clone()),
        ("optimizer", recipe.optimizer.clone()),
        ("learning rate", recipe.rate().unwrap_or(f64::NAN).to_string()),
        ("batch size", recipe.batch_size.to_string()),
        ("epochs asked for", recipe.epochs.to_string()),
        ("seed", recipe.seed.to_string()),
    ]);
    let others = more(recipe);
    if !others.is_empty() {
        about.push(("also", others.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let kept = match (recipe.best_weights, recipe.monitor.as_str()) {
        (true, "loss") => "those of the epoch with the lowest validation loss".to_owned(),
        (true, monitor) => format!("those of the epoch with the {monitor}"),
        (false, _) => "those of the last epoch".to_owned(),
    };
    about.extend([
        ("weights kept", kept),
        ("digits to train on", digits(&parts.train)),
        ("digits to choose the best epoch by", digits(&parts.validation)),
        ("digits to test on", digits(&parts.test)),
    ]);
    about
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
        fixed(loss, 4),
        scores::table(&confusion, paint),
        confusion.table(paint),
        examples(answers, test, paint)
    )
}

/// Some digits that were read right, and those that were not, the surest mistakes first.
fn examples(answers: &[Answer], test: &Dataset, paint: Paint) -> String {
    let (right, mut wrong): (Vec<Answer>, Vec<Answer>) =
        answers.iter().partition(|answer| answer.is_right());
    let sure = |answer: &Answer| answer.probability.unwrap_or(0.0);
    wrong.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
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
        let answer = |sample, predicted, probability| Answer {
            sample,
            truth: 3,
            predicted,
            probability: Some(probability),
        };
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
