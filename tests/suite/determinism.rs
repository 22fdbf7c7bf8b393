//! A seed fixes everything: the same seed gives the same bits.

use std::thread;

use chainrule::prelude::*;
use chainrule::train::callback::{Callback, EpochEnd, Flow};

/// All that a training leaves behind that a clock does not enter: the bits of the weights, and each
/// epoch's numbers.
#[derive(Clone, Debug, PartialEq)]
struct Trace {
    weights: Vec<u64>,
    epochs: Vec<Vec<u64>>,
    predictions: Vec<u64>,
}

fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    // Widening to f64 keeps every f32 apart from every other.
    values.iter().map(|x| x.to_f64().to_bits()).collect()
}

/// Trains on digits, with a last batch that is smaller than the others.
fn train<T: Real>(model_seed: u64, order_seed: u64) -> Trace {
    let all: Dataset<T> = Digits::load().unwrap().dataset();
    let (train, validation) = (select(&all, 0..210), select(&all, 210..300));
    let model = Sequential::<T>::default()
        .linear(64, 24)
        .batch_norm()
        .relu()
        .dropout(0.2)
        .linear(24, 16)
        .prelu()
        .linear(16, 10);
    let mut params = model.init([64], model_seed).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(3)
        .seed(order_seed)
        .rule(ClipNorm { max_norm: 1.0 })
        .metric(Accuracy::new())
        .callback(BestWeights::new(Monitor::loss()));
    let history = trainer.fit(&mut params, &train, Some(&validation)).unwrap();
    let epochs = history.epochs.iter().map(|record| {
        let scores = [&record.train, record.validation.as_ref().unwrap()];
        let numbers =
            scores.into_iter().flat_map(|scores| [scores.loss, scores.metric("accuracy").unwrap()]);
        numbers.map(f64::to_bits).collect()
    });
    let epochs = epochs.collect();
    let predictions = bits(model.predict(&params, validation.inputs()).unwrap().values());
    Trace {
        weights: [bits(params.values()), bits(params.statistic_values())].concat(),
        epochs,
        predictions,
    }
}

fn select<T: Real>(data: &Dataset<T>, rows: std::ops::Range<usize>) -> Dataset<T> {
    data.select(&rows.collect::<Vec<_>>()).unwrap()
}

fn the_same_seeds_give_the_same_bits_and_others_do_not<T: Real>() {
    let first = train::<T>(1, 2);
    assert_eq!(first.epochs.len(), 3);
    assert_eq!(first, train::<T>(1, 2));
    for other in [train::<T>(9, 2), train::<T>(1, 9)] {
        assert_ne!(first.weights, other.weights);
        assert_ne!(first.epochs, other.epochs);
    }
}

#[test]
fn in_single_precision() {
    the_same_seeds_give_the_same_bits_and_others_do_not::<f32>();
}

#[test]
fn in_double_precision() {
    the_same_seeds_give_the_same_bits_and_others_do_not::<f64>();
}

#[test]
fn two_trainings_at_once_give_the_bits_of_one() {
    let alone = train::<f32>(1, 2);
    let both = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| train::<f32>(1, 2)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(both, [alone.clone(), alone]);
}

#[test]
fn one_plan_serves_two_threads_with_a_workspace_each() {
    let model = Sequential::new().linear(64, 32).tanh().linear(32, 10);
    let graph = Graph::new();
    let x = graph.input("x", [50, 64]);
    let targets = graph.class_input("t", 50, 10);
    let loss = CrossEntropy.forward(model.forward(x), targets, Reduction::Mean);
    let plan = graph.plan(loss).unwrap();
    let params = plan.init(0).unwrap();
    let data: Dataset = Digits::load().unwrap().dataset();
    let (x, targets, plan, params, data) = (x.id(), targets.id(), &plan, &params, &data);
    let gradient = move |samples: std::ops::Range<usize>| {
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        for _ in 0..20 {
            let [inputs, targets] = workspace.inputs_mut([x, targets]);
            data.gather(&samples.clone().collect::<Vec<_>>(), inputs, targets);
            plan.forward(params, &mut workspace);
            plan.backward(params, &mut workspace, &mut grads);
        }
        bits(grads.values())
    };
    let parts = [0..50, 50..100];
    let one_by_one = parts.clone().map(gradient);
    assert_ne!(one_by_one[0], one_by_one[1]);
    let at_once = thread::scope(|scope| {
        let threads = parts.map(|samples| scope.spawn(move || gradient(samples)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(at_once, one_by_one);
}

#[test]
fn first_values_do_not_depend_on_other_layers() {
    let short = Sequential::new().linear(5, 4).init([5], 3).unwrap();
    let long = Sequential::new().linear(5, 4).relu().linear(4, 2).init([5], 3).unwrap();
    for name in ["0.weight", "0.bias"] {
        assert_eq!(short.get(name).unwrap().values(), long.get(name).unwrap().values());
    }
}

#[test]
fn looking_on_changes_nothing() {
    /// Looks at everything and remembers the weights after each epoch.
    #[derive(Debug, Default)]
    struct Witness(Vec<Vec<u64>>);
    impl Callback for Witness {
        fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
            self.0.push(bits(epoch.params.values()));
            Flow::Continue
        }
    }
    let all: Dataset = Digits::load().unwrap().dataset();
    let (train, validation) = (select(&all, 0..100), select(&all, 100..150));
    let model = Sequential::new().linear(64, 10);
    let weights = |epochs: usize, validation: Option<&Dataset>, witness: &mut Witness| {
        let mut params = model.init([64], 0).unwrap();
        let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(epochs);
        trainer
            .metric(Accuracy::new())
            .callback(witness)
            .fit(&mut params, &train, validation)
            .unwrap();
        bits(params.values())
    };
    let (mut seen, mut unseen) = (Witness::default(), Witness::default());
    let watched = weights(4, Some(&validation), &mut seen);
    assert_eq!(watched, weights(4, None, &mut unseen));
    assert_eq!(seen.0, unseen.0);
    // Fewer epochs are the beginning of more.
    assert_eq!(seen.0[1], weights(2, None, &mut Witness::default()));
}
