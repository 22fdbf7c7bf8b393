//! How the cost of a training step grows with depth, batch and number of parameters, and that of
//! planning with depth.
//!
//! Prints `axis<TAB>size<TAB>work<TAB>median microseconds<TAB>microseconds on the line<TAB>ratio`,
//! and draws a picture of each axis. The line is `a + b work` with `a >= 0` (`line.rs`). The sizes
//! are measured in turn, in many rounds, so that no drift of the machine bends the line. Samples
//! taken while the processor ran at another speed than it mostly does are left out.
//!
//! A step is forward propagation, softmax cross-entropy, backpropagation and plain gradient
//! descent, on one thread.
//!
//! With `--hand`, hand-written loops are measured in turn with the networks, for what bends their
//! line too: they have a line of their own.
//!
//! ```console
//! cargo run --release --example scaling -- --seconds 10 --folder target/scaling
//! cargo run --release --example scaling -- --only depth --hand
//! ```

mod line;
mod plot;
#[path = "../../benches/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use chainrule::nn::init::He;
use chainrule::prelude::*;
use line::Line;
use support::hand::Hand;
use support::{Hidden, RATE, Rule, TrainingStep, Work, median};

/// The quantity that grows, with everything else held still.
struct Axis {
    name: &'static str,
    /// The quantities that are held still.
    setting: &'static str,
    /// The work that the line is fitted over.
    work: &'static str,
    points: Vec<Point>,
}

struct Point {
    size: usize,
    /// The size in the unit of the line.
    work: f64,
    run: Call,
    /// Seconds, with the seconds that [`tick`] took beside them.
    samples: Vec<[f64; 2]>,
}

type Call = Box<dyn FnMut()>;

/// Makes a network of this width and number of layers, for so many samples and threads, ready for
/// training steps.
type Network = fn(usize, usize, usize, usize) -> Call;

/// A point as it is reported.
struct Measured {
    size: usize,
    work: f64,
    microseconds: f64,
}

const CLASSES: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value =
        |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let seconds: f64 = value("--seconds").map_or(Ok(5.0), |text| text.parse())?;
    let threads: usize = value("--threads").map_or(Ok(1), |text| text.parse())?;
    let folder = Path::new(value("--folder").map_or("target/scaling", String::as_str));
    std::fs::create_dir_all(folder)?;
    let wanted = |name: &str| value("--only").is_none_or(|only| only == name);
    let hand = arguments.iter().any(|argument| argument == "--hand");

    println!("axis\tsize\twork\tmicroseconds\tline\tratio");
    for (name, axis) in [
        ("depth", depth as fn(Network, usize) -> Axis),
        ("batch", batch),
        ("batch, wide", batch_wide),
        ("parameters", parameters),
        ("planning", planning),
    ] {
        if !wanted(name) {
            continue;
        }
        let mut own = axis(network, threads);
        // The loops plan nothing.
        let mut by_hand = (hand && name != "planning").then(|| axis(loops, threads));
        let points =
            own.points.iter_mut().chain(by_hand.iter_mut().flat_map(|axis| &mut axis.points));
        let usual = measure(points.collect(), Duration::from_secs_f64(seconds));
        let (points, line) = report(name, &own, usual);
        plot::save(folder, &own, &points, line)?;
        if let Some(by_hand) = by_hand {
            report(&format!("{name}, by hand"), &by_hand, usual);
        }
    }
    println!("# drawn in {}", folder.display());
    Ok(())
}

/// Prints the points of an axis beside the line through them.
fn report(name: &str, axis: &Axis, usual: f64) -> (Vec<Measured>, Line) {
    let points = medians(&axis.points, usual);
    let line =
        Line::fit(&points.iter().map(|point| (point.work, point.microseconds)).collect::<Vec<_>>());
    for Measured { size, work, microseconds } in &points {
        let expected = line.at(*work);
        println!(
            "{name}\t{size}\t{work}\t{microseconds:.3}\t{expected:.3}\t{:.3}",
            microseconds / expected
        );
    }
    println!(
        "# {name}: {:.3} + {:.6} {} microseconds; {}",
        line.constant, line.slope, axis.work, axis.setting
    );
    (points, line)
}

// Every size is in turn with all others, so that all networks of an axis are there at the same
// time.
fn depth(network: Network, threads: usize) -> Axis {
    let run = |layers: usize| network(64, layers, 32, threads);
    let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    Axis {
        name: "Depth",
        setting: "64 units in each layer, 32 samples in a batch",
        work: "hidden layers",
        points: sizes.map(|size| Point::new(size, size as f64, run(size))).into(),
    }
}

fn batch(network: Network, threads: usize) -> Axis {
    let run = |samples: usize| network(64, 4, samples, threads);
    let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    Axis {
        name: "Batch",
        setting: "4 hidden layers of 64 units",
        work: "samples",
        points: sizes.map(|size| Point::new(size, size as f64, run(size))).into(),
    }
}

fn batch_wide(network: Network, threads: usize) -> Axis {
    let run = |samples: usize| network(512, 2, samples, threads);
    let sizes = [1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 512];
    Axis {
        name: "Batch",
        setting: "2 hidden layers of 512 units",
        work: "samples",
        points: sizes.map(|size| Point::new(size, size as f64, run(size))).into(),
    }
}

