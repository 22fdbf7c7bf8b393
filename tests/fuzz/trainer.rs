//! Whole trainings with random settings.

use chainrule::nn::{TargetKind, layer, loss};
use chainrule::prelude::*;
use chainrule::train::schedule::{self, RangeTest};
use chainrule::train::{metric, optimizer};

use crate::data::targets;
use crate::draw::Draw;

pub fn trainer(draw: &mut Draw) {
    let (samples, features) = (1 + draw.below(9), 1 + draw.below(4));
    let inputs = draw.tensor::<f32>([samples, features].into()).map(|x| if x.is_finite() { x } else { 0.5 });
    let targets = targets(draw, samples);
    let outputs = targets.outputs().min(9);
    let Ok(data) = Dataset::new(inputs, targets) else { return };
    let middle =
        draw.of(&["relu", "batch_norm", "dropout(p=0.5)", "sequential[linear(outputs=3), tanh]", "layer_norm"]);
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
    }
    if draw.once_in(3) {
        trainer = trainer.callback(EarlyStopping::new(Monitor::loss(), draw.count()));
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
