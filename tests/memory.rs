//! The memory that training a large network takes: little more than weights, gradient and
//! activations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chainrule::prelude::*;
use chainrule::train::optimizer::State;

/// The system's allocator, with a count of the bytes in use and of the most there ever were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_large_network_takes_little_more_than_weights_gradient_and_activations() {
    let (batch, widths) = (256, [1024, 2048, 2048, 2048, 1000]);
    let before = IN_USE.load(Ordering::Relaxed);

    let mut model = Sequential::new();
    for (i, pair) in widths.windows(2).enumerate() {
        model = if i == 0 { model } else { model.relu() };
        model = model.linear(pair[0], pair[1]);
    }
    let graph = Graph::new();
    let (x, y) = (graph.input("x", [batch, widths[0]]), graph.class_input("y", batch, widths[4]));
    let plan = graph.plan(CrossEntropy.forward(model.forward(x), y, Reduction::Mean)).unwrap();
    let mut params = plan.init(0).unwrap();
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    let sgd = Sgd::new(0.01);
    let mut state = State::new(&sgd, &params);
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    state.step(&sgd, params.values_mut(), grads.values());

    let taken = MOST.load(Ordering::Relaxed) - before;
    let needed = size_of::<f32>() * (2 * params.count() + batch * widths.iter().sum::<usize>());
    let ratio = taken as f64 / needed as f64;
    assert!(ratio < 1.3, "{taken} bytes for {needed}: {ratio:.2}");
    assert!(ratio > 1.0, "less than everything cannot be: the allocator does not count");
}
