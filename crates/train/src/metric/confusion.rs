use chainrule_config::formula;
use std::collections::HashMap;
use std::fmt;

use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView, memory};

use super::Metric;
use super::average::Counts;
use super::rows::{largest, rows};

/// How often which class was taken for which.
///
/// As a metric its value is the accuracy; a trainer takes `&mut matrix`, and the table is read
/// afterwards. A sample with a NaN among its outputs is predicted as no class: it counts for its
/// class and is wrong. A sample whose target is no class, which a data set refuses, is left out.
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
    classes: Vec<Class>,
    pairs: Pairs,
}

/// The counts of each class, so that a score needs no row or column of the matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Class {
    counts: Counts,
    /// Of those given, how many are taken for no class.
    unpredicted: u64,
}

/// How often which class was taken for which.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pairs {
    /// A row for each right class.
    Table(Vec<u64>),
    /// Those that occurred: of many classes, most are never taken for most others.
    Seen(HashMap<(usize, usize), u64>),
}

impl Default for Pairs {
    fn default() -> Self {
        Pairs::Table(Vec::new())
    }
}

/// From more classes than this on only the pairs that occurred are kept: a table of 100,000 takes
/// 80 GB.
const MOST_IN_TABLE: usize = 1_000;

impl ConfusionMatrix {
    /// For this many classes, before any sample. A batch with more makes it larger.
    ///
    /// # Panics
    /// If [memory] cannot hold the counts of so many classes.
    #[track_caller]
    #[must_use]
    pub fn new(classes: usize) -> Self {
        let mut matrix = ConfusionMatrix::default();
        matrix.grow(classes);
        matrix
    }

    /// Counts a sample of the class `target` that was taken for `predicted`.
    ///
    /// # Panics
    /// As [`new`](ConfusionMatrix::new).
    #[track_caller]
    pub fn add(&mut self, target: usize, predicted: Option<usize>) {
        self.grow(target.max(predicted.unwrap_or(0)).saturating_add(1));
        self.classes[target].counts.given += 1;
        let Some(predicted) = predicted else {
            self.classes[target].unpredicted += 1;
            return;
        };
        self.classes[target].counts.hits += u64::from(target == predicted);
        self.classes[predicted].counts.predicted += 1;
        match &mut self.pairs {
            Pairs::Table(table) => table[target * self.classes.len() + predicted] += 1,
            Pairs::Seen(seen) => *seen.entry((target, predicted)).or_default() += 1,
        }
    }

    /// Makes room for this many classes.
    #[track_caller]
    fn grow(&mut self, classes: usize) {
        let before = self.classes.len();
        if classes <= before {
            return;
        }
        if let Err(why) = memory::check::<Class>(classes) {
            panic!("a confusion matrix of {classes} classes is too large: {why}");
        }
        self.classes.resize(classes, Class::default());
        let Pairs::Table(table) = &self.pairs else { return };
        let counts = table.iter().enumerate().filter(|&(_, &count)| count > 0);
        let counts = counts.map(|(at, &count)| ((at / before, at % before), count));
        self.pairs = if classes > MOST_IN_TABLE {
            Pairs::Seen(counts.collect())
        } else {
            let mut larger = vec![0; classes * classes];
            counts.for_each(|((target, predicted), count)| {
                larger[target * classes + predicted] = count
            });
            Pairs::Table(larger)
        };
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.classes.iter().map(|class| class.counts.given).sum()
    }

    /// How many samples of the class `target` were taken for `predicted`.
    ///
    /// # Panics
    /// If one of them is no class.
    #[must_use]
    #[track_caller]
    pub fn count(&self, target: usize, predicted: usize) -> u64 {
        _ = (self.class(target), self.class(predicted));
        match &self.pairs {
            Pairs::Table(table) => table[target * self.classes.len() + predicted],
            Pairs::Seen(seen) => seen.get(&(target, predicted)).copied().unwrap_or(0),
        }
    }

