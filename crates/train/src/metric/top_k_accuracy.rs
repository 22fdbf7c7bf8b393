use chainrule_config::settings;
use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::rows;
use super::{Metric, Ratio};

settings! {
    "top_k_accuracy": "samples with t among the k largest p / samples";

    /// The share of samples whose right class is among the `k` largest outputs; `k` is 5 by
    /// default.
    ///
    /// Of equal outputs those of the classes with the highest indices come first, as in
    /// scikit-learn, so that with `k = 1` ties are settled otherwise than by
    /// [`Accuracy`](super::Accuracy). A NaN among the outputs is wrong. With `k` of at least the
    /// number of classes all other samples are right.
    #[derive(Clone, Copy, Debug)]
    pub struct TopKAccuracy {
        /// Among how many outputs the right one must be.
        k: usize = 5, at_least(1);
        ..
        ratio: Ratio = Ratio::default();
    }
}

impl TopKAccuracy {
    /// Among the `k` largest, before any batch.
    #[must_use]
    pub fn new(k: usize) -> Self {
        TopKAccuracy { k, ..TopKAccuracy::default() }
    }
}

impl<T: Real> Metric<T> for TopKAccuracy {
    fn name(&self) -> &'static str {
        "top_k_accuracy"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    fn prepare(&mut self, _: TargetKind) -> Result<(), String> {
        self.check()
    }

    fn reset(&mut self) {
        self.ratio = Ratio::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        for (outputs, target) in rows(prediction, target) {
            let rank = target.class(outputs.len()).and_then(|class| place(outputs, class));
            self.ratio.add(rank.is_some_and(|rank| rank < self.k));
        }
    }

    fn value(&self) -> f64 {
        self.ratio.value()
    }
}

/// How many outputs come before that of this class; none if one is NaN.
fn place<T: Real>(outputs: &[T], class: usize) -> Option<usize> {
    let (mut before, mut nan) = (0, false);
    for (i, &x) in outputs.iter().enumerate() {
        nan |= x.is_nan();
        before += usize::from((x > outputs[class]) | ((x == outputs[class]) & (i > class)));
    }
    (!nan).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn equal_outputs_of_higher_classes_come_first() {
        let outputs = Tensor::<f64>::from_rows([
            [3.0, 2.0, 1.0],
            [1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0],
            [f64::NAN, 1.0, 0.0],
        ]);
        let targets = Tensor::from(vec![1.0, 0.0, 1.0, 1.0]);
        let of = |k| {
            let mut metric = TopKAccuracy::new(k);
            metric.update(outputs.view(), targets.view());
            Metric::<f64>::value(&metric)
        };
        assert_eq!([of(1), of(2), of(3), of(9)], [0.0, 0.5, 0.75, 0.75]);
        assert_eq!(
            Metric::<f64>::prepare(&mut TopKAccuracy::new(0), TargetKind::Classes).unwrap_err(),
            "top_k_accuracy: k must be at least 1, but it is 0"
        );
    }
}