fn parameters(network: Network, threads: usize) -> Axis {
    let run = |width: usize| network(width, 2, 64, threads);
    let sizes = [16, 32, 64, 128, 256, 512, 1024, 2048];
    // Features, two hidden layers of the same width, classes.
    let count = |width: usize| 2 * width * (width + 1) + CLASSES * (width + 1);
    Axis {
        name: "Parameters",
        setting: "2 hidden layers, as wide as the input; 64 samples in a batch",
        work: "parameters",
        points: sizes.map(|width| Point::new(width, count(width) as f64, run(width))).into(),
    }
}

fn planning(_: Network, _: usize) -> Axis {
    let run = |layers: usize| -> Call {
        let model = model(64, layers);
        Box::new(move || {
            let graph = Graph::new();
            let (x, y) = (graph.input("x", [32, 64]), graph.class_input("y", 32, CLASSES));
            let loss = CrossEntropy.forward(model.forward(x), y, Reduction::Mean);
            black_box(graph.plan(loss).expect("the model is sound"));
        })
    };
    let sizes = [1, 4, 16, 64, 256, 1024, 4096];
    Axis {
        name: "Planning",
        setting: "recording and planning, 64 units in each layer",
        work: "hidden layers",
        points: sizes.map(|size| Point::new(size, size as f64, run(size))).into(),
    }
}

/// He's initialisation keeps gradients at their size through any number of layers: with the default
/// one they vanish until they are denormal numbers, which take longer than others.
fn model(width: usize, layers: usize) -> Sequential {
    let linear = |outputs| Linear::new(width, outputs).weight_init(He::normal());
    (0..layers)
        .fold(Sequential::new(), |model, _| model.layer(linear(width)).relu())
        .layer(linear(CLASSES))
}

fn network(width: usize, layers: usize, samples: usize, threads: usize) -> Call {
    let data = support::data(samples, width, CLASSES);
    let optimizer = Box::new(Sgd::new(rate(layers)));
    let mut step =
        TrainingStep::of(&model(width, layers), optimizer, data, [width, CLASSES], threads);
    Box::new(move || assert!(black_box(step.step()).is_finite(), "the training went astray"))
}

fn loops(width: usize, layers: usize, samples: usize, threads: usize) -> Call {
    let mut widths = vec![width; layers + 1];
    widths.push(CLASSES);
    // The description of a work lives as long as the program.
    let (activation, rule) = (Hidden::Relu, Rule::Sgd);
    let work = Work {
        name: "loops",
        widths: widths.leak(),
        activation,
        batch: samples,
        rule,
        rate: rate(layers),
    };
    let mut hand = Hand::new(&work, threads);
    Box::new(move || assert!(black_box(hand.train()).is_finite(), "the loops went astray"))
}

/// A learning rate at which the deepest networks stay finite.
fn rate(layers: usize) -> f64 {
    RATE / layers as f64
}

impl Point {
    fn new(size: usize, work: f64, run: Call) -> Point {
        Point { size, work, run, samples: Vec::new() }
    }

    fn sample(&mut self) {
        // Each block begins as the one before it left off: with its own data in the cache.
        (self.run)();
        let (before, waited, start) = (tick(), waiting(), Instant::now());
        let mut runs = 0;
        while runs == 0 || start.elapsed() < Duration::from_micros(400) {
            (self.run)();
            runs += 1;
        }
        let elapsed = start.elapsed().as_secs_f64();
        let seconds = (elapsed - (waiting() - waited)) / f64::from(runs);
        let after = tick();
        // Where the speed changed on the way, the sample belongs to neither.
        if (before / after - 1.0).abs() < 0.05 {
            self.samples.push([seconds, before.min(after)]);
        }
    }
}

/// Rounds over all points for this long, but at least seven; gives the usual [`tick`] of all of
/// them.
fn measure(mut points: Vec<&mut Point>, time: Duration) -> f64 {
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < 7 || start.elapsed() < time {
        points.iter_mut().for_each(|point| point.sample());
        rounds += 1;
    }
    median(points.iter().flat_map(|point| &point.samples).map(|[_, tick]| *tick).collect())
}

/// The medians of the samples that were taken at the usual speed of the processor.
fn medians(points: &[Point], usual: f64) -> Vec<Measured> {
    let of = |point: &Point| {
        let at_usual_speed =
            point.samples.iter().filter(|[_, tick]| (tick / usual - 1.0).abs() < 0.05);
        let microseconds = 1e6 * median(at_usual_speed.map(|[seconds, _]| *seconds).collect());
        Measured { size: point.size, work: point.work, microseconds }
    };
    points.iter().map(of).collect()
}

/// The seconds that this thread has waited so far for a processor that another program had, where
/// the system tells. A long step is interrupted more often than a short one, which would bend the
/// line.
fn waiting() -> f64 {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status.split_whitespace().nth(1).and_then(|text| text.parse().ok());
    nanoseconds.map_or(0.0, |nanoseconds: f64| nanoseconds * 1e-9)
}

/// The seconds that a chain of multiplications takes, each of which waits for the one before it: a
/// fixed number of cycles, whatever else is in the caches. The best of a few, so that an
/// interruption does not count.
fn tick() -> f64 {
    let chain = || {
        let start = Instant::now();
        let end = (0..5_000).fold(black_box(1.0_f64), |x, _| black_box(x * 0.999_999));
        black_box(end);
        start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| chain()).fold(f64::INFINITY, f64::min)
}
