use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::Metric;

/// A metric under a name of one's own, so that one can be there twice with other settings.
#[derive(Debug)]
pub(crate) struct Named<M> {
    pub(crate) name: &'static str,
    pub(crate) metric: M,
}

impl<T: Real, M: Metric<T>> Metric<T> for Named<M> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn accepts(&self, target: TargetKind) -> bool {
        self.metric.accepts(target)
    }
    fn prepare(&mut self, target: TargetKind) -> Result<(), String> {
        self.metric.prepare(target)
    }
    fn reset(&mut self) {
        self.metric.reset();
    }
    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        self.metric.update(prediction, target);
    }
    fn value(&self) -> f64 {
        self.metric.value()
    }
}
