//! All that a training remembers between two epochs.

use chainrule_graph::Params;
use chainrule_tensor::Real;

use crate::TrainError;
use crate::history::EpochRecord;

/// A training between two epochs: all that it takes to go on with the bits of one that was never
/// stopped.
///
/// [`Trainer::snapshots`](crate::Trainer::snapshots) gives one after each epoch, and
/// [`Trainer::resume`](crate::Trainer::resume) goes on from it. The order of samples and the random
/// numbers within a model are not in it: they follow from the seed and the number of the epoch.
///
/// ```
/// # use chainrule_data::{Dataset, Targets};
/// # use chainrule_nn::{Model, Sequential, loss::MeanSquaredError};
/// # use chainrule_tensor::Tensor;
/// # use chainrule_train::{Trainer, optimizer::Adam};
/// # let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// # let targets = Tensor::from_rows([[0.0], [1.0], [1.0], [0.0]]);
/// # let data = Dataset::new(inputs, Targets::Values(targets))?;
/// let model = Sequential::new().linear(2, 4).tanh().dropout(0.1).linear(4, 1);
/// let trainer = || Trainer::new(&model, MeanSquaredError, Adam::new(0.01)).batch_size(2);
///
/// let mut straight = model.init([2], 0)?;
/// trainer().epochs(6).fit(&mut straight, &data, None)?;
///
/// let (mut params, mut last) = (model.init([2], 0)?, None);
/// trainer()
///     .epochs(4)
///     .snapshots(|snapshot| last = Some(snapshot))
///     .fit(&mut params, &data, None)?;
/// let mut resumed = model.init([2], 0)?;
/// trainer().epochs(6).resume(last.unwrap()).fit(&mut resumed, &data, None)?;
/// assert_eq!(straight.values(), resumed.values());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T: Real = f32> {
    /// The epochs that are done.
    pub epochs: Vec<EpochRecord>,
    /// True if a callback has asked for no more.
    pub stopped: bool,
    /// The weights that are trained, in the layout of the parameters.
    pub weights: Vec<T>,
    /// The statistics of layers beside them.
    pub statistics: Vec<T>,
    /// The memory of the optimizer.
    pub optimizer: OptimizerMemory<T>,
    /// The memory of each callback that has one, by its
    /// [name](crate::callback::Callback::remembers), in the order of the trainer's callbacks.
    pub callbacks: Vec<(String, Memory<T>)>,
}

/// The memory of an optimizer.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerMemory<T: Real = f32> {
    /// The name of the optimizer.
    pub name: String,
    /// The number of steps made.
    pub steps: u64,
    /// The largest learning rate so far.
    pub largest_rate: f64,
    /// The sum over steps of the square of the largest learning rate until then.
    pub squares: f64,
    /// The remembered vectors, in the order of the optimizer's slots.
    pub slots: Vec<Vec<T>>,
}

/// Named numbers and vectors: the memory of a callback.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory<T: Real = f32> {
    /// Numbers; one that is not known is left out.
    pub numbers: Vec<(String, f64)>,
    /// Vectors, such as weights.
    pub vectors: Vec<(String, Vec<T>)>,
}

impl<T: Real> Memory<T> {
    /// Remembers a number, if it is known.
    pub fn put(&mut self, name: &str, number: Option<f64>) {
        self.numbers.extend(number.map(|number| (name.to_owned(), number)));
    }

    /// Remembers a vector.
    pub fn put_vector(&mut self, name: &str, vector: &[T]) {
        self.vectors.push((name.to_owned(), vector.to_vec()));
    }

    /// The number of this name, if it is known.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    /// The count of this name; 0 if there is none.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        // A negative number or a fraction from a damaged file becomes a count near it.
        self.number(name).unwrap_or(0.0) as usize
    }

    /// The vector of this name.
    ///
    /// # Errors
    /// None of this name, or one of another length.
    pub fn vector(&self, name: &str, len: usize) -> Result<&[T], String> {
        match self.vectors.iter().find(|(known, _)| known == name) {
            Some((_, vector)) if vector.len() == len => Ok(vector),
            Some((_, vector)) => {
                Err(format!("`{name}` has {} values, but {len} are needed", vector.len()))
            }
            None => Err(format!("`{name}` is missing")),
        }
    }
}

impl<T: Real> Snapshot<T> {
    /// Puts its weights and statistics into the parameters.
    pub(crate) fn restore(&self, params: &mut Params<T>) -> Result<(), TrainError> {
        fits("weights", self.weights.len(), params.values().len())?;
        fits("statistics", self.statistics.len(), params.statistic_values().len())?;
        params.values_mut().copy_from_slice(&self.weights);
        params.statistic_values_mut().copy_from_slice(&self.statistics);
        Ok(())
    }
}

fn fits(what: &str, has: usize, needs: usize) -> Result<(), TrainError> {
    if has == needs {
        return Ok(());
    }
    Err(refused(format!("it has {has} {what}, but the model has {needs}")))
}

/// The error for a snapshot of another training.
pub(crate) fn refused(why: String) -> TrainError {
    TrainError::Setting(format!("this training cannot go on from the snapshot: {why}"))
}
