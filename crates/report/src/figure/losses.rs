use chainrule_insight::Recording;
use chainrule_plot::Curves;
use chainrule_train::{EpochRecord, Scores};

/// The loss by epoch, over the training data and, where there are, over the validation data. Before
/// the end of the second epoch that of the observed steps. The axis is logarithmic where the losses
/// are above zero and differ by more than a factor of ten.
#[must_use]
pub fn losses(recording: &Recording) -> Option<Curves> {
    let epochs = recording.epochs();
    let figure = if epochs.len() > 1 {
        by_epoch("Loss by epoch", "loss", epochs, |scores| Some(scores.loss))
    } else {
        let records = &recording.log.records;
        let points: Vec<(f64, f64)> =
            records.iter().map(|record| (record.step as f64, record.loss)).collect();
        match points.is_empty() {
            true => by_epoch("Loss by epoch", "loss", epochs, |scores| Some(scores.loss)),
            false => {
                Some(Curves::new("Loss by step").labels("step", "loss").points("training", points))
            }
        }
    }?;
    let finite = || {
        figure
            .series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1)
            .filter(|y| y.is_finite())
    };
    let (low, high) =
        (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    Some(if low > 0.0 && high > 10.0 * low { figure.log_y() } else { figure })
}

/// Each metric by epoch, as the loss.
#[must_use]
pub fn metrics(recording: &Recording) -> Vec<Curves> {
    let epochs = recording.epochs();
    let names = epochs.first().map(|first| first.train.metrics.iter().map(|(name, _)| *name));
    let words = |name: &str| name.replace('_', " ");
    let curves = |name| {
        by_epoch(&format!("{} by epoch", capital(&words(name))), &words(name), epochs, |s| {
            s.metric(name)
        })
    };
    names.into_iter().flatten().filter_map(curves).collect()
}

/// The learning rate by epoch, where it changes.
#[must_use]
pub fn learning_rate(recording: &Recording) -> Option<Curves> {
    let rates: Vec<f64> = recording.epochs().iter().map(|record| record.learning_rate).collect();
    let changes = rates.iter().any(|rate| *rate != rates[0]);
    changes.then(|| {
        Curves::new("Learning rate by epoch")
            .labels("epoch", "learning rate")
            .curve("learning rate", &rates)
    })
}

fn by_epoch(
    title: &str,
    what: &str,
    epochs: &[EpochRecord],
    score: impl Fn(&Scores) -> Option<f64>,
) -> Option<Curves> {
    let points = |scores: &dyn Fn(&EpochRecord) -> Option<&Scores>| -> Vec<(f64, f64)> {
        epochs
            .iter()
            .filter_map(|record| Some((record.epoch as f64, scores(record).and_then(&score)?)))
            .collect()
    };
    let figure = Curves::new(title)
        .labels("epoch", what)
        .points("training", points(&|record| Some(&record.train)));
    let validation = points(&|record| record.validation.as_ref());
    let figure =
        if validation.is_empty() { figure } else { figure.points("validation", validation) };
    (!epochs.is_empty()).then_some(figure)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
