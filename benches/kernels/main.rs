//! Every kernel beside the matrix product, against plain loops or the standard library's functions.
//!
//! The plain loops are what one writes without thinking of speed, compiled as any crate is: for the
//! baseline of x86-64.

mod elementwise;
mod gather;
mod loss;
mod optimizer;
mod reduce;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets =
        elementwise::functions,
        elementwise::bias_and_activation,
        elementwise::transposition,
        loss::softmax_cross_entropy,
        reduce::reductions,
        optimizer::steps,
        gather::batches,
}
criterion_main!(benches);
