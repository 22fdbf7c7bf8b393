//! The progress of a training as it is shown: a bar on a terminal, a few lines elsewhere.

use std::time::Duration;

use chainrule::prelude::*;
use chainrule::train::EpochRecord;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::console::{self, Console};
use chainrule::config::number::{fixed, percent, thousands};

/// The function to be told how training goes.
pub fn teller(console: Console) -> Box<dyn FnMut(ProgressEvent<'_>)> {
    match console.progress() {
        console::Progress::None => Box::new(|_| {}),
        console::Progress::Lines => Box::new(lines(move |line| console.note(line))),
        console::Progress::Bar { colour } => Box::new(bar(console, colour)),
    }
}

/// A bar on standard error, drawn at most 20 times a second.
fn bar(console: Console, colour: bool) -> impl FnMut(ProgressEvent<'_>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
    let template = match colour {
        true => "{prefix} {wide_bar:.cyan/blue} {eta} left  {msg}",
        false => "{prefix} {wide_bar} {eta} left  {msg}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("\u{2501}\u{257a}\u{2500}"));
    let (mut epochs, mut batches) = (0, 0);
    let mut last_epoch = String::new();
    move |event| match event {
        ProgressEvent::Start(plan) => {
            (epochs, batches) = (plan.epochs, plan.batches as u64);
            bar.set_length((epochs as u64).saturating_mul(batches));
            bar.set_prefix(format!("epoch {}", counted(1, epochs)));
            // Without it, a slow batch would leave the bar undrawn.
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        ProgressEvent::Batch(batch) => {
            bar.set_position((batch.epoch as u64 - 1) * batches + batch.batch as u64);
            bar.set_prefix(format!("epoch {}", counted(batch.epoch, epochs)));
            // There is none before a batch has counted.
            if !batch.loss.is_nan() {
                bar.set_message(format!("loss {}{last_epoch}", fixed(batch.loss, 4)));
            }
        }
        ProgressEvent::Epoch(record) => {
            last_epoch = format!("  {}", accuracy_and_speed(record));
            bar.set_message(format!("loss {}{last_epoch}", fixed(record.train.loss, 4)));
        }
        ProgressEvent::End => {
            bar.abandon();
            // The first ends the bar's line, the second leaves one empty.
            console.note("\n");
        }
        _ => {}
    }
}

/// A line for the first epoch, the last, and nine between them.
fn lines(mut say: impl FnMut(&str)) -> impl FnMut(ProgressEvent<'_>) {
    let mut epochs = 0;
    move |event| match event {
        ProgressEvent::Start(plan) => epochs = plan.epochs,
        ProgressEvent::Epoch(record) => {
            let few = epochs.div_ceil(10).max(1);
            if record.epoch == 1 || record.epoch == epochs || record.epoch.is_multiple_of(few) {
                let (epoch, loss) = (counted(record.epoch, epochs), fixed(record.train.loss, 4));
                say(&format!("epoch {epoch}  loss {loss}  {}", accuracy_and_speed(record)));
            }
        }
        _ => {}
    }
}

/// Right-aligned, so that nothing moves as the number grows.
fn counted(epoch: usize, epochs: usize) -> String {
    let width = epochs.to_string().len();
    format!("{epoch:>width$}/{epochs}")
}

/// The accuracy is that on the validation data; none where there are no classes.
fn accuracy_and_speed(record: &EpochRecord) -> String {
    let scores = record.validation.as_ref().unwrap_or(&record.train);
    let accuracy =
        scores.metric("accuracy").map(|accuracy| format!("accuracy {:>7}  ", percent(accuracy)));
    format!(
        "{}{} samples/s",
        accuracy.unwrap_or_default(),
        thousands(record.samples_per_second as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::train::Scores;
    use chainrule::train::callback::FitPlan;

    fn said(epochs: usize) -> Vec<String> {
        let mut said = Vec::new();
        let mut tell = lines(|line| said.push(line.to_owned()));
        let plan = FitPlan { epochs, batches: 3, samples: 90, weights: 10, statistics: 0 };
        tell(ProgressEvent::Start(&plan));
        for epoch in 1..=epochs {
            let scores = |accuracy| Scores { loss: 0.25, metrics: vec![("accuracy", accuracy)] };
            let (train, validation) = (scores(0.5), Some(scores(0.975)));
            tell(ProgressEvent::Epoch(&EpochRecord {
                epoch,
                train,
                validation,
                learning_rate: 0.001,
                seconds: 0.1,
                samples_per_second: 12345.6,
            }));
        }
        drop(tell);
        said
    }

    #[test]
    fn a_line_says_epoch_loss_validation_accuracy_and_speed() {
        assert_eq!(said(1), ["epoch 1/1  loss 0.2500  accuracy  97.5 %  12,345 samples/s"]);
    }

    #[test]
    fn many_epochs_make_few_lines() {
        let epochs: Vec<String> = said(40).iter().map(|line| line[6..11].to_owned()).collect();
        let expected = [
            " 1/40", " 4/40", " 8/40", "12/40", "16/40", "20/40", "24/40", "28/40", "32/40",
            "36/40", "40/40",
        ];
        assert_eq!(epochs, expected);
        assert_eq!(said(10_001).len(), 11);
    }
}
