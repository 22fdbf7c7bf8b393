use chainrule_config::settings;
use chainrule_data::{Dataset, Targets};
use chainrule_graph::Graph;
use chainrule_nn::Loss;
use chainrule_recipe::Change;
use chainrule_tensor::Real;
use chainrule_train::EpochRecord;

use super::{Evidence, Finding, Kind, Rule, Severity, times, words};

settings! {
    "fit":
        "over: last validation loss > worse times the best; under: training loss > constant times \
         that of a constant, and no longer falling";

    /// The model learns its training data by heart, or learns next to nothing.
    ///
    /// - Overfitting: the loss on the validation data ends above `worse` times its best, which is
    ///   at least `patience` epochs back. Meanwhile the loss on the training data fell by at least
    ///   a tenth. Of a best that is not above zero, the rise must be that part of its size, and of
    ///   the fall to it from the first epoch. One that ends below `negligible` times that of the
    ///   best constant answer is none.
    /// - Underfitting: after at least `epochs` epochs the loss on the training data is still above
    ///   `constant` times that of the best constant answer. Over the second half of them it fell by
    ///   less than the part `plateau`. That answer has the entropy of the labels, or of the classes
    ///   as the loss weighs and ignores them, for the cross-entropies, the variance for the squared
    ///   error. Other losses are compared with their own first epoch.
    ///
    /// Of a loss below zero, "times" is a change by a part of its size.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Fit {
        /// How many times its best the last validation loss is when a model overfits.
        pub worse: f64 = 1.3, above(0.0);
        /// How many epochs back the best is at least.
        pub patience: usize = 3;
        /// The part of the loss of the best constant answer below which all is well.
        pub negligible: f64 = 0.05, above(0.0);
        /// The part of the loss of the best constant answer above which a model underfits.
        pub constant: f64 = 0.9, above(0.0);
        /// The part by which a loss falls that is still falling.
        pub plateau: f64 = 0.03, above(0.0);
        /// The fewest epochs after which a model can underfit.
        pub epochs: usize = 5;
    }
}

impl<T: Real> Rule<T> for Fit {
    fn name(&self) -> &'static str {
        "fit"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let baseline =
            evidence.data.zip(evidence.loss).and_then(|(data, loss)| constant_loss(data, loss));
        self.overfitting(&log.epochs, baseline)
            .into_iter()
            .chain(self.underfitting(&log.epochs, baseline))
            .collect()
    }
}

impl Fit {
    fn overfitting(&self, epochs: &[EpochRecord], baseline: Option<f64>) -> Option<Finding> {
        let loss = |record: &EpochRecord| Some(record.validation.as_ref()?.loss);
        let (last, end) = epochs.last().and_then(|last| Some((last, loss(last)?)))?;
        let validated =
            epochs.iter().enumerate().filter_map(|(i, record)| Some((i, record, loss(record)?)));
        let (place, best, low) = validated.min_by(|a, b| a.2.total_cmp(&b.2))?;
        let first = epochs.iter().find_map(loss)?;
        let size = if low > 0.0 { low } else { low.abs().max(first - low) };
        let worse = end - low > (self.worse - 1.0) * size;
        let learned = last.train.loss <= times(0.9, best.train.loss);
        // By their places, since a log from elsewhere may number its epochs as it likes.
        let back = epochs.len() - 1 - place;
        let matters = baseline.is_none_or(|constant| end > self.negligible * constant);
        (worse && back >= self.patience && learned && matters).then(|| Finding {
            kind: Kind::Overfitting,
            severity: Severity::Warning,
            layer: None,
            evidence: format!(
                "the loss on the validation data was best in epoch {} with {} and ends at {}, \
                 while that on the \
                 training data fell from {} to {}",
                best.epoch,
                words(low),
                words(end),
                words(best.train.loss),
                words(last.train.loss)
            ),
            remedy:
                "stop early or keep the best weights; more data, a smaller model, weight decay \
                     or dropout help"
                    .to_owned(),
            remedies: vec![Change::early_stopping(2), Change::set("dropout", 0.5)],
        })
    }

