//! The confusion matrix: which digits are taken for which.

use chainrule::prelude::Digits;

use super::answer::Answer;
use crate::terminal::paint::Paint;

const CLASSES: usize = Digits::CLASSES;

/// How many digits of each class were taken for each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: [[usize; CLASSES]; CLASSES],
}

impl Confusion {
    /// Counts the answers.
    pub fn of(answers: &[Answer]) -> Self {
        let mut counts = [[0; CLASSES]; CLASSES];
        for answer in answers {
            counts[answer.truth][answer.predicted] += 1;
        }
        Confusion { counts }
    }

    /// How many digits `truth` were taken for `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> usize {
        self.counts[truth][predicted]
    }

    /// How many digits `truth` there are.
    pub fn truths(&self, truth: usize) -> usize {
        self.counts[truth].iter().sum()
    }

    /// How many digits were taken for `predicted`.
    pub fn predictions(&self, predicted: usize) -> usize {
        self.counts.iter().map(|row| row[predicted]).sum()
    }

    /// A row for each true class, a column for each predicted one; a dot for none.
    pub fn table(&self, paint: Paint) -> String {
        let header: String = (0..CLASSES).map(|class| format!("{class:>5}")).collect();
        let mut table = format!("{}\n{}\n", "     predicted", paint.bold(&format!("true{header}")));
        for (truth, row) in self.counts.iter().enumerate() {
            table += &format!("{truth:>4}");
            for (predicted, &count) in row.iter().enumerate() {
                let cell = if count == 0 { format!("{:>5}", ".") } else { format!("{count:>5}") };
                table += &match count {
                    0 => cell,
                    _ if truth == predicted => paint.green(&cell),
                    _ => paint.red(&cell),
                };
            }
            table.push('\n');
        }
        table
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Digits as (true, predicted).
    pub fn confusion(pairs: &[(usize, usize)]) -> Confusion {
        let answer = |(sample, &(truth, predicted))| Answer {
            sample,
            truth,
            predicted,
            probability: Some(1.0),
        };
        Confusion::of(&pairs.iter().enumerate().map(answer).collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_true_and_columns_predicted() {
        let mut pairs = vec![(0, 0); 12];
        pairs.extend([(3, 9), (3, 3), (9, 3), (9, 3)]);
        let confusion = confusion(&pairs);
        assert_eq!(
            (confusion.truths(3), confusion.predictions(3), confusion.count(9, 3)),
            (2, 3, 2)
        );
        assert_eq!(
            confusion.table(Paint::new(false)),
            "     predicted
true    0    1    2    3    4    5    6    7    8    9
   0   12    .    .    .    .    .    .    .    .    .
   1    .    .    .    .    .    .    .    .    .    .
   2    .    .    .    .    .    .    .    .    .    .
   3    .    .    .    1    .    .    .    .    .    1
   4    .    .    .    .    .    .    .    .    .    .
   5    .    .    .    .    .    .    .    .    .    .
   6    .    .    .    .    .    .    .    .    .    .
   7    .    .    .    .    .    .    .    .    .    .
   8    .    .    .    .    .    .    .    .    .    .
   9    .    .    .    2    .    .    .    .    .    .
"
        );
        let coloured = confusion.table(Paint::new(true));
        assert!(
            coloured.contains("\u{1b}[32m   12\u{1b}[0m")
                && coloured.contains("\u{1b}[31m    2\u{1b}[0m")
        );
    }
}
