use std::fmt;

use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::Metric;
use super::average::Counts;
use super::rows::{largest, rows};

/// How often which class was taken for which.
///
/// As a metric its value is the accuracy; a trainer takes `&mut matrix`, and the table is read afterwards. A sample
/// with a NaN among its outputs is predicted as no class: it counts for its class and is wrong. A sample whose target
/// is no class, which a data set refuses, is left out.
///
/// ```
/// use chainrule_train::metric::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(2);
/// for (target, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1)] {
///     matrix.add(target, Some(predicted));
/// }
/// assert_eq!(matrix.count(0, 1), 1);
/// assert_eq!(matrix.precision(1), 2.0 / 3.0);
/// assert_eq!(matrix.recall(0), 0.5);
/// println!("{matrix}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// A row for each right class: the counts of each predicted class, then that of no class.
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// For this many classes, before any sample. A batch with more makes it larger.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        ConfusionMatrix { classes, counts: vec![0; classes * (classes + 1)] }
    }

    /// Counts a sample of the class `target` that was taken for `predicted`.
    pub fn add(&mut self, target: usize, predicted: Option<usize>) {
        self.grow((target + 1).max(predicted.map_or(0, |class| class + 1)));
        self.counts[target * (self.classes + 1) + predicted.unwrap_or(self.classes)] += 1;
    }

    /// Makes room for this many classes.
    fn grow(&mut self, classes: usize) {
        if classes <= self.classes {
            return;
        }
        let mut larger = ConfusionMatrix::new(classes);
        for target in 0..self.classes {
            for predicted in 0..self.classes {
                larger.counts[target * (classes + 1) + predicted] = self.count(target, predicted);
            }
            larger.counts[target * (classes + 1) + classes] = self.unpredicted(target);
        }
        *self = larger;
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many samples of the class `target` were taken for `predicted`.
    ///
    /// # Panics
    /// If one of them is no class.
    #[must_use]
    #[track_caller]
    pub fn count(&self, target: usize, predicted: usize) -> u64 {
        assert!(predicted < self.classes, "there is no class {predicted} among {}", self.classes);
        self.row(target)[predicted]
    }

    /// How many samples of the class `target` have outputs with NaN, which are no class.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn unpredicted(&self, target: usize) -> u64 {
        self.row(target)[self.classes]
    }

    /// The share of samples that are right.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.samples() as f64
    }

    /// The share of what was taken for the class that is of it; 0 if nothing was.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        self.of_class(class).precision()
    }

    /// The share of the class that was taken for it; 0 if there is no sample of it.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        self.of_class(class).recall()
    }

    /// The harmonic mean of precision and recall, `2 hits / (predicted + given)`; 0 if there is neither.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        self.of_class(class).f1()
    }

    /// How many samples are of this class.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn support(&self, class: usize) -> u64 {
        self.row(class).iter().sum()
    }

    #[track_caller]
    pub(super) fn of_class(&self, class: usize) -> Counts {
        let hits = self.count(class, class);
        let predicted = (0..self.classes).map(|target| self.count(target, class)).sum();
        Counts { hits, predicted, given: self.support(class) }
    }

    /// How many samples are right.
    pub(super) fn correct(&self) -> u64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    #[track_caller]
    fn row(&self, target: usize) -> &[u64] {
        assert!(target < self.classes, "there is no class {target} among {}", self.classes);
        &self.counts[target * (self.classes + 1)..][..self.classes + 1]
    }
}

impl Configure for ConfusionMatrix {
    fn formula(&self) -> &'static str {
        "how often which class was taken for which; its value is the accuracy"
    }
}

impl<T: Real> Metric<T> for ConfusionMatrix {
    fn name(&self) -> &'static str {
        "confusion_matrix"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    fn reset(&mut self) {
        self.counts.fill(0);
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        let (_, classes) = prediction.shape().as_rows();
        self.grow(classes);
        for (outputs, target) in rows(prediction, target) {
            if let Some(target) = target.class(classes) {
                self.add(target, largest(outputs));
            }
        }
    }

    fn value(&self) -> f64 {
        self.accuracy()
    }
}

/// A table: a row for each right class, a column for each predicted one, recall and precision at the edges.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = 0..self.classes;
        let most = self.counts.iter().max().copied().unwrap_or(0);
        let width = most.max(self.classes as u64).to_string().len().max(5) + 1;
        write!(f, "{:>9}", "predicted")?;
        classes.clone().try_for_each(|class| write!(f, "{class:>width$}"))?;
        let unpredicted = classes.clone().any(|class| self.unpredicted(class) > 0);
        if unpredicted {
            write!(f, "{:>width$}", "none")?;
        }
        writeln!(f, "  recall")?;
        for target in classes.clone() {
            write!(f, "{target:>9}")?;
            classes.clone().try_for_each(|class| write!(f, "{:>width$}", self.count(target, class)))?;
            if unpredicted {
                write!(f, "{:>width$}", self.unpredicted(target))?;
            }
            writeln!(f, "{:>8.3}", self.recall(target))?;
        }
        write!(f, "precision")?;
        classes.clone().try_for_each(|class| write!(f, "{:>width$.3}", self.precision(class)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn batches_are_counted_and_written_as_a_table() {
        let mut matrix = ConfusionMatrix::default();
        let outputs = Tensor::from_rows([[1.0_f32, 0.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0], [f32::NAN, 0.0, 0.0]]);
        matrix.update(outputs.view(), Tensor::from(vec![0.0, 2.0, 2.0, 2.0]).view());
        assert_eq!((matrix.classes(), matrix.samples(), matrix.unpredicted(2)), (3, 4, 1));
        assert_eq!((matrix.accuracy(), matrix.recall(2), matrix.recall(1)), (0.5, 1.0 / 3.0, 0.0));
        assert_eq!((matrix.precision(1), matrix.f1(2), matrix.support(2)), (0.0, 0.5, 3));
        let table = [
            "predicted     0     1     2  none  recall",
            "        0     1     0     0     0   1.000",
            "        1     0     0     0     0   0.000",
            "        2     0     1     1     1   0.333",
            "precision 1.000 0.000 1.000",
        ];
        assert_eq!(matrix.to_string(), table.join("\n"));
        Metric::<f32>::reset(&mut matrix);
        assert!(matrix.accuracy().is_nan());
    }

    #[test]
    fn a_class_that_comes_late_keeps_the_counts() {
        let mut matrix = ConfusionMatrix::new(2);
        matrix.add(1, Some(0));
        matrix.add(1, None);
        matrix.add(3, Some(1));
        assert_eq!((matrix.classes(), matrix.samples()), (4, 3));
        assert_eq!((matrix.count(1, 0), matrix.unpredicted(1), matrix.count(3, 1)), (1, 1, 1));
    }

    #[test]
    #[should_panic(expected = "there is no class 2 among 2")]
    fn a_class_that_is_not_there_is_named() {
        _ = ConfusionMatrix::new(2).precision(2);
    }
}
