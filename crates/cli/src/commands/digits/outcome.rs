//! How a run ended.

use std::path::Path;

use chainrule::prelude::*;
use chainrule::recipe::Recipe;
use serde_json::{Value, json};

use super::answer::Answer;
use crate::output::traces::Left;

/// A training that was done, and its outcome.
pub struct Outcome<'a> {
    pub recipe: &'a Recipe,
    pub history: &'a History,
    /// The epoch with the lowest validation loss, whose weights were kept, if an epoch was
    /// completed.
    pub best_epoch: Option<usize>,
    /// The time for training and testing.
    pub seconds: f64,
    /// Where the network was saved, if it could be.
    pub saved_to: Option<&'a Path>,
    /// Where its recording and its report went, if they could be written.
    pub left: &'a Left,
}

impl Outcome<'_> {
    /// Returns true if Ctrl-C ended it.
    pub fn interrupted(&self) -> bool {
        self.history.stop == StopReason::Interrupted
    }

    /// Which weights the network has.
    pub fn weights(&self) -> String {
        match (self.best_epoch, self.history.epochs.len()) {
            (Some(epoch), done) => {
                let by = match self.recipe.monitor.as_str() {
                    "loss" => "validation loss",
                    monitor => monitor,
                };
                format!("epoch {epoch} of {done}, the best by {by}")
            }
            (None, 0) => {
                "the moment of the interruption, before the end of the first epoch".to_owned()
            }
            (None, done) if !self.recipe.best_weights => format!("epoch {done}, the last"),
            (None, done) => format!(
                "epoch {done}, the last, since no epoch had a validation loss that is a number"
            ),
        }
    }

    /// The effect of Ctrl-C; where nothing was saved, because of the file that is there, if one is.
    pub fn interruption(&self, in_the_way: Option<&Path>) -> String {
        let done = self.history.epochs.len();
        let what = match self.best_epoch {
            Some(epoch) => format!("the best weights so far, of epoch {epoch}"),
            None => "the weights as they are".to_owned(),
        };
        let saved = self.saved_to.map(|path| format!("saved {what}, to {}", path.display()));
        let kept = |path: &Path| {
            format!(
                "nothing was saved: no epoch was completed, and {} is of an earlier training",
                path.display()
            )
        };
        let kept = in_the_way.filter(|_| done == 0).map(kept);
        let saved = saved.or(kept).unwrap_or("nothing was saved".to_owned());
        format!("interrupted in epoch {} of {}\n{saved}", done + 1, self.recipe.epochs)
    }

    /// All of it as a JSON object.
    pub fn object(&self, answers: &[Answer], test_loss: f64, parameters: usize) -> Value {
        let Recipe { seed, batch_size, .. } = self.recipe;
        let optimizer = self.recipe.optimizer::<f32>().ok();
        let right = answers.iter().filter(|answer| answer.is_right()).count();
        let last = self.history.last();
        let validation =
            self.best_epoch.and_then(|epoch| self.history.epochs[epoch - 1].validation.as_ref());
        json!({
            "test_accuracy": right as f64 / answers.len() as f64,
            "test_loss": test_loss,
            "validation_accuracy": validation.and_then(|scores| scores.metric("accuracy")),
            "validation_loss": validation.map(|scores| scores.loss),
            "train_loss": last.map(|record| record.train.loss),
            "epochs": self.history.epochs.len(),
            "best_epoch": self.best_epoch,
            "interrupted": self.interrupted(),
            "seconds": self.seconds,
            "seed": seed,
            "parameters": parameters,
            "layers": self.recipe.layers,
            "hidden": self.recipe.hidden,
            "activation": self.recipe.activation,
            "loss": self.recipe.loss,
            "optimizer": optimizer.as_ref().map(|optimizer| optimizer.name()),
            "learning_rate": self.recipe.rate().ok(),
            "batch_size": batch_size,
            "model": self.saved_to.map(Path::to_string_lossy),
            "recording": self.left.record.as_ref().map(|path| path.to_string_lossy()),
            "tensorboard": self.left.tensorboard.as_ref().map(|path| path.to_string_lossy()),
            "report": self.left.report.as_ref().map(|path| path.to_string_lossy()),
        })
    }
}
