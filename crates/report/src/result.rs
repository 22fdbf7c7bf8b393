//! How a training ended, in names and values.

use chainrule_nn::config::number::fixed;
use chainrule_tensor::Real;
use chainrule_train::optimizer::Sgd;
use chainrule_train::{EpochRecord, Scores, StopReason, Trainer};

use crate::{Material, ReportError, figure};

/// Samples that are evaluated at once.
const BATCH: usize = 256;

type Pairs = Vec<(String, String)>;

/// The result of a run: what ended it, the last epoch, the best one, and what the trained model
/// does with the run's data.
///
/// # Errors
/// Model, parameters, loss and data that do not fit together.
pub(crate) fn pairs<T: Real>(material: &Material<'_, T>) -> Result<Pairs, ReportError> {
    let recording = material.recording;
    let ended = match (&recording.failure, recording.history.as_ref().map(|history| history.stop)) {
        (Some(failure), _) => format!("failed: {}", failure.message),
        (None, Some(StopReason::Finished)) => "all epochs done".to_owned(),
        (None, Some(StopReason::Callback)) => "a callback had seen enough".to_owned(),
        (None, Some(StopReason::Interrupted)) => "interrupted".to_owned(),
        (None, None) => "not known".to_owned(),
    };
    let epochs = recording.epochs();
    let mut pairs =
        vec![("ended".to_owned(), ended), ("epochs".to_owned(), epochs.len().to_string())];
    if let Some(last) = epochs.last() {
        scores("training", &last.train, &mut pairs);
        if let Some(validation) = &last.validation {
            scores("validation", validation, &mut pairs);
        }
        let seconds: f64 = epochs.iter().map(|record| record.seconds).sum();
        pairs.push(("training time".to_owned(), format!("{seconds:.2} s")));
    }
    if let Some((epoch, loss)) = best(epochs) {
        let text = format!("{loss} in epoch {epoch}", loss = fixed(loss, 4));
        pairs.push(("lowest validation loss".to_owned(), text));
    }
    if let (Some((model, params, data)), Some(loss)) = (material.trained(), material.evidence.loss)
    {
        let loss =
            Trainer::new(model, loss, Sgd::new(1.0)).batch_size(BATCH).evaluate(params, data)?.loss;
        pairs.push((
            format!("trained model, loss over {}", figure::counted(data.len())),
            fixed(loss, 4),
        ));
    }
    if let Some((right, all)) = figure::right(material)? {
        pairs.push((
            format!("trained model, right of {}", figure::counted(all)),
            format!("{right} ({:.1} %)", share(right, all)),
        ));
    }
    Ok(pairs)
}

/// The epoch with the lowest validation loss.
fn best(epochs: &[EpochRecord]) -> Option<(usize, f64)> {
    let validated =
        epochs.iter().filter_map(|record| Some((record.epoch, record.validation.as_ref()?.loss)));
    validated.filter(|(_, loss)| !loss.is_nan()).min_by(|a, b| a.1.total_cmp(&b.1))
}

fn scores(what: &str, scores: &Scores, pairs: &mut Pairs) {
    let metrics = scores.metrics.iter().map(|(name, value)| (name.replace('_', " "), *value));
    for (name, value) in [("loss".to_owned(), scores.loss)].into_iter().chain(metrics) {
        pairs.push((format!("{what} {name}, last epoch"), fixed(value, 4)));
    }
}

fn share(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