    fn underfitting(&self, epochs: &[EpochRecord], baseline: Option<f64>) -> Option<Finding> {
        let (first, last) = (epochs.first()?.train.loss, epochs.last()?.train.loss);
        let limit = baseline.unwrap_or(first);
        let falls = last < times(1.0 - self.plateau, epochs[epochs.len() / 2].train.loss);
        let enough = epochs.len() >= self.epochs.max(2) && !falls;
        (enough && limit != 0.0 && last > times(self.constant, limit)).then(|| {
            let against = match baseline {
                Some(constant) => format!("the best constant answer has {}", words(constant)),
                None => format!("it began at {}", words(first)),
            };
            Finding {
                kind: Kind::Underfitting,
                severity: Severity::Warning,
                layer: None,
                evidence: format!(
                    "after {} epochs the loss on the training data is {}, where {against}",
                    epochs.len(),
                    words(last)
                ),
                remedy:
                    "take a larger model or more epochs, less weight decay or dropout, and see \
                         whether the inputs \
                         say anything about the targets"
                        .to_owned(),
                remedies: vec![Change::times("epochs", 3.0), Change::times("hidden", 4.0)],
            }
        })
    }
}

/// The mean loss of the best answer that does not look at the inputs, for losses of which it is
/// known.
pub(super) fn constant_loss<T: Real>(data: &Dataset<T>, loss: &dyn Loss<T>) -> Option<f64> {
    let entropy = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let means = |values: &[T], width: usize| -> Vec<f64> {
        let rows = (values.len() / width.max(1)).max(1) as f64;
        (0..width)
            .map(|c| values.iter().skip(c).step_by(width).map(|t| t.to_f64()).sum::<f64>() / rows)
            .collect()
    };
    let width = data.targets().width();
    match (data.targets(), loss.name()) {
        (Targets::Classes { .. }, "cross_entropy" | "nll") => {
            let weights = class_weights(&data.class_counts().ok()?, loss)?;
            let all: f64 = weights.iter().sum();
            (all > 0.0).then(|| weights.iter().map(|weight| entropy(weight / all)).sum())
        }
        (Targets::Probabilities(p), "cross_entropy") => {
            Some(means(p.values(), width).into_iter().map(entropy).sum())
        }
        (Targets::Labels(t), "bce_with_logits" | "bce") => {
            let of_label = |p: f64| entropy(p) + entropy(1.0 - p);
            Some(means(t.values(), width).into_iter().map(of_label).sum::<f64>() / width as f64)
        }
        (Targets::Values(t) | Targets::Probabilities(t) | Targets::Labels(t), "mse") => {
            let means = means(t.values(), width);
            let squares =
                t.values().iter().enumerate().map(|(i, t)| (t.to_f64() - means[i % width]).powi(2));
            Some(squares.sum::<f64>() / t.values().len() as f64)
        }
        _ => None,
    }
}

