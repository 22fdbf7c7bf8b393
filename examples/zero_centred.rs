//! Why tanh beats the sigmoid: its outputs lie around zero, and it is steeper.
//!
//! The two are one function, `sigmoid(x) = (tanh(x / 2) + 1) / 2`: the sigmoid has a quarter of
//! tanh's slope at zero, and all its outputs are positive. So each is compared with itself, moved
//! up or down, which leaves all derivatives as they are: the sigmoid with the sigmoid less 1/2,
//! tanh with tanh plus 1.
//!
//! Behind positive outputs, a sample moves all weights into a unit of the next layer in one
//! direction, up or down together. Their gradients are the unit's error times those outputs. Before
//! training, a batch moves most units so as well. The loss is steep along the mean of the outputs
//! and flat across it: the step must be small for the one, and is then too small for the other. So
//! tanh gets further than tanh plus 1, by larger steps; too large ones make it explode all the
//! same.
//!
//! That is not all of tanh's advantage. At the same step the sigmoid gains about a tenth by being
//! moved down; most of what it lacks is slope.
//!
//! Source: LeCun, Bottou, Orr and Mueller, "Efficient BackProp", 1998, section 4.4.
//!
//! ```console
//! cargo run --release --example zero_centred
//! ```

mod support;

use chainrule::prelude::*;
use chainrule::train::TrainError;
use chainrule_plot::{Bars, Curves};

type Error = Box<dyn std::error::Error>;

/// The activations compared.
pub const NAMES: [&str; 4] = ["sigmoid", "sigmoid - 1/2", "tanh + 1", "tanh"];

/// One of the [`NAMES`].
#[derive(Debug)]
struct Moved(usize);

impl Layer<f32> for Moved {
    fn kind(&self) -> &str {
        NAMES[self.0]
    }

    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        match self.0 {
            0 => x.map(Sigmoid),
            1 => x.map(Sigmoid) - 0.5,
            2 => x.map(Tanh) + 1.0,
            _ => x.map(Tanh),
        }
    }
}

/// Two hidden layers with the activation at this place of the [`NAMES`].
fn model(which: usize) -> Sequential {
    let linear = |outputs| Linear::to(outputs).weight_init(init::Glorot::normal()).bias_init(0.0);
    let hidden = |model: Sequential, _| model.layer(linear(32)).layer(Moved(which));
    (0..2).fold(Sequential::new(), hidden).layer(linear(10))
}

/// Of the units of the second hidden layer before training, the share all of whose incoming weights
/// one batch of this size moves in one direction.
pub fn moved_together(
    which: usize,
    data: &Dataset,
    batch: usize,
    batches: usize,
) -> Result<f64, Error> {
    let model = model(which);
    let params = model.init([64], 0)?;
    let graph = Graph::with_params(&params);
    let (x, class) = (graph.input("x", [batch, 64]), graph.class_input("class", batch, 10));
    let plan = graph.plan(CrossEntropy.forward(model.forward(x), class, Reduction::Mean))?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    let mut together = 0;
    for first in (0..batches).map(|index| index * batch) {
        let [inputs, targets] = workspace.inputs_mut([x.id(), class.id()]);
        data.gather(&(first..first + batch).collect::<Vec<_>>(), inputs, targets);
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut grads);
        let gradient = grads.get("2.weight").ok_or("a weight without a gradient")?;
        let alike = |unit: &usize| {
            let up = (0..32).filter(|&i| gradient.row(i)[*unit] > 0.0).count();
            up == 0 || up == 32
        };
        together += (0..32).filter(alike).count();
    }
    Ok(together as f64 / (32 * batches) as f64)
}

/// The training loss after ten epochs of plain gradient descent; infinite where it explodes.
pub fn loss(which: usize, data: &Dataset, rate: f64, seed: u64) -> Result<f64, Error> {
    let model = model(which);
    let mut params = model.init([64], seed)?;
    match Trainer::new(&model, CrossEntropy, Sgd::new(rate)).epochs(10).seed(seed).fit(
        &mut params,
        data,
        None,
    ) {
        Ok(history) => Ok(history.epochs.last().map_or(f64::NAN, |record| record.train.loss)),
        Err(
            TrainError::NonFiniteLoss { .. }
            | TrainError::NonFiniteGradient { .. }
            | TrainError::NonFiniteParameter { .. },
        ) => Ok(f64::INFINITY),
        Err(error) => Err(error.into()),
    }
}

/// The learning rates compared.
pub const RATES: [f64; 7] = [0.1, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0];

fn main() -> Result<(), Error> {
    let data = Digits::load()?.dataset();
    let mut curves = Curves::new("Loss after ten epochs, median of five seeds")
        .labels("learning rate; a curve ends before it explodes", "training loss");
    let (mut one, mut many, mut best, mut at_one) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (which, name) in NAMES.into_iter().enumerate() {
        one.push(moved_together(which, &data, 1, 100)?);
        many.push(moved_together(which, &data, 32, 50)?);
        let mut points = Vec::new();
        for rate in RATES {
            let mut losses =
                (0..5).map(|seed| loss(which, &data, rate, seed)).collect::<Result<Vec<_>, _>>()?;
            losses.sort_by(f64::total_cmp);
            points.push((rate, losses[2]));
        }
        best.push(points.iter().fold(f64::INFINITY, |best, point| point.1.min(best)));
        at_one.push(points[3].1);
        let shown: Vec<String> = points.iter().map(|point| format!("{:.3}", point.1)).collect();
        let (one, many) = (100.0 * one[which], 100.0 * many[which]);
        println!(
            "{name:>14}: move together {one:3.0} % by one sample, {many:2.0} % by 32; loss {}",
            shown.join(" ")
        );
        // Where it explodes, the loss ends above the one that it began with.
        points.retain(|point| point.1 < 2.5);
        curves = curves.points(name, points);
    }
    assert!(one[0] == 1.0 && one[2] == 1.0, "positive outputs move all weights of a unit together");
    assert!(one[1] < 0.01 && one[3] < 0.01, "outputs around zero do not");
    assert!(best[3] < 0.75 * best[2], "moved up, with the same derivatives, tanh learns less");
    assert!(at_one[1] < at_one[0], "moved down, with the same derivatives, a sigmoid learns more");
    println!(
        "At its best rate tanh reaches {:.3}, and moved up by 1, with the same derivatives, {:.3}; \
         the sigmoid reaches \
         {:.3}, and moved down by 1/2 {:.3}.",
        best[3], best[2], best[0], best[1]
    );
    let names = NAMES.map(String::from).into();
    let bars = Bars::new("Units whose weights all move one way", "share of units", names)
        .series("by one sample", one)
        .series("by a batch of 32", many);
    let title = "Outputs around zero: the same derivatives, moved up or down";
    support::save(
        "zero_centred",
        &support::Panels::new(title, 2).panel(bars).panel(curves.log_x().log_y()),
    )
}
