use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

use super::checks::{expect, require};
use super::class_nll::ClassNll;
use super::{Domain, Loss, Predictions, TargetForm};
use crate::Configure;
use crate::config::settings;

settings! {
    "nll": "-w_y p_y";

    /// The negative log-likelihood of classes on log-probabilities, one value for each sample:
    /// `-w_y p_y` for class index `y`; gradient `-w_y` for the class itself.
    ///
    /// Behind [`LogSoftmax`](crate::activation::LogSoftmax) it is
    /// [`CrossEntropy`](struct@super::CrossEntropy), which is one operation instead of two. As in
    /// PyTorch's `NLLLoss`, the mean divides by the sum of the weights of the classes not ignored;
    /// if all are, it is NaN. Any numbers are taken as log-probabilities.
    #[derive(Clone, Debug, PartialEq)]
    pub struct NegativeLogLikelihood {
        /// A factor for each class.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
        /// A class index whose samples cost nothing and do not count.
        pub ignore_index: Option<f64> = None, whole();
    }
}

impl NegativeLogLikelihood {
    fn op<T: Real>(&self) -> ClassNll<T> {
        ClassNll::new("nll", 0.0, &self.weights, self.ignore_index)
    }
}

impl<T: Real> Loss<T> for NegativeLogLikelihood {
    fn name(&self) -> &str {
        "nll"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::LogProbabilities, targets: &[TargetForm::Classes] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        expect("nll", Predictions::LogProbabilities, prediction);
        self.op().values(prediction, target)
    }

    fn divisor<'g>(&self, prediction: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        self.op().divisor(prediction, target)
    }

    fn ignore_index(&self) -> Option<f64> {
        self.ignore_index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        let p = Tensor::from_rows([[-1.0, -2.0, -3.0], [-0.5, -0.25, -4.0], [-7.0, -1.0, -2.0]]);
        let y = Tensor::from(vec![0.0, 2.0, 1.0]);
        let plain = NegativeLogLikelihood::default();
        assert_close(&run(&plain, &p, &y, Reduction::None)[0], &[1.0, 4.0, 1.0], 0.0);
        assert_close(&run(&plain, &p, &y, Reduction::Mean)[0], &[2.0], 0.0);
        let weighted =
            NegativeLogLikelihood { weights: vec![1.0, 2.0, 0.5], ignore_index: Some(1.0) };
        assert_close(&run(&weighted, &p, &y, Reduction::None)[0], &[1.0, 2.0, 0.0], 0.0);
        let [mean, dp, _] = run(&weighted, &p, &y, Reduction::Mean);
        assert_close(&mean, &[2.0], 0.0);
        assert_close(&dp, &[-1.0 / 1.5, 0.0, 0.0, 0.0, 0.0, -0.5 / 1.5, 0.0, 0.0, 0.0], 1e-16);
    }

    #[test]
    fn a_mean_of_nothing_is_nan() {
        let loss = NegativeLogLikelihood { ignore_index: Some(-100.0), ..Default::default() };
        let (p, y) = (Tensor::from_rows([[-1.0, -2.0]]), Tensor::from(vec![-100.0]));
        let [mean, dp, _] = run(&loss, &p, &y, Reduction::Mean);
        assert!(mean[0].is_nan());
        assert_eq!(dp, [0.0, 0.0]);
        assert_eq!(run(&loss, &p, &y, Reduction::Sum)[0], [0.0]);
        // What is no class is not hidden by a mean.
        assert!(run(&loss, &p, &Tensor::from(vec![7.0]), Reduction::Mean)[0][0].is_nan());
    }

    #[test]
    fn derivatives_agree_with_differences() {
        check::derivatives(&NegativeLogLikelihood::default());
        check::derivatives(&NegativeLogLikelihood {
            ignore_index: Some(2.0),
            ..Default::default()
        });
    }

    #[test]
    fn mistakes_are_named() {
        let with = |weights: &[f64], ignore_index| {
            check::mistake(&NegativeLogLikelihood { weights: weights.to_vec(), ignore_index })
        };
        assert_eq!(
            with(&[1.0, 2.0], None),
            "nll: 2 weights for 3 classes; give one for each, or none"
        );
        assert_eq!(
            with(&[f64::NAN], None),
            "nll: weights must be finite and not negative, but one is NaN"
        );
        assert_eq!(with(&[], Some(0.5)), "nll: ignore_index must be a whole number, but it is 0.5");
    }
}
