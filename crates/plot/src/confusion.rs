use crate::canvas::Canvas;
use crate::cells::{Cells, same_length};
use crate::figure::Figure;

/// How often each class was taken for which: a row for each true class, a column for each predicted
/// one.
///
/// The colour is the share of the row, so that rare classes are seen as well; the number is the
/// count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// The title.
    pub title: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// `counts[truth][prediction]`.
    pub counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// With these names.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        classes: Vec<String>,
        counts: Vec<Vec<u64>>,
    ) -> ConfusionMatrix {
        ConfusionMatrix { title: title.into(), classes, counts }
    }

    fn summary(&self) -> String {
        let total: u64 = self.counts.iter().flatten().sum();
        let right: u64 =
            self.counts.iter().enumerate().filter_map(|(class, row)| row.get(class)).sum();
        let share = if total == 0 { f64::NAN } else { 100.0 * right as f64 / total as f64 };
        let worst = self.counts.iter().enumerate().flat_map(|(truth, row)| {
            row.iter()
                .enumerate()
                .filter(move |(class, _)| *class != truth)
                .map(move |(class, count)| (count, truth, class))
        });
        // The first of equals.
        let worst = worst.reduce(|best, other| if other.0 > best.0 { other } else { best });
        let confused = match worst {
            Some((&count, truth, class)) if count > 0 => {
                format!(
                    "; most often {} is taken for {} ({count} times)",
                    self.classes[truth], self.classes[class]
                )
            }
            _ => String::new(),
        };
        format!("{right} of {total} right ({share:.1} %){confused}")
    }
}

impl Figure for ConfusionMatrix {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        if self.check().is_ok() {
            format!("Confusion matrix: {}.", self.summary())
        } else {
            String::new()
        }
    }

    fn size(&self) -> (u32, u32) {
        (560, 520)
    }

    fn check(&self) -> Result<(), String> {
        same_length("the counts", &self.counts)?;
        let (rows, columns) = (self.counts.len(), self.counts.first().map_or(0, Vec::len));
        match self.classes.len() {
            classes if classes == rows && classes == columns => Ok(()),
            classes => Err(format!(
                "the counts are [{rows}, {columns}] for {classes} classes: they must be square"
            )),
        }
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        if self.counts.iter().flatten().all(|&count| count == 0) {
            return below.nothing("There are no predictions to show.");
        }
        let ticks = [0.0, 0.5, 1.0].map(|share| (share, format!("{:.0} %", 100.0 * share)));
        let shade = |share: f64| theme.background().mix(theme.series(0), share);
        let below =
            below.remark(&self.summary()).color_bar("share of the true class", &ticks, shade);
        let cells = Cells {
            rows: self.classes.len(),
            columns: self.classes.len(),
            row_names: &self.classes,
            column_names: &self.classes,
            x_label: "predicted",
            y_label: "true",
            square: true,
        };
        let totals: Vec<u64> = self.counts.iter().map(|row| row.iter().sum()).collect();
        let share =
            |row: usize, column: usize| self.counts[row][column] as f64 / totals[row].max(1) as f64;
        let text = |count: u64| if count == 0 { String::new() } else { count.to_string() };
        // A single mistake among hundreds is to be seen: what is not zero starts with a visible
        // shade.
        let visible = |share: f64| if share > 0.0 { 0.12 + 0.88 * share } else { 0.0 };
        cells.draw(
            &below,
            |row, column| shade(visible(share(row, column))),
            |row, column| text(self.counts[row][column]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn classes(count: usize) -> Vec<String> {
        (0..count).map(|class| class.to_string()).collect()
    }

    #[test]
    fn counts_and_summary() {
        let matrix = ConfusionMatrix::new(
            "test",
            classes(3),
            vec![vec![9, 0, 1], vec![2, 8, 0], vec![0, 0, 30]],
        );
        let picture = check::picture(&matrix);
        for text in [
            "9",
            "30",
            "predicted",
            "true",
            "47 of 50 right (94.0 %); most often 1 is taken for 0 (2 times)",
        ] {
            assert!(picture.says(text), "{text}: {:?}", picture.texts);
        }
    }

    #[test]
    fn none_one_and_many_classes() {
        assert!(
            check::picture(&ConfusionMatrix::new("a", vec![], vec![]))
                .says("There are no predictions to show.")
        );
        check::picture(&ConfusionMatrix::new("a", classes(1), vec![vec![0]]));
        check::picture(&ConfusionMatrix::new("a", classes(1), vec![vec![7]]));
        check::picture(&ConfusionMatrix::new("a", classes(100), vec![vec![123_456; 100]; 100]));
        let long =
            (0..10).map(|class| format!("a class with a very long name, number {class}")).collect();
        check::picture(&ConfusionMatrix::new("a", long, vec![vec![123_456; 10]; 10]));
    }

    #[test]
    fn it_must_be_square() {
        let matrix = ConfusionMatrix::new("a", classes(2), vec![vec![1, 2]]);
        let message = "the counts are [1, 2] for 2 classes: they must be square";
        assert_eq!(matrix.check().unwrap_err(), message);
        check::picture(&matrix);
    }
}
