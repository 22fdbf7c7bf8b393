//! After the workspace is made, training allocates nothing: what the calling thread does. The
//! threads of a pool are counted in `no_allocation_on_threads.rs`.

mod support;

use std::sync::Arc;

use chainrule::nn::TargetKind;
use chainrule::prelude::*;
use chainrule::recipe::{Recipe, Scaling};
use chainrule::tensor::parallel::Pool;
use chainrule::train::callback::{BatchEnd, Callback, FitPlan};
use chainrule::train::metric::{all, by_name};
use support::counting::of_thread as count;
use support::training::{Training, classes, inputs};

#[track_caller]
fn assert_steps_allocate_nothing(mut training: Training) {
    training.step();
    let (before, steps) = (count(), training.state.steps());
    for _ in 0..3 {
        training.step();
    }
    assert_eq!(count() - before, 0);
    assert_eq!(training.state.steps(), steps + 3);
    assert!(training.loss().is_finite());
}

#[test]
fn the_counter_counts() {
    let before = count();
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(count() - before, 1);
}

#[test]
fn a_small_network() {
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    assert_steps_allocate_nothing(Training::new(
        &model,
        &CrossEntropy,
        &classes(32, 64),
        Sgd::new(0.1),
    ));
}

#[test]
fn a_deep_network_with_momentum() {
    let hidden = (0..8).fold(Sequential::new(), |model, _| model.linear(64, 64).sigmoid());
    let sgd = Sgd::new(0.1).momentum(0.9);
    assert_steps_allocate_nothing(Training::new(
        &hidden.linear(64, 10),
        &CrossEntropy,
        &classes(32, 64),
        sgd,
    ));
}

#[test]
fn a_wide_network_with_adam() {
    let model = Sequential::new().linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
    assert_steps_allocate_nothing(Training::new(
        &model,
        &CrossEntropy,
        &classes(128, 784),
        Adam::new(0.001),
    ));
}

#[test]
fn every_optimizer() {
    let model = Sequential::new().linear(7, 6).relu().linear(6, 10);
    for optimizer in chainrule::train::optimizer::all::<f32>() {
        assert_steps_allocate_nothing(Training::new(
            &model,
            &CrossEntropy,
            &classes(5, 7),
            optimizer,
        ));
    }
}

#[test]
fn every_activation_and_every_loss() {
    for activation in chainrule::nn::activation::all::<f32>() {
        let width = 6 * activation.divisor();
        let model = Sequential::new().linear(7, width).layer(activation).linear(6, 10);
        assert_steps_allocate_nothing(Training::new(
            &model,
            &CrossEntropy,
            &classes(5, 7),
            Adam::new(0.01),
        ));
    }
    for loss in chainrule::nn::loss::all::<f32>() {
        let domain = loss.domain();
        for &form in domain.targets {
            let (prediction, target) = domain.draw(form, Shape::new(&[5, 3]), &mut generator(3));
            let (graph, width) = (Graph::new(), prediction.shape()[1]);
            let (p, t) = (graph.input("p", prediction.shape()), graph.input("t", target.shape()));
            // A factor to be learned, so that a gradient goes back through the loss.
            let mean = loss.forward(p * graph.param("factor", width, 1.0), t, Reduction::Mean);
            let plan = graph.plan(mean).unwrap();
            let (params, mut workspace, mut grads) =
                (plan.init(0).unwrap(), plan.workspace(), plan.grads());
            let single = |x: &Tensor<f64>| x.values().iter().map(|&x| x as f32).collect::<Vec<_>>();
            workspace.set(p, &single(&prediction)).unwrap();
            workspace.set(t, &single(&target)).unwrap();
            plan.forward(&params, &mut workspace);
            plan.backward(&params, &mut workspace, &mut grads);
            let before = count();
            plan.forward(&params, &mut workspace);
            plan.backward(&params, &mut workspace, &mut grads);
            let allocated = count() - before;
            assert_eq!(allocated, 0, "{} with {form}", loss.name());
        }
    }
}

