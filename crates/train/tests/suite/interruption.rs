//! Training that is cut short, by the stop flag or by an error.

use crate::common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_nn::loss::{CrossEntropy, MeanSquaredError};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::callback::{BatchEnd, BestWeights, Callback, EpochEnd, Flow, Monitor};
use chainrule_train::optimizer::Sgd;
use chainrule_train::{StopReason, TrainError, Trainer};
use common::{classes, classifier};

/// Raises the flag after a batch, and notes what it sees.
#[derive(Debug)]
struct Raise {
    flag: Arc<AtomicBool>,
    after: (usize, usize),
    batches: usize,
    epochs: Vec<Vec<f32>>,
    ended: usize,
}

impl Raise {
    fn after(epoch: usize, batch: usize) -> Self {
        Raise {
            flag: Arc::default(),
            after: (epoch, batch),
            batches: 0,
            epochs: Vec::new(),
            ended: 0,
        }
    }
}

impl Callback for Raise {
    fn batch_end(&mut self, batch: &BatchEnd) {
        self.batches += 1;
        if (batch.epoch, batch.batch) == self.after {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
        self.epochs.push(epoch.params.values().to_vec());
        Flow::Continue
    }
    fn end(&mut self, _: &mut Params) {
        self.ended += 1;
    }
}

#[test]
fn the_flag_ends_training_after_the_current_batch() {
    let (model, train) = (classifier(), classes(40, 0));
    // Batches of 8: five in an epoch.
    for (after, batches, epochs) in [((1, 1), 1, 0), ((2, 3), 8, 1), ((2, 5), 10, 2)] {
        let mut raise = Raise::after(after.0, after.1);
        let flag = Arc::clone(&raise.flag);
        let mut params = model.init([2], 0).unwrap();
        let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1))
            .epochs(4)
            .batch_size(8)
            .stop_when(flag);
        let history = trainer.callback(&mut raise).fit(&mut params, &train, None).unwrap();
        assert_eq!((history.stop, history.epochs.len()), (StopReason::Interrupted, epochs));
        assert_eq!((raise.batches, raise.epochs.len(), raise.ended), (batches, epochs, 1));
    }
}

#[test]
fn a_flag_that_is_up_already_means_no_step_at_all() {
    let (model, train) = (classifier(), classes(40, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.values().to_vec();
    let flag = Arc::new(AtomicBool::new(true));
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).stop_when(flag);
    let history = trainer.fit(&mut params, &train, None).unwrap();
    assert_eq!((history.stop, history.epochs.len()), (StopReason::Interrupted, 0));
    assert_eq!(params.values(), before);
}

#[test]
fn the_best_weights_come_back_after_an_interruption() {
    let (model, train) = (classifier(), classes(40, 0));
    let mut raise = Raise::after(4, 2);
    let flag = Arc::clone(&raise.flag);
    let mut best = BestWeights::new(Monitor::loss());
    let mut params = model.init([2], 0).unwrap();
    let trainer =
        Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(9).batch_size(8).stop_when(flag);
    let history =
        trainer.callback(&mut best).callback(&mut raise).fit(&mut params, &train, None).unwrap();
    assert_eq!((history.stop, history.epochs.len()), (StopReason::Interrupted, 3));
    let (epoch, _) = best.best().unwrap();
    assert_eq!(params.values(), raise.epochs[epoch - 1]);
}

#[test]
fn the_best_weights_come_back_after_an_error() {
    // Each step makes the error 199 times larger: the best epoch is the first.
    let model = Sequential::new().linear(1, 1);
    let data = Dataset::new(Tensor::ones([4, 1]), Targets::Values(Tensor::ones([4, 1]))).unwrap();
    let mut params = model.init([1], 0).unwrap();
    let (mut best, mut witness) = (BestWeights::new(Monitor::loss()), Raise::after(0, 0));
    let trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(50.0)).epochs(50).batch_size(4);
    let result = trainer.callback(&mut best).callback(&mut witness).fit(&mut params, &data, None);
    assert!(matches!(result, Err(TrainError::NonFiniteLoss { epoch: 3.., .. })), "{result:?}");
    assert_eq!((best.best().unwrap().0, witness.ended), (1, 1));
    assert_eq!(params.values(), witness.epochs[0]);
    assert_ne!(params.values(), witness.epochs.last().unwrap().as_slice());
}

#[test]
fn training_can_go_on_where_it_was_cut_short() {
    // Plain gradient descent remembers nothing but the weights: two epochs and two more are four.
    let (model, train) = (classifier(), classes(40, 0));
    let fit = |params: &mut Params, epochs: usize| {
        let mut trainer =
            Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(epochs).in_order();
        trainer.fit(params, &train, None).unwrap();
    };
    let (mut parts, mut whole) = (model.init([2], 0).unwrap(), model.init([2], 0).unwrap());
    fit(&mut parts, 2);
    fit(&mut parts, 2);
    fit(&mut whole, 4);
    assert_eq!(parts.values(), whole.values());
}
