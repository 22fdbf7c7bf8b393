use std::fmt::Debug;

use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

use super::checks::{expect, require};
use super::class_nll::ClassNll;
use super::softmax_cross_entropy::SoftmaxCrossEntropy;
use super::{Domain, Loss, Predictions, TargetForm};
use crate::activation::LogSoftmax;
use crate::config::settings;
use crate::{Configure, Layer};

settings! {
    "cross_entropy": "-sum q ln softmax(p)";

    /// Softmax cross-entropy on logits, one value for each sample: `-sum_c q_c ln softmax(p)_c`;
    /// gradient `softmax(p) sum q - q`.
    ///
    /// Targets are class indices `[n]`, or probabilities `[n, c]`, one-hot or soft, of the same
    /// shape as the logits. With a class index `y` the value is
    /// `ln sum_c e^(p_c - max p) + max p - p_y`, so that nothing overflows and no logarithm of zero
    /// is taken. An index that is not a class gives NaN;
    /// [`Workspace::set`](chainrule_graph::Workspace::set) on a
    /// [`class_input`](chainrule_graph::Graph::class_input) refuses it. Probabilities are not
    /// checked to sum to 1, as in PyTorch.
    ///
    /// Label smoothing, weights and an index to ignore mean what they do in PyTorch's
    /// `CrossEntropyLoss`. Over class indices the mean divides by the sum of the weights of the
    /// classes not ignored, NaN if all are; over probabilities by the number of samples. A trainer
    /// weighs batches by the same. With such a setting the loss is a log-softmax followed by one
    /// more operation: `CrossEntropy { label_smoothing: 0.1, ..CrossEntropy }`.
    ///
    /// The softmax is part of the loss: a model that ends in one is refused. To go through
    /// probabilities in steps, use [`LogSoftmax`](crate::activation::LogSoftmax) with the graph's
    /// own operations.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    /// use chainrule_nn::loss::{CrossEntropy, Loss, Reduction};
    ///
    /// let graph = Graph::<f64>::new();
    /// let logits = graph.input("logits", [2, 3]);
    /// let classes = graph.class_input("classes", 2, 3);
    /// let loss = CrossEntropy.forward(logits, classes, Reduction::Mean);
    ///
    /// let plan = graph.plan_forward(&[loss])?;
    /// let mut workspace = plan.workspace();
    /// workspace.set(logits, &[0.0, 0.0, 0.0, 100.0, 0.0, 0.0])?;
    /// workspace.set(classes, &[1.0, 0.0])?;
    /// plan.forward(&plan.init(0)?, &mut workspace);
    /// assert_eq!(workspace.value(loss).values(), [3.0_f64.ln() / 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq)]
    pub struct CrossEntropy {
        /// The part of each target that is spread evenly over all classes, from 0 to 1: `q` becomes
        /// `(1 - s) q + s / C`.
        pub label_smoothing: f64 = 0.0, within(0.0..=1.0);
        /// A factor for each class: the value is `-sum_c w_c q_c ln softmax(p)_c`, of the smoothed
        /// `q`.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
        /// A class index whose samples cost nothing and do not count (PyTorch: -100). A data set
        /// refuses an index that is no class, so there it is one of them.
        pub ignore_index: Option<f64> = None, whole();
    }
}

/// The loss with its default settings.
#[allow(non_upper_case_globals, reason = "it reads as a loss without settings")]
pub const CrossEntropy: CrossEntropy =
    CrossEntropy { label_smoothing: 0.0, weights: Vec::new(), ignore_index: None };

impl CrossEntropy {
    fn op<T: Real>(&self) -> ClassNll<T> {
        ClassNll::new("cross_entropy", self.label_smoothing, &self.weights, self.ignore_index)
    }
}

impl<T: Real> Loss<T> for CrossEntropy {
    fn name(&self) -> &str {
        "cross_entropy"
    }

