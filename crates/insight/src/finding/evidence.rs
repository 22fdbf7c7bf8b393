use chainrule_data::Dataset;
use chainrule_graph::Params;
use chainrule_nn::{Layer, Loss};
use chainrule_recipe::Run;
use chainrule_tensor::Real;
use chainrule_train::TrainError;

use super::Failure;
use crate::{Log, Recording};

/// The facts that a training is judged by. Each rule uses what it needs, and finds nothing where
/// that is not given.
///
/// Before a training, model, loss and data are enough for some; the log of the
/// [instruments](crate::Instruments) tells most.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a, T: Real = f32> {
    /// The instruments' log.
    pub log: Option<&'a Log>,
    /// The model.
    pub model: Option<&'a dyn Layer<T>>,
    /// Its parameters after the training.
    pub params: Option<&'a Params<T>>,
    /// The loss.
    pub loss: Option<&'a dyn Loss<T>>,
    /// The training data.
    pub data: Option<&'a Dataset<T>>,
    /// The error that ended the training.
    pub error: Option<&'a TrainError>,
    /// The error that ended the training, as a recording tells it.
    pub failure: Option<&'a Failure>,
}

impl<T: Real> Default for Evidence<'_, T> {
    fn default() -> Self {
        Evidence {
            log: None,
            model: None,
            params: None,
            loss: None,
            data: None,
            error: None,
            failure: None,
        }
    }
}

impl<'a, T: Real> Evidence<'a, T> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Evidence::default()
    }

    /// The facts of a run of a recipe: model, parameters and the error that ended it. The log of
    /// the instruments, loss and data stand beside it.
    #[must_use]
    pub fn of(run: &'a Run<T>) -> Self {
        let (model, params) = (run.network.model(), run.network.params());
        let error = run.end.as_ref().err();
        Evidence { model: Some(model), params: Some(params), error, ..Evidence::default() }
    }

    /// With what the instruments have seen.
    #[must_use]
    pub fn log(mut self, log: &'a Log) -> Self {
        self.log = Some(log);
        self
    }

    /// With the model.
    #[must_use]
    pub fn model(mut self, model: &'a dyn Layer<T>) -> Self {
        self.model = Some(model);
        self
    }

    /// With the model's parameters after the training.
    #[must_use]
    pub fn params(mut self, params: &'a Params<T>) -> Self {
        self.params = Some(params);
        self
    }

    /// With the loss.
    #[must_use]
    pub fn loss(mut self, loss: &'a dyn Loss<T>) -> Self {
        self.loss = Some(loss);
        self
    }

    /// With the training data.
    #[must_use]
    pub fn data(mut self, data: &'a Dataset<T>) -> Self {
        self.data = Some(data);
        self
    }

    /// With the error that ended the training.
    #[must_use]
    pub fn error(mut self, error: &'a TrainError) -> Self {
        self.error = Some(error);
        self
    }

    /// With what a recording tells: what the instruments have seen, and what ended the training.
    /// Model, parameters and data can be given beside it.
    #[must_use]
    pub fn recording(mut self, recording: &'a Recording) -> Self {
        self.log = Some(&recording.log);
        self.failure = recording.failure.as_ref();
        self
    }
}
