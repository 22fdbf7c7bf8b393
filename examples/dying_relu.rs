//! Units that stop learning: behind a large negative bias, and after one step that is too large.
//!
//! A ReLU below zero for every sample has the derivative zero for every sample: no gradient will
//! move it. An activation with any slope there may come back: leaky, parametric and exponential
//! units, and all that merely saturate.
//!
//! For ever it is where nothing else moves the unit either: in the first layer, whose inputs are
//! the data, and where all units of a layer are off. In a later layer, among others that learn, a
//! few come back as the units before them move.
//!
//! To come back is not to learn. A layer of leaky or parametric units that are all below zero is a
//! straight line. It learns the best one, at which the gradient has nothing more to say, and mostly
//! stays near it. Exponential units bend.
//!
//! ```console
//! cargo run --release --example dying_relu
//! ```

mod support;

use chainrule::nn::{activation, config};
use chainrule::prelude::*;
use chainrule::train::callback::{Callback, EpochEnd, Flow};
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// Units in each hidden layer.
pub const UNITS: usize = 16;

/// The cause that switches units off.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    /// The bias that all units begin with.
    Bias(f64),
    /// One step of plain gradient descent with this learning rate, from an ordinary beginning.
    Step(f64),
    /// A second hidden layer, half of whose units begin with this bias.
    SecondLayer(f64),
}

/// The fate of the units.
#[derive(Clone, Debug)]
pub struct Course {
    /// How many units are below zero for every sample before training.
    pub off: usize,
    /// How many of those have been above zero for some sample since, after each epoch.
    pub back: Vec<usize>,
    /// How many units get a gradient of exactly zero from all data together, before training and
    /// after.
    pub dead: [usize; 2],
    /// The mean squared error of each epoch; 0.5 is that of a constant, 0.17 that of a straight
    /// line.
    pub losses: Vec<f64>,
}

/// `y = sin 3x` on 64 points, to be learned.
fn data() -> Result<Dataset<f64>, Error> {
    let x = Tensor::from_fn([64, 1], |i| i as f64 / 32.0 - 1.0);
    let y = x.map(|x| (3.0 * x).sin());
    Ok(Dataset::new(x, Targets::Values(y))?)
}

/// The model up to the layer in question, without and with what comes behind it.
fn models(name: &str, cause: Cause) -> Result<[Sequential<f64>; 2], config::ConfigError> {
    let bias = if let Cause::Bias(bias) = cause { bias } else { 0.0 };
    let up_to = || -> Result<Sequential<f64>, config::ConfigError> {
        let first = Sequential::default().layer(Linear::new(1, UNITS).bias_init(bias));
        match cause {
            Cause::SecondLayer(_) => {
                Ok(first.layer(activation::by_name(name)?).linear(UNITS, UNITS))
            }
            _ => Ok(first),
        }
    };
    Ok([up_to()?, up_to()?.layer(activation::by_name(name)?).linear(UNITS, 1)])
}

/// Trains units that were switched off, with Adam and batches of eight samples.
pub fn course(name: &str, cause: Cause, epochs: usize, seed: u64) -> Result<Course, Error> {
    let (data, [up_to, model]) = (data()?, models(name, cause)?);
    let mut params = model.init([1], seed)?;
    let mut bias = "0.bias";
    match cause {
        Cause::Bias(_) => {}
        Cause::Step(rate) => {
            let mut trainer =
                Trainer::new(&model, MeanSquaredError, Sgd::new(rate)).epochs(1).batch_size(64);
            trainer.fit(&mut params, &data, None)?;
        }
        Cause::SecondLayer(start) => {
            bias = "2.bias";
            params.get_mut(bias).ok_or("there is a bias")?[..UNITS / 2].fill(start);
        }
    }
    let before = dead(&model, bias, &params)?;
    let waiting = off(&up_to, &params, data.inputs())?;
    let first = waiting.iter().filter(|off| **off).count();
    let mut watch = Watch {
        up_to,
        inputs: data.inputs().clone(),
        waiting,
        left: Vec::new(),
        losses: Vec::new(),
    };
    let trainer = Trainer::new(&model, MeanSquaredError, Adam::new(0.05))
        .epochs(epochs)
        .batch_size(8)
        .seed(seed);
    trainer.callback(&mut watch).fit(&mut params, &data, None)?;
    let back = watch.left.iter().map(|left| first - left).collect();
    Ok(Course {
        off: first,
        back,
        dead: [before, dead(&model, bias, &params)?],
        losses: watch.losses,
    })
}

/// Which of the units that a model ends with are below zero for every sample.
fn off(
    up_to: &Sequential<f64>,
    params: &Params<f64>,
    inputs: &Tensor<f64>,
) -> Result<Vec<bool>, Error> {
    let inputs_of_units = up_to.predict(params, inputs)?;
    Ok((0..UNITS)
        .map(|unit| (0..64).all(|sample| inputs_of_units.row(sample)[unit] <= 0.0))
        .collect())
}

