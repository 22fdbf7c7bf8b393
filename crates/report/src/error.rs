use chainrule_data::DataError;
use chainrule_graph::BuildError;
use chainrule_nn::PredictError;
use chainrule_plot::PlotError;
use chainrule_train::TrainError;

/// Why a run cannot be shown: its model, parameters, loss and data do not fit together, or the page
/// cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The parameters or the data do not fit the model.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The model gives no prediction for each sample.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// Samples cannot be taken from the data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The loss does not fit the data.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A picture cannot be drawn, or the page cannot be written.
    #[error(transparent)]
    Plot(#[from] PlotError),
}
