//! Whole trainings with random settings.

use chainrule::nn::{TargetKind, layer, loss};
use chainrule::prelude::*;
use chainrule::train::schedule::{self, RangeTest};
use chainrule::train::{metric, optimizer};

use crate::data::targets;
use crate::draw::Draw;

pub fn trainer(draw: &mut Draw) {
    let (samples, features) = (1 + draw.below(9), 1 + draw.below(4));
    let inputs =
        draw.tensor::<f32>([samples, features].into()).map(|x| if x.is_finite() { x } else { 0.5 });
    let targets = targets(draw, samples);
    let outputs = targets.outputs().min(9);
    let Ok(data) = Dataset::new(inputs, targets) else { return };
    let middle = draw.of(&[
        "relu",
        "batch_norm",
        "dropout(p=0.5)",
        "sequential[linear(outputs=3), tanh]",
        "layer_norm",
    ]);
    let text = format!("sequential[linear(outputs=4), {middle}, linear(outputs={outputs})]");
    let Ok(model) = layer::by_name::<f32>(&text) else { return };
    let Ok(mut params) = model.init([features], draw.bits()) else { return };
    let mut losses = loss::all::<f32>();
    losses.retain(|loss| loss.accepts(kind(data.targets())) || draw.once_in(30));
    if losses.is_empty() {
        return;
    }
    let chosen = losses.swap_remove(draw.below(losses.len()));
    let mut optimizers = optimizer::all::<f32>();
    let optimizer = optimizers.swap_remove(draw.below(optimizers.len()));
    let mut metrics = metric::all::<f32>();
    let metric = metrics.swap_remove(draw.below(metrics.len()));
    let mut schedules = schedule::all();
    let schedule = schedules.swap_remove(draw.below(schedules.len()));
    let small = |draw: &mut Draw| if draw.once_in(5) { draw.count() } else { 1 + draw.below(5) };
    let mut trainer = Trainer::new(&*model, chosen, optimizer)
        .epochs(draw.below(3))
        .batch_size(small(draw))
        .accumulate(small(draw))
        .schedule(schedule)
        .seed(draw.bits());
    if draw.once_in(2) {
        trainer = trainer.metric(metric);
    }
    if draw.once_in(2) {
        trainer = trainer.rule(ClipNorm { max_norm: draw.number() });
        trainer = trainer.rule(ClipValue { max_value: draw.number() });
    }
    if draw.once_in(3) {
        let monitor = draw.of(&["loss", "acuracy", "accuracy"]);
        let stopping = EarlyStopping::new(Monitor::lowest(monitor), draw.count());
        trainer = trainer
            .callback(stopping.margin(draw.number()))
            .callback(BestWeights::new(Monitor::loss()));
    }
    if draw.once_in(4) {
        let pattern = draw.of(&["*", "0.*", "*.weight", "nothing", ""]);
        trainer = match draw.below(5) {
            0 => trainer.freeze(pattern),
            1 => trainer.groups([Group::new(pattern).learning_rate(draw.number())]),
            2 => trainer.groups([Group::new(pattern).weight_decay(draw.number())]),
            3 => trainer.penalty(Penalty::l1(draw.number()).on(pattern)),
            _ => trainer.constraint(pattern, MaxNorm { max_norm: draw.number() }),
        };
    }
    if draw.once_in(5) {
        let plateau = ReduceOnPlateau {
            patience: draw.count(),
            factor: draw.number(),
            ..ReduceOnPlateau::default()
        };
        trainer = trainer.reduce_on_plateau(plateau, Monitor::loss());
    }
    if draw.once_in(3) {
        trainer = trainer.callback(WeightAverage::new(draw.number()));
    }
    if draw.once_in(6) {
        let (start, end) = (draw.number(), draw.number());
        let test = RangeTest { start, end, batches: draw.below(20), ..RangeTest::default() };
        let _ = trainer.range_test(&params, &data, &test).map(|report| report.suggestion());
    }
    let _ = trainer.fit(&mut params, &data, Some(&data)).map(|history| format!("{history:?}"));
    let _ = trainer.evaluate(&params, &data);
}

fn kind(targets: &Targets) -> TargetKind {
    match targets {
        Targets::Classes { .. } => TargetKind::Classes,
        Targets::Probabilities(_) => TargetKind::Probabilities,
        Targets::Labels(_) => TargetKind::Labels,
        Targets::Values(_) => TargetKind::Values,
    }
}

/// Residuals of random numbers, bounds and settings, by a function and by a graph.
pub fn least_squares(draw: &mut Draw) {
    let mut settings = LeastSquares {
        max_evaluations: draw.of(&[None, Some(0), Some(1), Some(30)]),
        tolerance_gradient: draw.number(),
        tolerance_cost: draw.number(),
        tolerance_step: draw.number(),
        allow_under_determined: draw.once_in(2),
        ..LeastSquares::default()
    };
    if draw.once_in(2) {
        settings = LeastSquares {
            allow_under_determined: settings.allow_under_determined,
            ..LeastSquares::default()
        };
    }
    if draw.once_in(3) {
        settings =
            settings.bound(draw.of(&["*", "0", "b", "nothing"]), draw.number(), draw.number());
    }
    let samples = draw.length();
    let results = draw_length(draw, samples);
    let (x, y) = (draw.values::<f64>(samples), draw.values::<f64>(results));
    let fit = if draw.once_in(2) {
        let weights = draw.once_in(3).then(|| draw.values::<f64>(samples));
        let start = [("a", draw.value()), (draw.of(&["b", "b", "b", "a"]), draw.value())];
        let form = draw.below(4);
        settings.fit_curve(&start, &[&x], &y, weights.as_deref(), |b, x| match form {
            0 => b[0] * (b[1] * x[0]).exp(),
            1 => b[0] * x[0].pow(b[1]),
            2 => b[0] / (x[0] - b[1]),
            _ => (b[0] * x[0]).atan() + b[1],
        })
    } else {
        let residuals = if draw.once_in(3) { draw.count_of(8 * 17) } else { samples };
        let count = draw_length(draw, 2);
        let mut parameters = draw.values::<f64>(count);
        settings.minimise(&mut parameters, residuals, |b, residuals, jacobian| {
            let sum: f64 = b.iter().sum();
            residuals.iter_mut().enumerate().for_each(|(i, r)| *r = sum * (i as f64 + 1.0) - 1.0);
            let rows = jacobian.map(|jacobian| jacobian.chunks_mut(b.len().max(1)));
            rows.into_iter().flatten().enumerate().for_each(|(i, row)| row.fill(i as f64 + 1.0));
        })
    };
    let _ =
        fit.map(|fit| (fit.to_string(), fit.standard_errors().is_ok(), fit.residual_deviation()));
}

/// This length, or now and then another.
fn draw_length(draw: &mut Draw, usual: usize) -> usize {
    if draw.once_in(8) { draw.length() } else { usual }
}