    fn domain(&self) -> Domain {
        let targets: &[TargetForm] = match self.ignore_index {
            None => &[TargetForm::Classes, TargetForm::Probabilities],
            Some(_) => &[TargetForm::Classes],
        };
        Domain { predictions: Predictions::Logits, targets }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        expect("cross_entropy", Predictions::Logits, prediction);
        if *self == CrossEntropy {
            prediction.graph().apply(SoftmaxCrossEntropy, &[prediction, target])
        } else {
            self.op().values(LogSoftmax.forward(prediction), target)
        }
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
    use crate::loss::{Reduction, check};
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    const LOGITS: [f64; 12] = [2.0, -1.0, 0.5, 0.0, 0.1, 0.2, 0.3, 0.4, -2.0, 3.0, 1.0, -1.0];

    fn logits() -> Tensor<f64> {
        Tensor::new([3, 4], LOGITS.to_vec()).unwrap()
    }

    /// The reduced value and the gradient by the logits.
    fn run(target: &Tensor<f64>, reduction: Reduction) -> (Vec<f64>, Vec<f64>) {
        let [value, gradient, _] = check::run(&CrossEntropy, &logits(), target, reduction);
        (value, gradient)
    }

    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
        }
    }

    #[test]
    fn golden_values_with_class_indices() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        assert_close(&run(&y, Reduction::None).0, &[0.34234958, 1.24253553, 0.14875518], 5e-9);
        assert_close(&run(&y, Reduction::Sum).0, &[1.7336402927893853], 1e-15);
        let (mean, gradient) = run(&y, Reduction::Mean);
        assert_close(&mean, &[0.5778800975964618], 1e-15);
        let row =
            [-0.0966333590379419, 0.011784597802916288, 0.05281490317165991, 0.032033858063365735];
        assert_close(&gradient[..4], &row, 1e-16);
    }

    /// The loss of each sample where nothing is saved.
    fn without_way_back(x: &Tensor<f64>, target: &Tensor<f64>) -> Vec<f64> {
        let graph = Graph::new();
        let inputs = [x, target].map(|tensor| graph.input("", tensor.shape()));
        let loss = CrossEntropy.forward(inputs[0], inputs[1], Reduction::None);
        let plan = graph.plan_forward(&[loss]).unwrap();
        let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
        for (input, tensor) in inputs.into_iter().zip([x, target]) {
            workspace.set(input, tensor.values()).unwrap();
        }
        plan.forward(&params, &mut workspace);
        workspace.value(loss).values().to_vec()
    }

    /// Rows are taken some at a time, and long ones in lanes.
    #[test]
    fn any_number_of_samples_and_classes_agrees_with_the_definition() {
        for classes in [1, 2, 10, 15, 16, 17, 33, 100, 1000] {
            for samples in [1, 7, 8, 9, 20] {
                let x =
                    Tensor::<f64>::from_fn([samples, classes], |i| 30.0 * (i as f64 * 1.7).sin());
                let indices = Tensor::from_fn([samples], |i| (i * 7 % classes) as f64);
                let one_hot = Tensor::from_fn([samples, classes], |i| {
                    f64::from(indices.values()[i / classes] == (i % classes) as f64)
                });
                let rows = || x.values().chunks(classes).zip(indices.values());
                let sum = |row: &[f64]| row.iter().map(|x| x.exp()).sum::<f64>();
                let loss: Vec<f64> =
                    rows().map(|(row, &y)| sum(row).ln() - row[y as usize]).collect();
                let derivatives = |(row, &y): (&[f64], &f64)| -> Vec<f64> {
                    let total = sum(row);
                    (0..classes).map(|i| row[i].exp() / total - f64::from(i as f64 == y)).collect()
                };
                let gradient: Vec<f64> = rows().flat_map(derivatives).collect();
                for target in [&indices, &one_hot] {
                    let [value, got, _] = check::run(&CrossEntropy, &x, target, Reduction::None);
                    assert_close(&value, &loss, 1e-12);
                    assert_close(&got, &gradient, 1e-13);
                    assert_close(&without_way_back(&x, target), &loss, 1e-12);
                }
            }
        }
    }

    #[test]
    fn golden_values_with_soft_labels() {
        let q = Tensor::new(
            [3, 4],
            vec![0.7, 0.1, 0.1, 0.1, 0.25, 0.25, 0.25, 0.25, 0.0, 1.0, 0.0, 0.0],
        )
        .unwrap();
        assert_close(&run(&q, Reduction::Mean).0, &[0.8445467642631285], 1e-15);
    }

    #[test]
    fn golden_values_with_settings() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let q = Tensor::new(
            [3, 4],
            vec![0.7, 0.1, 0.1, 0.1, 0.25, 0.25, 0.25, 0.25, 0.0, 1.0, 0.0, 0.0],
        )
        .unwrap();
        let weights = || vec![1.0, 2.0, 0.5, 4.0];
        let weighted = CrossEntropy { weights: weights(), ..CrossEntropy };
        let [none, ..] = check::run(&weighted, &logits(), &y, Reduction::None);
        assert_close(&none, &[0.34234958, 4.97014212, 0.29751036], 5e-9);
        let smoothed = CrossEntropy { label_smoothing: 0.1, ..CrossEntropy };
        for (loss, target, mean) in [
            (weighted.clone(), &y, 0.8014288660141821),
            (CrossEntropy { ignore_index: Some(3.0), ..CrossEntropy }, &y, 0.2455523816671113),
            (smoothed.clone(), &y, 0.7287134309297951),
            (CrossEntropy { weights: weights(), ..smoothed }, &y, 0.9016513443981939),
            (weighted, &q, 1.5839788052811636),
        ] {
            assert_close(&check::run(&loss, &logits(), target, Reduction::Mean)[0], &[mean], 1e-15);
            check::derivatives(&CrossEntropy { weights: Vec::new(), ..loss });
        }
    }

    #[test]
    fn settings_without_effect_change_nothing() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let same =
            CrossEntropy { weights: vec![1.0; 4], ignore_index: Some(-100.0), ..CrossEntropy };
        for reduction in check::REDUCTIONS {
            let [expected, got] =
                [&CrossEntropy, &same].map(|loss| check::run(loss, &logits(), &y, reduction));
            expected
                .iter()
                .zip(&got)
                .for_each(|(expected, got)| assert_close(got, expected, 1e-15));
        }
    }

    #[test]
    fn settings_keep_far_logits_finite_and_what_is_no_class_nan() {
        let loss = CrossEntropy {
            label_smoothing: 0.1,
            weights: vec![1.0, 2.0],
            ignore_index: Some(-100.0),
        };
        let x = Tensor::from_rows([[1e4_f32, -1e4], [1e4, -1e4], [0.0, f32::NAN], [0.0, 0.0]]);
        let [y, dx, _] =
            check::run(&loss, &x, &Tensor::from(vec![0.0, 1.0, 0.0, -100.0]), Reduction::None);
        assert!(
            y[..2].iter().chain(&dx[..4]).all(|x| x.is_finite()) && y[2].is_nan() && y[3] == 0.0,
            "{y:?} {dx:?}"
        );
        let [y, ..] =
            check::run(&loss, &x, &Tensor::from(vec![0.0, 2.0, 0.0, 0.0]), Reduction::None);
        assert!(y[1].is_nan());
        let [mean, dx, _] = check::run(&loss, &x, &Tensor::from(vec![-100.0; 4]), Reduction::Mean);
        assert!(mean[0].is_nan() && dx[0] == 0.0);
    }

    #[test]
    fn settings_that_make_no_sense_are_mistakes() {
        let say = |loss| check::mistake(&loss);
        assert_eq!(
            say(CrossEntropy { label_smoothing: 1.5, ..CrossEntropy }),
            "cross_entropy: label_smoothing must lie in [0, 1], but it is 1.5"
        );
        assert_eq!(
            say(CrossEntropy { weights: vec![1.0, -2.0, 1.0], ..CrossEntropy }),
            "cross_entropy: weights must be finite and not negative, but one is -2"
        );
        assert_eq!(
            say(CrossEntropy { weights: vec![1.0], ..CrossEntropy }),
            "cross_entropy: 1 weights for 3 classes; give one for each, or none"
        );
        let graph = Graph::<f32>::new();
        let ignoring = CrossEntropy { ignore_index: Some(1.0), ..CrossEntropy };
        let loss =
            ignoring.forward(graph.input("x", [5, 3]), graph.input("t", [5, 3]), Reduction::Mean);
        assert_eq!(
            graph.plan(loss).unwrap_err().kind.to_string(),
            "cross_entropy: ignore_index is for class indices, but the target holds probabilities"
        );
    }

    #[test]
    fn one_hot_labels_give_what_indices_give() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let q =
            Tensor::new([3, 4], vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
                .unwrap();
        let ((a, da), (b, db)) = (run(&y, Reduction::None), run(&q, Reduction::None));
        assert_close(&a, &b, 0.0);
        assert_close(&da, &db, 1e-16);
    }

    #[test]
    fn gradients_agree_with_differences() {
        let y = Tensor::from(vec![0.0, 3.0, 1.0]);
        let q = Tensor::from_fn([3, 4], |i| 0.1 + (i % 3) as f64 * 0.2);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            gradcheck(&[logits()], |graph, x| {
                CrossEntropy.forward(x[0], graph.constant(&y), reduction)
            })
            .unwrap();
            gradcheck(&[logits(), q.clone()], |_, x| CrossEntropy.forward(x[0], x[1], reduction))
                .unwrap();
        }
    }

    #[test]
    fn far_logits_give_finite_values_and_gradients() {
        let graph = Graph::<f32>::new();
        let x = graph.input("x", [2, 2]).keep_gradient();
        let t = graph.class_input("t", 2, 2);
        let loss = CrossEntropy.forward(x, t, Reduction::Sum);
        let plan = graph.plan(loss).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &[1e4, -1e4, 1e4, -1e4]).unwrap();
        ws.set(t, &[0.0, 1.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(ws.value(loss).values(), [2e4]);
        assert_eq!(ws.gradient(x).values(), [0.0, 0.0, 1.0, -1.0]);
    }

    #[test]
    fn labels_out_of_range_are_refused_or_give_nan() {
        let graph = Graph::<f32>::new();
        let (x, t) = (graph.input("x", [1, 3]), graph.class_input("target", 1, 3));
        let loss = CrossEntropy.forward(x, t, Reduction::Mean);
        let plan = graph.plan_forward(&[loss]).unwrap();
        let (params, mut ws) = (plan.init(0).unwrap(), plan.workspace());
        for label in [3.0, -1.0, 0.5, f32::NAN] {
            let error = ws.set(t, &[label]).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "input `target`: the label of sample 0 is {label}, but classes are the whole \
                     numbers from 0 to 2"
                )
            );
            ws.input_mut(t).copy_from_slice(&[label]);
            plan.forward(&params, &mut ws);
            assert!(ws.value(loss).values()[0].is_nan());
        }
    }

    #[test]
    fn a_model_that_ends_in_softmax_is_refused() {
        use crate::{Layer, activation::Softmax};
        let graph = Graph::<f32>::new();
        let y = Softmax.forward(graph.input("x", [1, 3]));
        let loss = CrossEntropy.forward(y, graph.class_input("t", 1, 3), Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(
            error.starts_with("cross_entropy takes logits, but the model already ends in softmax"),
            "{error}"
        );
    }

    #[test]
    fn a_target_of_another_shape_is_refused() {
        let graph = Graph::<f32>::new();
        let loss = CrossEntropy.forward(
            graph.input("x", [5, 3]),
            graph.input("t", [5, 1]),
            Reduction::Mean,
        );
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(error.contains(
            "for logits [5, 3] the target must be class indices [5] or probabilities [5, 3], but \
             it is [5, 1]"
        ));
    }
}
