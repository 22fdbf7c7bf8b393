//! After the workspace is made, training allocates nothing.
//!
//! Allocations are counted per thread by the program's allocator. One buffer is counted apart: the matrix kernels pack
//! their operands into pages that they allocate at the first product on a thread and keep. They are the only
//! allocations here that are aligned to whole pages, which tells them apart.
//!
//! The fallback for other processors, nalgebra's product, allocates such a buffer at each call; there this promise does
//! not hold.
#![cfg(all(feature = "fast-gemm", target_arch = "x86_64"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Sub;

use chainrule::graph::NodeId;
use chainrule::nn::TargetKind;
use chainrule::prelude::*;
use chainrule::train::callback::{BatchEnd, Callback, FitPlan};
use chainrule::train::metric::{all, by_name};
use chainrule::train::optimizer::State;

const PAGE: usize = 4096;

/// How often this thread has allocated so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    /// Pages for packing.
    pages: u64,
    /// All else.
    others: u64,
}

impl Sub for Count {
    type Output = Count;
    fn sub(self, before: Count) -> Count {
        Count { pages: self.pages - before.pages, others: self.others - before.others }
    }
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { pages: 0, others: 0 }) };
}

fn count() -> Count {
    COUNT.get()
}

struct Counting;

impl Counting {
    fn note(layout: Layout) {
        let mut count = COUNT.get();
        if layout.align() >= PAGE {
            count.pages += 1;
        } else {
            count.others += 1;
        }
        COUNT.set(count);
    }
}

// SAFETY: every call goes to the system's allocator as it came; the counter is a plain number of the thread, without a
// destructor, that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A model with its loss, planned for batches of one size.
struct Training {
    plan: Plan,
    workspace: Workspace,
    params: Params,
    grads: Grads,
    optimizer: Box<dyn Optimizer>,
    state: State,
    loss: NodeId,
}

impl Training {
    fn new(model: &dyn Layer, loss: &dyn Loss, data: &Dataset, optimizer: impl Optimizer + 'static) -> Training {
        let graph = Graph::new();
        let x = graph.input("x", data.inputs().shape());
        let t = match data.targets() {
            Targets::Classes { classes, .. } => graph.class_input("t", data.len(), *classes),
            other => graph.input("t", other.shape(data.len())),
        };
        let loss = loss.forward(model.forward(x), t, Reduction::Mean);
        let plan = graph.plan(loss).unwrap();
        let mut workspace = plan.workspace();
        let [inputs, targets] = workspace.inputs_mut([x.id(), t.id()]);
        data.gather(&(0..data.len()).collect::<Vec<_>>(), inputs, targets);
        let params = plan.init(0).unwrap();
        let optimizer: Box<dyn Optimizer> = Box::new(optimizer);
        let state = State::new(optimizer.as_ref(), params.values().len());
        Training { workspace, params, grads: plan.grads(), optimizer, state, loss: loss.id(), plan }
    }

    fn step(&mut self) {
        self.plan.forward(&self.params, &mut self.workspace);
        self.plan.backward(&self.params, &mut self.workspace, &mut self.grads);
        self.state.step(self.optimizer.as_ref(), self.params.values_mut(), self.grads.values());
    }
}

fn inputs(samples: usize, features: usize) -> Tensor {
    Tensor::uniform([samples, features], -1.0..1.0, &mut generator(1)).unwrap()
}

fn classes(samples: usize, features: usize) -> Dataset {
    let indices = (0..samples).map(|i| (i % 10) as u32).collect();
    Dataset::new(inputs(samples, features), Targets::Classes { indices, classes: 10 }).unwrap()
}

#[track_caller]
fn assert_steps_allocate_nothing(mut training: Training) {
    training.step();
    let (before, steps) = (count(), training.state.steps());
    for _ in 0..3 {
        training.step();
    }
    assert_eq!(count() - before, Count::default());
    assert_eq!(training.state.steps(), steps + 3);
    assert!(training.workspace.value(training.loss).values()[0].is_finite());
}

#[test]
fn the_counter_counts() {
    let before = count();
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(count() - before, Count { pages: 0, others: 1 });
}

#[test]
fn a_small_network() {
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(32, 64), Sgd::new(0.1)));
}

#[test]
fn a_deep_network_with_momentum() {
    let hidden = (0..8).fold(Sequential::new(), |model, _| model.linear(64, 64).sigmoid());
    let sgd = Sgd::new(0.1).momentum(0.9);
    assert_steps_allocate_nothing(Training::new(&hidden.linear(64, 10), &CrossEntropy, &classes(32, 64), sgd));
}

#[test]
fn a_wide_network_with_adam() {
    let model = Sequential::new().linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
    assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(128, 784), Adam::new(0.001)));
}

