//! The common ground of the peers written in Rust: the works, the data, the clock. `measure.py`
//! says the same for Python.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq)]
pub enum Optimizer {
    Sgd,
    Momentum,
    Adam,
    /// One sample through the network, nothing learned.
    Inference,
}

pub struct Work {
    pub name: &'static str,
    pub widths: &'static [usize],
    #[allow(dead_code)] // dfdx says it in the type
    pub sigmoid: bool,
    pub batch: usize,
    pub optimizer: Optimizer,
}

pub const LEARNING_RATE: f64 = 0.01;
pub const ADAM_LEARNING_RATE: f64 = 1e-3;

pub const SMALL: &[usize] = &[64, 64, 10];
pub const DEEP: &[usize] = &[64, 64, 64, 64, 64, 64, 64, 64, 64, 10];
pub const DIGITS: &[usize] = &[784, 512, 256, 10];
pub const LARGE: &[usize] = &[1024, 2048, 2048, 2048, 1000];

pub const WORKS: [Work; 7] = [
    Work { name: "W1", widths: SMALL, sigmoid: false, batch: 32, optimizer: Optimizer::Sgd },
    Work { name: "W2s", widths: DEEP, sigmoid: true, batch: 32, optimizer: Optimizer::Momentum },
    Work { name: "W2r", widths: DEEP, sigmoid: false, batch: 32, optimizer: Optimizer::Momentum },
    Work { name: "W3", widths: DIGITS, sigmoid: false, batch: 128, optimizer: Optimizer::Adam },
    Work { name: "W4", widths: LARGE, sigmoid: false, batch: 256, optimizer: Optimizer::Sgd },
    Work { name: "W5a", widths: SMALL, sigmoid: false, batch: 1, optimizer: Optimizer::Inference },
    Work { name: "W5b", widths: DIGITS, sigmoid: false, batch: 1, optimizer: Optimizer::Inference },
];

impl Work {
    pub fn features(&self) -> usize {
        self.widths[0]
    }

    pub fn classes(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// `[batch, features]`, row-major, about standard normal.
    pub fn samples(&self) -> Vec<f32> {
        let mut state = 1u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        (0..self.batch * self.features())
            .map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
            .collect()
    }

    pub fn labels(&self) -> Vec<usize> {
        (0..self.batch).map(|i| i * 7 % self.classes()).collect()
    }
}

/// `--threads N [--works W1,W3] [--seconds S]`.
pub struct Options {
    pub threads: usize,
    pub seconds: f64,
    works: Option<String>,
}

impl Options {
    pub fn read() -> Options {
        let arguments: Vec<String> = std::env::args().collect();
        let after =
            |flag: &str| arguments.iter().position(|a| a == flag).map(|i| arguments[i + 1].clone());
        Options {
            threads: after("--threads").map_or(1, |n| n.parse().expect("a number")),
            seconds: after("--seconds").map_or(1.0, |s| s.parse().expect("a number")),
            works: after("--works"),
        }
    }

    pub fn works(&self) -> impl Iterator<Item = &'static Work> {
        WORKS.iter().filter(|work| {
            self.works.as_ref().is_none_or(|names| names.split(',').any(|n| n == work.name))
        })
    }
}

/// Times `step`, which gives the loss before its update, or in inference any value of the output,
/// and prints the line.
pub fn report(library: &str, work: &Work, options: &Options, mut step: impl FnMut() -> f32) {
    let first = step();
    let once = time(&mut step, 1);
    let warm = Instant::now();
    while warm.elapsed().as_secs_f64() < options.seconds / 3.0 {
        step();
    }
    let steps = ((1e-3 / once.as_secs_f64()) as u32).clamp(1, 10_000);
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed().as_secs_f64() < options.seconds || times.len() < 5 {
        times.push(time(&mut step, steps).as_secs_f64() / f64::from(steps));
    }
    let last = step();
    let name = work.name;
    if work.optimizer != Optimizer::Inference && (last.is_nan() || last >= first) {
        eprintln!("{library} {name}: the loss does not fall: {first} at first, {last} at last");
        std::process::exit(1);
    }
    times.sort_by(f64::total_cmp);
    println!("{library}\t{name}\t{}\t{:.3}", options.threads, times[times.len() / 2] * 1e6);
}

fn time(step: &mut impl FnMut() -> f32, steps: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..steps {
        std::hint::black_box(step());
    }
    start.elapsed()
}