    /// How many samples of the class `target` have outputs with NaN, which are no class.
    ///
    /// # Panics
    /// If it is no class.
    #[must_use]
    #[track_caller]
    pub fn unpredicted(&self, target: usize) -> u64 {
        self.class(target).unpredicted
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

    /// The harmonic mean of precision and recall, `2 hits / (predicted + given)`; 0 if there is
    /// neither.
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
        self.of_class(class).given
    }

    #[track_caller]
    pub(super) fn of_class(&self, class: usize) -> Counts {
        self.class(class).counts
    }

    /// How many samples are right.
    pub(super) fn correct(&self) -> u64 {
        self.classes.iter().map(|class| class.counts.hits).sum()
    }

    #[track_caller]
    fn class(&self, class: usize) -> &Class {
        let classes = self.classes.len();
        self.classes
            .get(class)
            .unwrap_or_else(|| panic!("there is no class {class} among {classes}"))
    }
}

formula!(ConfusionMatrix: "how often which class was taken for which; its value is the accuracy");

impl<T: Real> Metric<T> for ConfusionMatrix {
    fn name(&self) -> &'static str {
        "confusion_matrix"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    fn reset(&mut self) {
        self.classes.fill(Class::default());
        match &mut self.pairs {
            Pairs::Table(table) => table.fill(0),
            Pairs::Seen(seen) => seen.clear(),
        }
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

/// A table: a row for each right class, a column for each predicted one, recall and precision at
/// the edges. Of more than 1,000 classes, which no one reads, it gives their number and the
/// accuracy.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = 0..self.classes();
        let Pairs::Table(table) = &self.pairs else {
            return write!(f, "{} classes, accuracy {:.3}", classes.len(), self.accuracy());
        };
        let unpredicted = self.classes.iter().map(|class| class.unpredicted);
        let most = table.iter().copied().chain(unpredicted).max().unwrap_or(0);
        let width = most.max(classes.len() as u64).to_string().len().max(5) + 1;
        write!(f, "{:>9}", "predicted")?;
        classes.clone().try_for_each(|class| write!(f, "{class:>width$}"))?;
        let unpredicted = classes.clone().any(|class| self.unpredicted(class) > 0);
        if unpredicted {
            write!(f, "{:>width$}", "none")?;
        }
        writeln!(f, "  recall")?;
        for target in classes.clone() {
            write!(f, "{target:>9}")?;
            classes
                .clone()
                .try_for_each(|class| write!(f, "{:>width$}", self.count(target, class)))?;
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
        let outputs = Tensor::from_rows([
            [1.0_f32, 0.0, 0.0],
            [0.0, 1.0, 0.5],
            [0.0, 0.0, 1.0],
            [f32::NAN, 0.0, 0.0],
        ]);
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

    // Memory safety: a table of 100,000 classes asks for 80 GB.
    #[test]
    fn of_many_classes_only_what_occurs_is_kept() {
        let mut few = ConfusionMatrix::new(3);
        for (target, predicted) in [(0, Some(0)), (2, Some(1)), (2, None)] {
            few.add(target, predicted);
        }
        let mut many = few.clone();
        many.add(99_999, Some(7));
        many.add(99_999, Some(99_999));
        assert_eq!((many.classes(), many.samples(), many.accuracy()), (100_000, 5, 0.4));
        assert_eq!((many.count(2, 1), many.count(99_999, 7), many.count(5, 5)), (1, 1, 0));
        assert_eq!((many.unpredicted(2), many.support(99_999), many.precision(7)), (1, 2, 0.0));
        assert_eq!(many.to_string(), "100000 classes, accuracy 0.400");
        Metric::<f32>::reset(&mut many);
        assert_eq!((many.samples(), many.count(2, 1), many.classes()), (0, 0, 100_000));
    }

    #[test]
    #[should_panic(expected = "a confusion matrix of 18446744073709551615 classes is too large")]
    fn more_classes_than_memory_holds_panic() {
        ConfusionMatrix::default().add(usize::MAX, None);
    }

    #[test]
    #[should_panic(expected = "there is no class 2 among 2")]
    fn a_class_that_is_not_there_is_named() {
        _ = ConfusionMatrix::new(2).precision(2);
    }
}
