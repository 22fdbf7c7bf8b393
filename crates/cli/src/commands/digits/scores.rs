//! Precision, recall and F1 of each class.

use chainrule::prelude::Digits;

use super::confusion::Confusion;
use crate::terminal::paint::Paint;
use chainrule::config::number::percent;

/// How well one class is recognised; `None` where it would be 0 / 0.
struct Scores {
    /// Which share of what was taken for the class is of the class.
    precision: Option<f64>,
    /// Which share of the class was recognised.
    recall: Option<f64>,
    /// The harmonic mean of both.
    f1: Option<f64>,
}

impl Scores {
    fn of(confusion: &Confusion, class: usize) -> Self {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let hits = confusion.count(class, class);
        let (truths, predictions) = (confusion.truths(class), confusion.predictions(class));
        Scores {
            precision: share(hits, predictions),
            recall: share(hits, truths),
            f1: share(2 * hits, truths + predictions),
        }
    }
}

/// A row for each class, and the mean over the classes, in which 0 / 0 counts as 0. Support is the
/// number of digits of the class.
pub fn table(confusion: &Confusion, paint: Paint) -> String {
    let scores: Vec<Scores> =
        (0..Digits::CLASSES).map(|class| Scores::of(confusion, class)).collect();
    let mean = |score: fn(&Scores) -> Option<f64>| {
        Some(
            scores.iter().map(|scores| score(scores).unwrap_or(0.0)).sum::<f64>()
                / scores.len() as f64,
        )
    };
    let mean =
        Scores { precision: mean(|s| s.precision), recall: mean(|s| s.recall), f1: mean(|s| s.f1) };

    let header = format!(
        "{:>5}  {:>9}  {:>7}  {:>7}  {:>7}",
        "digit", "precision", "recall", "F1", "support"
    );
    let mut table = format!("{}\n", paint.bold(&header));
    for (class, scores) in scores.iter().enumerate() {
        table += &row(&class.to_string(), scores, confusion.truths(class));
    }
    table + &row("mean", &mean, (0..Digits::CLASSES).map(|class| confusion.truths(class)).sum())
}

fn row(name: &str, scores: &Scores, support: usize) -> String {
    let [precision, recall, f1] = [scores.precision, scores.recall, scores.f1]
        .map(|score| score.map_or("-".to_owned(), percent));
    format!("{name:>5}  {precision:>9}  {recall:>7}  {f1:>7}  {support:>7}\n")
}

#[cfg(test)]
mod tests {
    use super::super::confusion::tests::confusion;
    use super::*;

    #[test]
    fn scores_follow_their_definitions() {
        // Of four sevens, three are seen, one is taken for a 1; a 1 is taken for a 7. Nothing is
        // taken for a 2, and there is no 9.
        let mut pairs = vec![(7, 7), (7, 7), (7, 7), (7, 1), (1, 7), (2, 0)];
        pairs.extend([(0, 0), (3, 3), (4, 4), (5, 5), (6, 6), (8, 8)]);
        assert_eq!(
            table(&confusion(&pairs), Paint::new(false)),
            "digit  precision   recall       F1  support
    0     50.0 %  100.0 %   66.7 %        1
    1      0.0 %    0.0 %    0.0 %        1
    2          -    0.0 %    0.0 %        1
    3    100.0 %  100.0 %  100.0 %        1
    4    100.0 %  100.0 %  100.0 %        1
    5    100.0 %  100.0 %  100.0 %        1
    6    100.0 %  100.0 %  100.0 %        1
    7     75.0 %   75.0 %   75.0 %        4
    8    100.0 %  100.0 %  100.0 %        1
    9          -        -        -        0
 mean     62.5 %   67.5 %   64.2 %       12
"
        );
    }
}
