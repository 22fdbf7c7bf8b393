//! Optimizers, schedules and constraints with random settings, at random steps.

use chainrule::graph::{Graph, Params};
use chainrule::train::optimizer::{self, Lbfgs, Optimizer as _, Pace, Parameters, State};
use chainrule::train::schedule::{self, Plateau, ReduceOnPlateau, Schedule as _};
use chainrule::train::{Constraint as _, Group, Penalty, constraint};

use crate::draw::Draw;
use crate::settings::text;

pub fn optimizers(draw: &mut Draw) {
    if draw.once_in(8) {
        return line_search(draw);
    }
    let mut all = optimizer::all::<f32>();
    let at = draw.below(all.len());
    let name = all[at].name();
    let text = text(draw, name, &mut *all[at]);
    let Ok(chosen) = optimizer::by_name::<f32>(&text) else { return };
    // A vector, or a matrix beside it: rules may see them otherwise.
    let shapes = if draw.once_in(2) {
        vec![draw.length().into()]
    } else {
        vec![draw.small_shape(), draw.small_shape()]
    };
    let parameters = Parameters::new(shapes.into_iter().map(|shape| ("weight", shape)));
    let len = parameters.flat_len();
    let (mut state, mut weights) = (State::new(&*chosen, parameters), draw.values::<f32>(len));
    for _ in 0..draw.below(8) {
        let gradient = draw.values::<f32>(len);
        let momentum = if draw.once_in(2) { None } else { Some(draw.number()) };
        let pace = Pace { learning_rate: draw.number(), momentum };
        state.step_with(&*chosen, pace, &mut weights, &gradient);
    }
    let _ = (state.steps(), state.slots().len());
}

fn line_search(draw: &mut Draw) {
    let mut lbfgs = Lbfgs::default();
    let text = text(draw, "lbfgs", &mut lbfgs);
    let Ok(chosen) = text.parse::<Lbfgs>() else { return };
    let len = draw.length();
    let mut weights = draw.values::<f64>(len);
    let mut left = 200;
    let _ = chosen.minimise(&mut weights, |w, g| {
        left -= 1;
        if left < 0 {
            // Of the largest number of evaluations no more are awaited.
            return f64::NAN;
        }
        g.iter_mut().zip(w).for_each(|(g, w)| *g = 4.0 * w * w * w - 1.0);
        w.iter().map(|w| w.powi(4) - w).sum()
    });
}

pub fn schedules(draw: &mut Draw) {
    if draw.once_in(8) {
        let mut settings = ReduceOnPlateau::default();
        let text = text(draw, "reduce_on_plateau", &mut settings);
        let Ok(chosen) = text.parse::<ReduceOnPlateau>() else { return };
        let mut plateau = Plateau::new(chosen, draw.number());
        for _ in 0..draw.below(20) {
            let _ = plateau.observe(draw.number());
        }
        return;
    }
    let mut all = schedule::all();
    let at = draw.below(all.len());
    let name = all[at].name();
    let text = text(draw, name, &mut *all[at]);
    let Ok(chosen) = schedule::by_name(&text) else { return };
    for _ in 0..6 {
        let (base, step) = (draw.number(), draw.count() as u64);
        let _ = (chosen.learning_rate(base, step), chosen.momentum(step));
    }
}

pub fn constraints(draw: &mut Draw) {
    let shape = draw.small_shape();
    if draw.once_in(3) {
        let graph = Graph::<f32>::new();
        let _ = graph.param("0.weight", shape, 1.0);
        let params = Params::<f32>::init(graph.layout(), 0).expect("it is small");
        let mut penalty = Penalty::l2(1.0);
        let text = text(draw, "penalty", &mut penalty);
        let _ = text.parse::<Penalty>().map(|penalty| penalty.value(&params));
        let _ = text.replace("penalty", "group").parse::<Group>();
        return;
    }
    let mut all = constraint::all::<f32>();
    let at = draw.below(all.len());
    let name = all[at].name();
    let text = text(draw, name, &mut *all[at]);
    let Ok(chosen) = constraint::by_name::<f32>(&text) else { return };
    let mut weights = draw.values::<f32>(shape.elements());
    chosen.apply(shape, &mut weights);
}
