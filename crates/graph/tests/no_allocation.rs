//! Replaying a plan allocates nothing.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use chainrule_graph::{Graph, Var, on_forward};
use chainrule_tensor::Tensor;
use common::{Random, Session, Tanh};

/// The system's allocator, with a count of what it is asked for.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises about `pointer`, `layout` and `size` are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The allocations in ten training steps and as many watched ones, after two to warm up. The matrix
/// product keeps buffers for each thread, which it allocates at its first product.
fn allocations<'g>(graph: &'g Graph<f32>, x: Var<'g>, loss: Var<'g>) -> u64 {
    let batches: Vec<_> = (0..3).map(|seed| Random(seed).tensor::<f32>(x.shape())).collect();
    let x = x.id();
    let mut run = Session::new(graph.plan(loss).unwrap());
    let mut step = |batch: &Tensor<f32>| {
        run.workspace.set(x, batch.values()).unwrap();
        run.plan.forward(&run.params, &mut run.workspace);
        run.plan.backward(&run.params, &mut run.workspace, &mut run.grads);
        run.plan.backward_add(&run.params, &mut run.workspace, &mut run.grads);
        let mut steps = 0;
        run.plan.forward_watched(&run.params, &mut run.workspace, &mut on_forward(|_| steps += 1));
        assert!(steps > 0 && run.workspace.value(loss).values()[0].is_finite());
    };
    step(&batches[0]);
    step(&batches[1]);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for i in 0..10 {
        step(&batches[i % 3]);
    }
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// One test, since the count is of the whole process.
#[test]
fn replaying_allocates_nothing() {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    drop(std::hint::black_box(vec![1_u8]));
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before, "the allocator counts");

    let graph = Graph::new();
    let x = graph.input("x", [6, 4]).keep_gradient();
    let loss = everything_but_products(&graph, x);
    assert_eq!(allocations(&graph, x, loss), 0, "element-wise operations, reductions and moves");

    let graph = Graph::new();
    let x = graph.input("x", [32, 64]).keep_gradient();
    let loss = perceptron(&graph, x);
    assert_eq!(allocations(&graph, x, loss), 0, "a training step");
}

fn everything_but_products<'g>(graph: &'g Graph<f32>, x: Var<'g>) -> Var<'g> {
    let w = graph.param("w", [4], 0.3).keep();
    let indices = graph.constant(&Tensor::from(vec![5.0, 0.0]));
    let y = (x + w) * w - x / (w * w + 1.0);
    let y = y.maximum(x).minimum(x.square()).map(Tanh).keep_gradient();
    let y = y - y.log_sum_exp(1).reshape([6, 1]);
    let y = y.greater(x).select(y.transpose().permute(&[1, 0]), x.detach());
    let y = graph.concat(0, &[y.slice_rows(..3), y.slice(0, 3..)]).clamp(-9.0, 9.0);
    let ends = (y.max(0) + y.min(0) + y.mean(0)).exp();
    ends.sum(..) + y.gather_rows(indices).flatten().square().sum(..) + y.argmax(1).sum(..)
}

/// Two hidden layers, the second without a bias, and a loss on the first class.
fn perceptron<'g>(graph: &'g Graph<f32>, x: Var<'g>) -> Var<'g> {
    let hidden =
        x.affine(graph.param("w0", [64, 64], 0.01), graph.param("b0", [64], 0.1)).map(Tanh);
    let hidden = hidden.matmul(graph.param("w1", [64, 64], 0.01)).map(Tanh);
    let logits = hidden.affine(graph.param("w2", [64, 10], 0.01), graph.param("b2", [10], 0.1));
    (logits.log_sum_exp(1) - logits.slice(1, ..1).reshape([32])).mean(..)
}
