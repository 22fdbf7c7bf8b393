use chainrule_config::settings;
use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView, memory};

use super::Metric;
use super::probabilities::{Input, Probabilities};
use super::rows::{is_first_largest, largest, rows};

settings! {
    "expected_calibration_error":
        "sum over bins of samples_b / n |accuracy_b - confidence_b|", checked by bins_fit;

    /// How far confidence is from accuracy. Samples are put into bins of equal width by the
    /// probability of the class that they are taken for, and `sum over bins of samples_b / n
    /// |accuracy_b - confidence_b|`; 15 bins by default.
    ///
    /// A bin holds its upper bound and not its lower one: bin `b` of `m` is `((b - 1) / m, b / m]`.
    /// Outputs are logits unless [`input`](ExpectedCalibrationError::input) says otherwise. A NaN
    /// makes the value NaN.
    ///
    /// Source: Guo et al., On calibration of modern neural networks, 2017; scikit-learn has none.
    #[derive(Clone, Debug)]
    pub struct ExpectedCalibrationError {
        /// The number of bins.
        bins: usize = 15, at_least(1);
        /// The kind of outputs: `logits` or `probabilities`.
        input: Probabilities = Probabilities::default();
        ..
        gathered: Vec<Bin> = Vec::new();
    }
}

/// The samples of a bin.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    samples: u64,
    hits: u64,
    confidence: f64,
}

impl ExpectedCalibrationError {
    /// Of logits, with this many bins, before any batch.
    #[must_use]
    pub fn new(bins: usize) -> Self {
        ExpectedCalibrationError { bins, ..ExpectedCalibrationError::default() }
    }

    /// States the kind of outputs: [`Input::Logits`] by default.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        ExpectedCalibrationError { input: self.input.input(input), ..self }
    }
}

fn bins_fit(error: &ExpectedCalibrationError) -> Result<(), String> {
    let bins = error.bins;
    memory::check::<Bin>(bins)
        .map_err(|why| format!("expected_calibration_error: bins={bins} is too many: {why}"))
}

impl<T: Real> Metric<T> for ExpectedCalibrationError {
    fn name(&self) -> &'static str {
        "expected_calibration_error"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    fn prepare(&mut self, _: TargetKind) -> Result<(), String> {
        self.check()
    }

    fn reset(&mut self) {
        self.gathered.fill(Bin::default());
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        if let Err(why) = self.check() {
            panic!("{why}");
        }
        self.gathered.resize(self.bins, Bin::default());
        for (outputs, target) in rows(prediction, target) {
            let right =
                target.class(outputs.len()).is_some_and(|class| is_first_largest(outputs, class));
            let probabilities = self.input.of(outputs);
            let confidence = largest(probabilities).map_or(f64::NAN, |class| probabilities[class]);
            // A NaN is put into the first bin, and shows in its sum.
            let bin = ((confidence * self.gathered.len() as f64).ceil() as usize)
                .clamp(1, self.gathered.len())
                - 1;
            let bin = &mut self.gathered[bin];
            bin.samples += 1;
            bin.hits += u64::from(right);
            bin.confidence += confidence;
        }
    }

    fn value(&self) -> f64 {
        let samples: u64 = self.gathered.iter().map(|bin| bin.samples).sum();
        self.gathered.iter().map(|bin| (bin.hits as f64 - bin.confidence).abs()).sum::<f64>()
            / samples as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn bins_hold_their_upper_bound() {
        let p = Tensor::<f64>::from_rows([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0], [0.125, 0.875]]);
        let mut error = ExpectedCalibrationError::new(4).input(Input::Probabilities);
        error.update(p.view(), Tensor::from(vec![0.0, 0.0, 1.0, 0.0]).view());
        // (1/4, 1/2]: 1 - 0.5; (1/2, 3/4]: 0.75; (3/4, 1]: |1 - 1.875|
        assert_eq!(Metric::<f64>::value(&error), (0.5 + 0.75 + 0.875) / 4.0);
        error.update(Tensor::from_rows([[f64::NAN, 0.0]]).view(), Tensor::from(vec![0.0]).view());
        assert!(Metric::<f64>::value(&error).is_nan());
        assert_eq!(
            Metric::<f64>::prepare(&mut ExpectedCalibrationError::new(0), TargetKind::Classes)
                .unwrap_err(),
            "expected_calibration_error: bins must be at least 1, but it is 0"
        );
    }
}