/// The weight of the samples of each class together: their number, unless the loss weighs or
/// ignores classes.
fn class_weights<T: Real>(counts: &[usize], loss: &dyn Loss<T>) -> Option<Vec<f64>> {
    let graph = Graph::<T>::new();
    let target = graph.class_input("target", 1, counts.len());
    let Some(divisor) = loss.divisor([1, counts.len()].into(), target) else {
        return Some(counts.iter().map(|&count| count as f64).collect());
    };
    let divisor = divisor.keep();
    let plan = graph.plan_forward(&[divisor]).ok()?;
    let (params, mut workspace) = (plan.init(0).ok()?, plan.workspace());
    let mut weight = |class| {
        workspace.set(target, &[T::from_usize(class)]).ok()?;
        plan.forward(&params, &mut workspace);
        Some(workspace.value(divisor).values()[0].to_f64())
    };
    let weights = counts.iter().enumerate();
    weights
        .map(
            |(class, &count)| {
                if count == 0 { Some(0.0) } else { Some(weight(class)? * count as f64) }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_train::Scores;

    /// The kinds of finding in these losses on training and validation data.
    fn kinds(train: &[f64], validation: &[f64]) -> Vec<Kind> {
        let scores = |loss| Scores { loss, metrics: Vec::new() };
        let epochs = train.iter().zip(validation).zip(1..).map(|((&train, &validation), epoch)| {
            EpochRecord {
                epoch,
                train: scores(train),
                validation: Some(scores(validation)),
                learning_rate: 0.1,
                seconds: 1.0,
                samples_per_second: 1.0,
            }
        });
        let (epochs, fit) = (epochs.collect::<Vec<_>>(), Fit::default());
        let findings =
            fit.overfitting(&epochs, None).into_iter().chain(fit.underfitting(&epochs, None));
        findings.map(|finding| finding.kind).collect()
    }

    /// Kind "losses over batches" (pytorch#61309): what the best constant answer costs is measured
    /// as the loss is, by classes weighted and ignored.
    #[test]
    fn the_best_constant_answer_is_weighed_as_the_loss_weighs() {
        use chainrule_nn::loss;
        let indices = vec![0, 0, 0, 0, 0, 1, 1, 2, 2, 2];
        let data: Dataset = Dataset::new(
            chainrule_tensor::Tensor::ones([10, 1]),
            Targets::Classes { indices: indices.clone(), classes: 3 },
        )
        .unwrap();
        for (text, weights) in [
            ("cross_entropy", [1.0, 1.0, 1.0]),
            ("cross_entropy(weights=[1, 5, 0.5])", [1.0, 5.0, 0.5]),
            ("cross_entropy(ignore_index=0)", [0.0, 1.0, 1.0]),
            ("cross_entropy(weights=[2, 3, 1], ignore_index=2)", [2.0, 3.0, 0.0]),
            ("nll(weights=[1, 0, 1])", [1.0, 0.0, 1.0]),
        ] {
            let loss = loss::by_name::<f32>(text).unwrap();
            let found = constant_loss(&data, &*loss).unwrap();
            // The mean of the loss over the samples, where each class is given its weighted share.
            let weighed: Vec<f64> =
                weights.iter().zip([5.0, 2.0, 3.0]).map(|(w, n)| w * n).collect();
            let all: f64 = weighed.iter().sum();
            let costs = indices.iter().map(|&c| {
                let (c, w) = (c as usize, weights[c as usize]);
                if w == 0.0 { 0.0 } else { -w * (weighed[c] / all).ln() }
            });
            let expected = costs.sum::<f64>() / all;
            assert!((found - expected).abs() < 1e-6, "{text}: {found}, not {expected}");
        }
        let ignored = Targets::Classes { indices: vec![0; 10], classes: 3 };
        let nothing: Dataset =
            Dataset::new(chainrule_tensor::Tensor::ones([10, 1]), ignored).unwrap();
        assert_eq!(
            constant_loss(&nothing, &*loss::by_name("cross_entropy(ignore_index=0)").unwrap()),
            None
        );
    }

    /// Comparisons with numbers that may be negative or zero: overfitting and underfitting.
    #[test]
    fn losses_below_zero_and_through_it_are_judged_by_their_size() {
        let falling = |from: f64| {
            [0.0, 0.2, 0.4, 0.6, 0.8, 1.0].map(|part| from - part * from.abs().max(1.0))
        };
        let over = [Kind::Overfitting];
        for (course, found) in [
            // The best is above, below and at zero, and is reached in the second epoch.
            ([2.0, 1.0, 1.1, 1.2, 1.3, 1.4], true),
            ([2.0, 1.0, 1.1, 1.2, 1.2, 1.2], false),
            ([-1.0, -2.0, -1.9, -1.7, -1.5, -1.0], true),
            ([-1.0, -2.0, -1.9, -1.8, -1.7, -1.6], false),
            ([1.0, 0.0, 0.1, 0.2, 0.3, 0.4], true),
            ([1.0, 0.0, 0.0, 0.1, 0.1, 0.1], false),
            ([2.0, -0.1, 0.1, 0.5, 0.8, 1.0], true),
            ([2.0, -0.1, 0.0, 0.0, 0.1, 0.2], false),
        ] {
            for train in [2.0, 0.5, -0.5, -2.0].map(falling) {
                assert_eq!(kinds(&train, &course) == over, found, "{train:?} and {course:?}");
            }
        }
        let under = |course: [f64; 6]| kinds(&course, &course) == [Kind::Underfitting];
        for (still, learned) in [
            ([1.0, 1.0, 1.0, 0.99, 0.99, 0.98], [1.0, 0.8, 0.5, 0.3, 0.3, 0.3]),
            ([-1.0, -1.0, -1.0, -1.01, -1.01, -1.02], [-1.0, -1.5, -1.9, -2.0, -2.0, -2.0]),
            (
                [-50.0, -50.0, -50.0, -50.1, -50.2, -50.3],
                [-50.0, -60.0, -70.0, -70.0, -70.0, -70.0],
            ),
            ([-0.1, -0.1, -0.1, -0.1, -0.1, -0.1], [0.1, 0.0, -0.1, -0.2, -0.2, -0.2]),
        ] {
            assert!(under(still) && !under(learned), "{still:?} and {learned:?}");
        }
    }
}