#[test]
fn every_layer_and_its_running_statistics() {
    use chainrule::nn::layer::{self, Sample};
    for layer in layer::all::<f32>() {
        for sample in layer.samples() {
            let (shape, x) = match sample {
                Sample::Indices { shape, .. } => (shape, None),
                Sample::Values(shape) => (shape, Some(inputs(4, shape.elements()))),
                Sample::Columns { .. } => (sample.shape(), None),
                other => panic!("{other:?} is new"),
            };
            let graph = Graph::new();
            let input = graph.input("x", Shape::new(&[&[4], &shape[..]].concat())).keep_gradient();
            let plan = graph.plan(layer.forward(input).square().mean(..)).unwrap();
            let (mut params, mut workspace, mut grads) =
                (plan.init(0).unwrap(), plan.workspace(), plan.grads());
            x.into_iter().for_each(|x| workspace.set(input, x.values()).unwrap());
            let mut step = || {
                plan.forward(&params, &mut workspace);
                plan.backward(&params, &mut workspace, &mut grads);
                plan.update_statistics(&mut params, &workspace);
            };
            step();
            let before = count();
            step();
            assert_eq!(count() - before, 0, "{} of {sample:?}", layer.kind());
        }
    }
}

#[test]
fn predictions_of_a_model_and_of_a_network_with_preprocessing() {
    let model = Sequential::new().linear(20, 32).relu().batch_norm().linear(32, 10);
    let params = model.init([20], 0).unwrap();
    let mut predictor = Predictor::new(&model);
    let batches = [1, 16, 7].map(|samples| inputs(samples, 20));
    let mut calls = || {
        batches.iter().for_each(|batch| {
            predictor.predict(&params, batch).unwrap();
        });
        count()
    };
    assert_eq!(calls(), calls());
    assert_eq!(predictor.plans(), 3);

    let recipe = Recipe {
        hidden: vec![8],
        epochs: 1,
        scale_inputs: Scaling::Standard,
        drop_constant_inputs: true,
        ..Recipe::default()
    };
    let run = recipe.run(&classes(64, 20), None, &mut []).unwrap();
    let mut predictor = run.network.predictor();
    let mut calls = || {
        batches.iter().for_each(|batch| {
            predictor.predict(batch).unwrap();
            predictor.probabilities(batch).unwrap();
            predictor.classes(batch).unwrap();
        });
        count()
    };
    assert_eq!(calls(), calls());
    assert_eq!(predictor.plans(), 3);
}

#[test]
fn another_thread_allocates_its_packing_buffers_once() {
    let model = Sequential::new().linear(784, 256).relu().linear(256, 10);
    let mut training = Training::new(&model, &CrossEntropy, &classes(32, 784), Sgd::new(0.1));
    // So that all parts of a product are this thread's.
    training.workspace.on(Arc::new(Pool::new(1)));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let before = count();
            training.step();
            assert_eq!(count() - before, 2, "one buffer for each factor");
            assert_steps_allocate_nothing(training);
        });
    });
}

/// Notes the counter after each batch, in room that it has made beforehand.
#[derive(Debug, Default)]
struct Snapshots {
    after_batch: Vec<(usize, u64)>,
}

impl Callback for Snapshots {
    fn start(&mut self, plan: &FitPlan) {
        self.after_batch = Vec::with_capacity(plan.epochs * plan.batches);
    }
    fn batch_end(&mut self, batch: &BatchEnd) {
        self.after_batch.push((batch.epoch, count()));
    }
}

