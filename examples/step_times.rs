//! What one step of training costs through the public API: one line for each work,
//! `library<TAB>work<TAB>threads<TAB>median microseconds`.
//!
//! It trains for real: the loss must fall. With `--hand`, hand-written loops on the same kernels are measured in turn
//! with it.
//!
//! ```console
//! cargo run --release --example step_times -- --threads 1
//! ```

#[path = "../benches/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::hand::Hand;
use support::{INFERENCES, Inference, Step, WORKS};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let threads = value("--threads").map_or(Ok(1), |n| n.parse())?;
    let seconds = value("--seconds").map_or(Ok(1.0), |s| s.parse())?;
    let wanted = |name: &str| value("--only").is_none_or(|only| only == name);
    let hand = arguments.iter().any(|argument| argument == "--hand");

    for work in WORKS.iter().filter(|work| wanted(work.name)) {
        let (mut step, mut loops) = (Step::new(work, threads), hand.then(|| Hand::new(work, threads)));
        let first = step.step();
        let mut last = first;
        let mut by_hand = loops.as_mut().map(|loops| || _ = loops.train());
        let other = by_hand.as_mut().map(|run| run as &mut dyn FnMut());
        measure(work.name, threads, seconds, &mut || last = step.step(), other);
        if last >= first {
            return Err(format!("{}: the loss does not fall: {first} at first, {last} at last", work.name).into());
        }
    }
    for work in INFERENCES.iter().filter(|work| wanted(work.name)) {
        let (mut inference, mut loops) = (Inference::new(work, threads), hand.then(|| Hand::new(work, threads)));
        let mut by_hand = loops.as_mut().map(|loops| || _ = std::hint::black_box(loops.forward()));
        let other = by_hand.as_mut().map(|run| run as &mut dyn FnMut());
        measure(work.name, threads, seconds, &mut || _ = std::hint::black_box(inference.run()), other);
    }
    Ok(())
}

/// Prints the median of each, measured in turn in blocks of at least 100 microseconds.
fn measure(name: &str, threads: usize, seconds: f64, run: &mut dyn FnMut(), mut other: Option<&mut dyn FnMut()>) {
    let mut times: [Vec<f64>; 2] = Default::default();
    run();
    let once = Instant::now();
    run();
    let block = (1e-4 / once.elapsed().as_secs_f64()).ceil().clamp(1.0, 1000.0) as u32;
    let begun = Instant::now();
    let least = if once.elapsed() > Duration::from_millis(20) { 5 } else { 20 };
    while begun.elapsed().as_secs_f64() < seconds || times[0].len() < least {
        times[0].push(timed(block, run));
        if let Some(other) = &mut other {
            times[1].push(timed(block, *other));
        }
    }
    let [own, hand] = times.map(median);
    println!("chainrule\t{name}\t{threads}\t{:.2}", own * 1e6);
    if other.is_some() {
        println!("hand-written loops\t{name}\t{threads}\t{:.2}\tratio {:.3}", hand * 1e6, own / hand);
    }
}

fn timed(block: u32, run: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..block).for_each(|_| run());
    start.elapsed().as_secs_f64() / f64::from(block)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
