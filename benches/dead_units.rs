//! Asks if steps take longer once units have died and their momentum shrinks: the median of steps
//! 4,001 to 5,000 of W2r against that of its first 500. Denormal numbers made it 4.0 on Sapphire
//! Rapids.

mod support;

use std::hint::black_box;
use std::time::Instant;

use support::{TrainingStep, WORKS, median};

fn main() {
    // `cargo bench -- --test` only shows that it runs.
    let shown = std::env::args().any(|argument| argument == "--test");
    let [early, steps] = if shown { [10, 20] } else { [500, 5000] };
    let late = steps - steps / 5;
    for work in WORKS.iter().filter(|work| work.name.starts_with("W2")) {
        let mut step = TrainingStep::new(work, 1);
        let times: Vec<f64> = (0..steps)
            .map(|_| {
                let start = Instant::now();
                black_box(step.step());
                1e6 * start.elapsed().as_secs_f64()
            })
            .collect();
        let [first, last] = [&times[..early], &times[late..]].map(|times| median(times.to_vec()));
        let ratio = last / first;
        println!(
            "{}: {first:.2} us at first, {last:.2} us from step {} on, ratio {ratio:.3}",
            work.name,
            late + 1
        );
    }
}