/// The allocations of a whole training, and those between the ends of two batches of one epoch.
fn fit(samples: usize, loss: &CrossEntropy) -> (u64, Vec<u64>) {
    let model = Sequential::new().linear(20, 16).batch_norm().prelu().dropout(0.1).linear(16, 10);
    let mut params = model.init([20], 0).unwrap();
    let (train, validation) = (classes(samples, 20), classes(50, 20));
    let mut snapshots = Snapshots::default();
    let mut batches = 0;
    let all = {
        let mut trainer = Trainer::new(&model, loss, Adam::new(0.01))
            .epochs(3)
            .batch_size(16)
            .groups([
                Group::new("*.bias").learning_rate(0.5).weight_decay(0.1),
                Group::new("2.*").frozen(),
            ])
            .penalty(Penalty { l1: 1e-4, ..Penalty::l2(1e-4) }.on("*.weight"))
            .constraint("*.weight", MaxNorm { max_norm: 2.0 })
            .accumulate(2)
            .schedule(LinearWarmup::new(3).then(Cosine::new(100)))
            .schedule_by(Interval::Step)
            .reduce_on_plateau(ReduceOnPlateau::default(), Monitor::loss())
            .callback(WeightAverage::new(0.9))
            .rule(ClipNorm { max_norm: 1.0 })
            .rule(ClipValue { max_value: 0.1 })
            .metric(Accuracy::new())
            .callback(EarlyStopping::new(Monitor::loss(), 5))
            .callback(BestWeights::new(Monitor::highest("accuracy")))
            .callback(Progress::new(|event| {
                batches += usize::from(matches!(event, ProgressEvent::Batch(_)))
            }))
            .callback(&mut snapshots);
        let before = count();
        trainer.fit(&mut params, &train, Some(&validation)).unwrap();
        count() - before
    };
    assert_eq!(batches, 3 * samples.div_ceil(16));
    assert_eq!(snapshots.after_batch.len(), batches);
    let pairs = snapshots.after_batch.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    (all, pairs.map(|pair| pair[1].1 - pair[0].1).collect())
}

#[test]
fn batches_of_a_training_allocate_nothing_with_metrics_rules_and_callbacks() {
    // Also where the loss states what its mean divides by, and ignores samples.
    let weights = (1..=10).map(f64::from).collect();
    let weighted = CrossEntropy { weights, ignore_index: Some(0.0), ..CrossEntropy };
    for loss in [&CrossEntropy, &weighted] {
        fit(40, loss);
        for samples in [40, 72, 424] {
            let (_, between) = fit(samples, loss);
            assert_eq!(between.len(), 3 * (samples.div_ceil(16) - 1));
            assert!(between.iter().all(|&count| count == 0), "{samples} samples: {between:?}");
        }
    }
}

#[test]
fn what_a_training_allocates_does_not_depend_on_the_number_of_batches() {
    fit(40, &CrossEntropy);
    // All leave a last batch of 8 samples, so that there are as many plans.
    let [few, many, most] = [40, 168, 1000].map(|samples| fit(samples, &CrossEntropy).0);
    assert!(few > 0);
    assert_eq!(few, many);
    assert_eq!(few, most);
}

#[test]
fn every_metric_once_it_has_seen_as_much() {
    let targets = |kind| match kind {
        TargetKind::Classes => Tensor::from_fn([12], |i| (i % 3) as f32),
        _ => Tensor::from_fn([12, 3], |i| f32::from(u8::from(i % 4 == 0))),
    };
    let kinds =
        [TargetKind::Classes, TargetKind::Probabilities, TargetKind::Labels, TargetKind::Values];
    for (mut metric, kind) in all::<f32>().into_iter().flat_map(|metric| {
        let again = move || by_name::<f32>(metric.name()).unwrap();
        kinds
            .into_iter()
            .map(move |kind| (again(), kind))
            .filter(|(metric, kind)| metric.accepts(*kind))
    }) {
        let (outputs, targets) = (inputs(12, 3), targets(kind));
        metric.prepare(kind).unwrap();
        metric.update(outputs.view(), targets.view());
        metric.reset();
        let before = count();
        metric.update(outputs.view(), targets.view());
        assert_eq!(count() - before, 0, "{}", metric.name());
    }
}
