//! The time of one step of training through the public API: one line for each work,
//! `library<TAB>work<TAB>threads<TAB>median microseconds`.
//!
//! It trains for real: the loss must fall. With several numbers of threads, and with `--hand` with
//! hand-written loops on the same kernels, all are measured in turn. A machine that changes its
//! speed then changes all alike.
//!
//! ```console
//! cargo run --release --example step_times -- --threads 1
//! cargo run --release --example step_times -- --threads 1,2 --hand
//! ```
//!
//! With `--precision fast` or `bf16` the large matrix products are less exact, and their lines are
//! of `chainrule-fast` or `chainrule-bf16`.
//!
//! With `--pause 1000` each run comes that many microseconds after the one before, as predictions
//! do that someone asks for now and then; the pause is not part of the time.

#[path = "../benches/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use chainrule::prelude::Precision;
use support::hand::Hand;
use support::{INFERENCES, Inference, TrainingStep, WORKS, median};

/// A training step, which gives the loss, or an inference, which gives the first output.
type Call = Box<dyn FnMut() -> f32>;

/// A contestant: its name, its number of threads, and one run of it.
type Contestant = (&'static str, usize, Call);

const HAND: &str = "hand-written loops";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value =
        |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let threads = value("--threads").map_or("1", String::as_str).split(',').map(str::parse);
    let threads = threads.collect::<Result<Vec<usize>, _>>()?;
    let seconds = value("--seconds").map_or(Ok(1.0), |s| s.parse())?;
    let pause = value("--pause").map_or(Ok(0), |s| s.parse())?;
    let name = value("--precision").map_or("f32", String::as_str);
    let precision = Precision::by_name(name)
        .ok_or_else(|| format!("--precision {name}: not f32, fast or bf16"))?;
    let pace = Pace { seconds, pause: Duration::from_micros(pause) };
    let wanted = |name: &str| value("--only").is_none_or(|only| only == name);
    let hand = arguments.iter().any(|argument| argument == "--hand");

    for work in WORKS.iter().filter(|work| wanted(work.name)) {
        let own = |threads| {
            let mut step = TrainingStep::new(work, threads).precision(precision);
            Box::new(move || step.step()) as Call
        };
        let by_hand = |threads| {
            let mut loops = Hand::new(work, threads);
            Box::new(move || loops.train()) as Call
        };
        let mut contestants = contestants(precision, &threads, own, hand.then_some(by_hand));
        let first: Vec<f32> = contestants.iter_mut().map(|(.., run)| run()).collect();
        measure(work.name, pace, &mut contestants);
        for ((name, threads, run), first) in contestants.iter_mut().zip(first) {
            let last = run();
            if last >= first {
                let what = format!("{}, {name} on {threads} threads", work.name);
                return Err(format!(
                    "{what}: the loss does not fall: {first} at first, {last} at last"
                )
                .into());
            }
        }
    }
    for work in INFERENCES.iter().filter(|work| wanted(work.name)) {
        let own = |threads| {
            let mut inference = Inference::new(work, threads).precision(precision);
            Box::new(move || inference.run()[0]) as Call
        };
        let by_hand = |threads| {
            let mut loops = Hand::new(work, threads);
            Box::new(move || loops.forward()[0]) as Call
        };
        measure(
            work.name,
            pace,
            &mut contestants(precision, &threads, own, hand.then_some(by_hand)),
        );
    }
    Ok(())
}

/// chainrule on each number of threads, with the hand-written loops behind it if they are wanted.
fn contestants(
    precision: Precision,
    threads: &[usize],
    own: impl Fn(usize) -> Call,
    by_hand: Option<impl Fn(usize) -> Call>,
) -> Vec<Contestant> {
    let own_name = match precision {
        Precision::F32 => "chainrule",
        Precision::Fast => "chainrule-fast",
        Precision::Bf16 => "chainrule-bf16",
    };
    let of = |&threads: &usize| {
        let loops = by_hand.as_ref().map(|by_hand| (HAND, threads, by_hand(threads)));
        [(own_name, threads, own(threads))].into_iter().chain(loops).collect::<Vec<_>>()
    };
    threads.iter().flat_map(of).collect()
}

#[derive(Clone, Copy)]
struct Pace {
    /// How long each contestant is measured.
    seconds: f64,
    /// How long to wait before each run, which is not measured.
    pause: Duration,
}

/// Prints the median of each, measured in turn in blocks of at least half a millisecond, ten times
/// that with pauses. Behind hand-written loops stands the ratio to them, and behind more threads
/// than at first the ratio to those. Each is the median of the ratios of neighbours.
fn measure(name: &str, Pace { seconds, pause }: Pace, contestants: &mut [Contestant]) {
    contestants[0].2();
    let once = Instant::now();
    contestants[0].2();
    let once = once.elapsed();
    let length = if pause.is_zero() { 5e-4 } else { 5e-3 };
    let block = (length / (once + pause).as_secs_f64()).ceil().clamp(1.0, 5000.0) as u32;
    let least = if once > Duration::from_millis(20) { 5 } else { 20 };
    let mut times: Vec<Vec<f64>> = contestants.iter().map(|_| Vec::new()).collect();
    let (begun, seconds) = (Instant::now(), seconds * contestants.len() as f64);
    while begun.elapsed().as_secs_f64() < seconds || times[0].len() < least {
        for ((.., run), times) in contestants.iter_mut().zip(&mut times) {
            // Each block begins as the one before it left off: with its own data in the cache and,
            // without pauses, its threads awake.
            run();
            let time = if pause.is_zero() {
                let start = Instant::now();
                (0..block).for_each(|_| _ = black_box(run()));
                start.elapsed()
            } else {
                (0..block).map(|_| time_after(pause, run)).sum()
            };
            times.push(time.as_secs_f64() / f64::from(block));
        }
    }
    let ratio = |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a / b).collect());
    for (i, (library, threads, _)) in contestants.iter().enumerate() {
        print!("{library}\t{name}\t{threads}\t{:.2}", 1e6 * median(times[i].clone()));
        if *library == HAND {
            print!("\tratio {:.3}", ratio(&times[i - 1], &times[i]));
        } else if i > 0 {
            print!("\tagainst {} {:.3}", contestants[0].1, ratio(&times[i], &times[0]));
        }
        println!();
    }
}

/// The time of a run after a pause in which this thread is busy with something else.
fn time_after(pause: Duration, run: &mut Call) -> Duration {
    let begun = Instant::now();
    while begun.elapsed() < pause {
        std::hint::spin_loop();
    }
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}