/// How many units get a gradient of exactly zero at their bias.
fn dead(model: &Sequential<f64>, bias: &str, params: &Params<f64>) -> Result<usize, Error> {
    let data = data()?;
    let graph = Graph::with_params(params);
    let prediction = model.forward(graph.constant(data.inputs()));
    let Targets::Values(y) = data.targets() else { unreachable!("the targets are values") };
    let plan =
        graph.plan(MeanSquaredError.forward(prediction, graph.constant(y), Reduction::Mean))?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(params, &mut workspace);
    plan.backward(params, &mut workspace, &mut grads);
    let gradient = grads.get(bias).ok_or("a bias without a gradient")?;
    Ok(gradient.values().iter().filter(|gradient| **gradient == 0.0).count())
}

/// Looks after each epoch which units still have to come back.
#[derive(Debug)]
struct Watch {
    up_to: Sequential<f64>,
    inputs: Tensor<f64>,
    waiting: Vec<bool>,
    left: Vec<usize>,
    losses: Vec<f64>,
}

impl Callback<f64> for Watch {
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f64>) -> Flow {
        let Ok(off) = off(&self.up_to, epoch.params, &self.inputs) else { return Flow::Stop };
        self.waiting.iter_mut().zip(off).for_each(|(waiting, off)| *waiting &= off);
        self.left.push(self.waiting.iter().filter(|waiting| **waiting).count());
        self.losses.push(epoch.record.train.loss);
        Flow::Continue
    }
}

/// The activations that are followed closely.
pub const NAMES: [&str; 4] = ["relu", "leaky_relu", "prelu", "elu"];

const SEEDS: u64 = 5;

fn main() -> Result<(), Error> {
    println!(
        "from a bias of -4: {UNITS} units, of which get no gradient before training, and after; \
         loss"
    );
    for known in
        activation::all::<f64>().iter().filter(|known| !known.for_outputs() && known.divisor() == 1)
    {
        let Course { dead: [before, after], losses, .. } =
            course(known.kind(), Cause::Bias(-4.0), 300, 0)?;
        println!("{:>12} {before:>3} {after:>3} {:>8.1e}", known.kind(), losses[299]);
    }
    let mut panels =
        support::Panels::new("Units below zero for every sample, and what becomes of them", 2);
    let mut loss =
        Curves::new("The loss after a bias of -4").labels("epoch", "mean squared error, median");
    let mut found = Vec::new();
    for (title, cause) in [
        ("Back after a bias of -4", Cause::Bias(-4.0)),
        ("Back after a step of rate 20", Cause::Step(20.0)),
        ("Back in a second layer, from a bias of -0.5", Cause::SecondLayer(-0.5)),
    ] {
        println!(
            "\n{title}: units off at first, back since; without a gradient in the end; loss; over \
             {SEEDS} seeds"
        );
        let mut curves = Curves::new(title).labels("epoch", "share of the units that were off");
        for name in NAMES {
            let courses = (0..SEEDS)
                .map(|seed| course(name, cause, 300, seed))
                .collect::<Result<Vec<_>, _>>()?;
            let off = courses.iter().map(|course| course.off).sum::<usize>();
            let back =
                |epoch: usize| courses.iter().map(|course| course.back[epoch]).sum::<usize>();
            let dead = courses.iter().map(|course| course.dead[1]).sum::<usize>();
            let median = |epoch: usize| {
                let mut losses: Vec<f64> =
                    courses.iter().map(|course| course.losses[epoch]).collect();
                losses.sort_by(f64::total_cmp);
                losses[losses.len() / 2]
            };
            println!("{name:>12} {off:>3} {:>3} {dead:>4} {:>8.1e}", back(299), median(299));
            let share = |epoch| back(epoch) as f64 / off as f64;
            curves = curves.curve(name, &(0..300).map(share).collect::<Vec<_>>());
            if let Cause::Bias(_) = cause {
                loss = loss.curve(name, &(0..300).map(median).collect::<Vec<_>>());
            }
            found.push((off, back(299), dead, median(299)));
        }
        panels = panels.panel(curves);
    }
    let [bias, leaky, prelu, elu, step, stepped @ .., _, _, _, _] = &found[..] else {
        unreachable!("twelve were pushed")
    };
    assert!(
        bias.1 == 0 && bias.2 == bias.0 && bias.3 > 0.4,
        "dead for ever, and what is left is a constant"
    );
    assert!(step.1 == 0 && step.2 >= step.0, "dead for ever");
    assert!(
        [leaky, prelu, elu].iter().all(|other| other.1 > 10 && other.2 == 0 && other.3 < 0.3),
        "others come back"
    );
    assert!(stepped.iter().all(|other| other.1 > 0 && other.2 == 0), "others come back");
    println!(
        "From a bias of -4, {} of {} ReLUs come back, and of as many others {} leaky, {} \
         parametric and {} exponential \
         ones; from a step that is too large {} of {} ReLUs.",
        bias.1, bias.0, leaky.1, prelu.1, elu.1, step.1, step.0
    );
    support::save("dying_relu", &panels.panel(loss.log_y()))
}
