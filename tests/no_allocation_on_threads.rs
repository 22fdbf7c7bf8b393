//! After the workspace is made, training allocates nothing on any thread, also where products and
//! updates are shared among the threads of a pool.
//!
//! This is a program without the test harness, whose own threads would be counted as well: here are
//! the main thread and the pool's.

mod support;

use std::sync::{Arc, Barrier};

use chainrule::prelude::*;
use chainrule::tensor::gemm::{Mat, MatMut, Precision, Put, gemm_on};
use chainrule::tensor::parallel::Pool;
use chainrule::train::callback::{BatchEnd, Callback, FitPlan};
use support::counting::{of_process as count, of_thread};
use support::training::{Training, classes};

const THREADS: usize = 2;

/// Of each thread, for packing: one for each factor of a product.
const BUFFERS: u64 = 2;

fn main() {
    let pool = Arc::new(Pool::new(THREADS));
    // Asked for once, by the first buffer of a process, which reads files.
    let _ = chainrule::tensor::memory::available();
    the_counter_counts_every_thread(&pool);
    shared_products(&pool);
    steps_with_shared_products_and_updates(&pool);
    inference_with_a_shared_row(&pool);
    batches_of_a_training();
}

fn the_counter_counts_every_thread(pool: &Pool) {
    let both = Barrier::new(THREADS);
    let (before, own) = (count(), of_thread());
    // No thread can take both parts, since each waits for the other.
    pool.run(THREADS, |_| {
        both.wait();
        drop(std::hint::black_box(vec![0_u8; 100]));
    });
    assert_eq!(count() - before, 2, "of both threads");
    assert_eq!(of_thread() - own, 1, "of this thread");
}

/// Each thread allocates its buffers for packing at its first product, and nothing from then on.
fn shared_products(pool: &Pool) {
    let (m, k, n) = (128, 784, 512);
    let (a, b, mut c) = (vec![0.5_f32; m * k], vec![0.25; k * n], vec![0.0; m * n]);
    let both = Barrier::new(THREADS);
    let mut product = || {
        let before = count();
        let c = MatMut::new(&mut c, m, n);
        gemm_on(
            pool,
            Precision::F32,
            Put::Set,
            c,
            Mat::new(&a, m, k),
            Mat::new(&b, k, n),
            |_, _| _ = both.wait(),
        );
        count() - before
    };
    assert_eq!(product(), BUFFERS * THREADS as u64);
    for _ in 0..3 {
        assert_eq!(product(), 0);
    }
}

fn steps_with_shared_products_and_updates(pool: &Arc<Pool>) {
    let model = Sequential::new().linear(784, 512).relu().linear(512, 256).prelu().linear(256, 10);
    let data = classes(128, 784);
    let optimizers: [Box<dyn Optimizer>; 2] =
        [Box::new(Adam::new(0.001)), Box::new(Sgd::new(0.01).momentum(0.9))];
    for optimizer in optimizers {
        let mut training = Training::new(&model, &CrossEntropy, &data, optimizer);
        training.workspace.on(Arc::clone(pool));
        training.state.on(Arc::clone(pool));
        training.step();
        let (before, first) = (count(), training.loss());
        for _ in 0..20 {
            training.step();
        }
        assert_eq!(count() - before, 0);
        assert!(training.loss() < first);
    }
}

fn inference_with_a_shared_row(pool: &Arc<Pool>) {
    let graph = Graph::new().evaluating();
    let x = graph.input("x", [1, 784]);
    let y = Sequential::new().linear(784, 512).sigmoid().linear(512, 256).forward(x);
    let plan = graph.plan_forward(&[y]).unwrap();
    let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
    workspace.on(Arc::clone(pool));
    plan.forward(&params, &mut workspace);
    let before = count();
    for _ in 0..20 {
        plan.forward(&params, &mut workspace);
    }
    assert_eq!(count() - before, 0);
    assert!(workspace.value(y).values().iter().all(|y| y.is_finite()));
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

fn batches_of_a_training() {
    let model = Sequential::new().linear(784, 512).relu().linear(512, 10);
    let mut params = model.init([784], 0).unwrap();
    let mut snapshots = Snapshots::default();
    Trainer::new(&model, CrossEntropy, Adam::new(0.001))
        .threads(THREADS)
        .epochs(4)
        .batch_size(128)
        .rule(ClipNorm { max_norm: 1.0 })
        .metric(Accuracy::new())
        .callback(&mut snapshots)
        .fit(&mut params, &classes(512, 784), None)
        .unwrap();
    // Whenever a thread that the first batch did without meets its first product.
    let pairs = snapshots.after_batch.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let between: Vec<u64> = pairs.map(|pair| pair[1].1 - pair[0].1).collect();
    assert_eq!(between.len(), 4 * 3);
    assert!(between.iter().sum::<u64>() <= BUFFERS * (THREADS as u64 - 1), "{between:?}");
}