#[test]
fn every_activation_and_every_loss() {
    for activation in chainrule::nn::activation::all::<f32>() {
        let model = Sequential::new().linear(7, 6).layer(activation).linear(6, 10);
        assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(5, 7), Adam::new(0.01)));
    }
    let model = Sequential::new().linear(7, 6).layer(PRelu::per_channel()).linear(6, 3);
    let zeros_and_ones = Tensor::from_fn([5, 3], |i| f32::from(u8::from(i % 2 == 0)));
    let targets = [Targets::Values, Targets::Labels, Targets::Probabilities].map(|kind| kind(zeros_and_ones.clone()));
    let losses: [&dyn Loss; 3] = [&MeanSquaredError, &BinaryCrossEntropy, &CrossEntropy];
    for (loss, targets) in losses.into_iter().zip(targets) {
        let data = Dataset::new(inputs(5, 7), targets).unwrap();
        assert_steps_allocate_nothing(Training::new(&model, loss, &data, Adam::new(0.01)));
    }
}

#[test]
fn another_thread_allocates_its_packing_pages_once() {
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    let mut training = Training::new(&model, &CrossEntropy, &classes(32, 64), Sgd::new(0.1));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let before = count();
            training.step();
            let first = count() - before;
            assert!(first.pages <= 1, "{first:?}");
            assert_steps_allocate_nothing(training);
        });
    });
}

/// Notes the counter after each batch, in room that it has made beforehand.
#[derive(Debug, Default)]
struct Snapshots {
    after_batch: Vec<(usize, Count)>,
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
fn fit(samples: usize) -> (Count, Vec<Count>) {
    let model = Sequential::new().linear(20, 16).prelu().linear(16, 10);
    let mut params = model.init([20], 0).unwrap();
    let (train, validation) = (classes(samples, 20), classes(50, 20));
    let mut snapshots = Snapshots::default();
    let mut batches = 0;
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(3)
        .batch_size(16)
        .rule(ClipNorm { max_norm: 1.0 })
        .rule(ClipValue { max_value: 0.1 })
        .metric(Accuracy::new())
        .callback(EarlyStopping::new(Monitor::loss(), 5))
        .callback(BestWeights::new(Monitor::highest("accuracy")))
        .callback(Progress::new(|event| batches += usize::from(matches!(event, ProgressEvent::Batch(_)))))
        .callback(&mut snapshots);
    let before = count();
    trainer.fit(&mut params, &train, Some(&validation)).unwrap();
    let all = count() - before;
    drop(trainer);
    assert_eq!(batches, 3 * samples.div_ceil(16));
    assert_eq!(snapshots.after_batch.len(), batches);
    let pairs = snapshots.after_batch.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    (all, pairs.map(|pair| pair[1].1 - pair[0].1).collect())
}

#[test]
fn batches_of_a_training_allocate_nothing_with_metrics_rules_and_callbacks() {
    fit(40);
    for samples in [40, 72, 424] {
        let (_, between) = fit(samples);
        assert_eq!(between.len(), 3 * (samples.div_ceil(16) - 1));
        assert!(between.iter().all(|&count| count == Count::default()), "{samples} samples: {between:?}");
    }
}

#[test]
fn what_a_training_allocates_does_not_depend_on_the_number_of_batches() {
    fit(40);
    // All leave a last batch of 8 samples, so that there are as many plans.
    let (few, many, most) = (fit(40).0, fit(168).0, fit(1000).0);
    assert!(few.others > 0);
    assert_eq!(few, many);
    assert_eq!(few, most);
}

#[test]
fn every_metric_once_it_has_seen_as_much() {
    let targets = |kind| match kind {
        TargetKind::Classes => Tensor::from_fn([12], |i| (i % 3) as f32),
        _ => Tensor::from_fn([12, 3], |i| f32::from(u8::from(i % 4 == 0))),
    };
    let kinds = [TargetKind::Classes, TargetKind::Probabilities, TargetKind::Labels, TargetKind::Values];
    for (mut metric, kind) in all::<f32>().into_iter().flat_map(|metric| {
        let again = move || by_name::<f32>(metric.name()).unwrap();
        kinds.into_iter().map(move |kind| (again(), kind)).filter(|(metric, kind)| metric.accepts(*kind))
    }) {
        let (outputs, targets) = (inputs(12, 3), targets(kind));
        metric.prepare(kind).unwrap();
        metric.update(outputs.view(), targets.view());
        metric.reset();
        let before = count();
        metric.update(outputs.view(), targets.view());
        assert_eq!(count() - before, Count::default(), "{}", metric.name());
    }
}
