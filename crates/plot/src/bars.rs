use crate::axis::{Axis, brief, shown};
use crate::canvas::{Canvas, Mark};
use crate::chart::Chart;
use crate::figure::Figure;

/// Numbers side by side: times, sizes, scores of several models.
///
/// What is not finite is left out and named below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// The title.
    pub title: String,
    /// The meaning of the height.
    pub y_label: String,
    /// The names below the groups of bars.
    pub labels: Vec<String>,
    /// The bars of a group, with a number for each label.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Bars {
    /// Without bars.
    #[must_use]
    pub fn new(title: impl Into<String>, y_label: impl Into<String>, labels: Vec<String>) -> Bars {
        Bars { title: title.into(), y_label: y_label.into(), labels, series: Vec::new() }
    }

    /// Adds a bar to each group.
    #[must_use]
    pub fn series(mut self, label: impl Into<String>, values: Vec<f64>) -> Bars {
        self.series.push((label.into(), values));
        self
    }
}

impl Figure for Bars {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let series = self.series.iter().map(|(name, values)| {
            let pairs = self
                .labels
                .iter()
                .zip(values)
                .map(|(label, &value)| format!("{label} {}", brief(value)));
            let pairs = pairs.collect::<Vec<_>>().join(", ");
            if name.is_empty() { pairs } else { format!("{name}: {pairs}") }
        });
        format!("Bars of {}: {}.", self.y_label, series.collect::<Vec<_>>().join("; "))
    }

    fn check(&self) -> Result<(), String> {
        let labels = self.labels.len();
        match self.series.iter().find(|series| series.1.len() != labels) {
            Some((name, values)) => {
                Err(format!("\"{name}\" has {} numbers for {labels} labels", values.len()))
            }
            None => Ok(()),
        }
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let marks = self
            .series
            .iter()
            .enumerate()
            .map(|(index, (label, _))| (label.as_str(), Mark::Fill(theme.series(index))));
        let marks: Vec<_> = marks.filter(|mark| !mark.0.is_empty()).collect();
        let left_out: Vec<&str> = self
            .labels
            .iter()
            .enumerate()
            .filter(|(index, _)| self.series.iter().any(|series| !shown(series.1[*index])))
            .map(|(_, label)| label.as_str())
            .collect();
        let below = canvas.titled(&self.title).legend(&marks);
        let below = below.remark(&match left_out.is_empty() {
            true => String::new(),
            false => format!("not finite, and left out: {}", left_out.join(", ")),
        });
        let all = || {
            self.series
                .iter()
                .flat_map(|series| series.1.iter().copied())
                .filter(|&value| shown(value))
        };
        if all().next().is_none() {
            return below.nothing("There are no bars to show.");
        }
        let mut y = Axis::around(&self.y_label, all().chain([0.0]), false, true);
        if all().all(|value| value >= 0.0) {
            y = y.starting_at(0.0);
        }
        let chart = Chart::with_grid(&below, Axis::named(&self.labels), y, (false, true));
        let width = 0.8 / self.series.len() as f64;
        for (index, (name, values)) in self.series.iter().enumerate() {
            canvas.group("series", name, || {
                for (group, &value) in values.iter().enumerate().filter(|(_, value)| shown(**value))
                {
                    let left = group as f64 - 0.4 + index as f64 * width;
                    let title = format!("{} {name}: {}", self.labels[group], brief(value));
                    canvas.group("bar", title.trim(), || {
                        chart.rectangle(
                            (left, 0.0),
                            (left + width * 0.92, value),
                            theme.series(index),
                        );
                    });
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn labels(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("model number {index}")).collect()
    }

    #[test]
    fn a_bar_for_each_number() {
        let bars = Bars::new("Scores", "accuracy", labels(3)).series("a", vec![0.5, 0.6, 0.7]);
        let picture = check::picture(&bars.series("b", vec![0.1, f64::NAN, -0.2]));
        assert_eq!((picture.count("series"), picture.count("bar")), (2, 5));
        assert!(picture.says("not finite, and left out: model number 1"), "{:?}", picture.texts);
    }

    #[test]
    fn none_many_and_extreme() {
        assert!(check::picture(&Bars::new("a", "", vec![])).says("There are no bars to show."));
        assert!(check::picture(&Bars::new("a", "", labels(2))).says("There are no bars to show."));
        check::picture(&Bars::new("a", "", labels(300)).series("", vec![1.0; 300]));
        check::picture(&Bars::new("a", "", labels(2)).series("", vec![0.0, 0.0]));
        check::picture(&Bars::new("a", "", labels(2)).series("", vec![1e300, f64::INFINITY]));
    }

    #[test]
    fn a_number_for_each_label() {
        let bars = Bars::new("a", "", labels(2)).series("times", vec![1.0]);
        assert_eq!(bars.check().unwrap_err(), "\"times\" has 1 numbers for 2 labels");
    }
}
