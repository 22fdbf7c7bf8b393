use crate::axis::{Axis, brief, shown};
use crate::canvas::{Canvas, Mark};
use crate::chart::Chart;
use crate::figure::Figure;
use crate::surface::Point;

/// Losses, metrics, learning rates: one or more curves over steps or epochs.
///
/// From the ninth curve on, lines are dashed, since colours start again. A value that is not finite
/// leaves a gap. On a logarithmic axis, what is not above zero is drawn at its lower end, marked
/// `≤ 0`.
///
/// ```
/// use chainrule_plot::{Curves, Figure, Theme};
///
/// let svg = Curves::new("Loss")
///     .labels("epoch", "cross-entropy")
///     .curve("training", &[2.3, 0.9, 0.4, 0.2])
///     .curve("validation", &[2.3, 1.0, 0.6, 0.5])
///     .log_y()
///     .svg(Theme::Dark);
/// assert_eq!(svg.matches("class=\"series\"").count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// The title.
    pub title: String,
    /// The label of the axis to the right.
    pub x_label: String,
    /// The label of the axis upward.
    pub y_label: String,
    /// The curves.
    pub series: Vec<Series>,
    /// True if the axis to the right is logarithmic.
    pub log_x: bool,
    /// True if the axis upward is logarithmic.
    pub log_y: bool,
}

/// A curve with its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The text in the legend.
    pub label: String,
    /// Pairs of x and y in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

impl Curves {
    /// Without curves and labels, both axes linear.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Curves {
        Curves { title: title.into(), ..Curves::default() }
    }

    /// Names the axes.
    #[must_use]
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Curves {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// Adds values at x = 1, 2, 3, ...
    #[must_use]
    pub fn curve(self, label: impl Into<String>, values: &[f64]) -> Curves {
        let points =
            values.iter().enumerate().map(|(index, &value)| ((index + 1) as f64, value)).collect();
        self.points(label, points)
    }

    /// Adds pairs of x and y.
    #[must_use]
    pub fn points(mut self, label: impl Into<String>, points: Vec<(f64, f64)>) -> Curves {
        self.series.push(Series { label: label.into(), points });
        self
    }

    /// Makes the axis to the right logarithmic, as for learning rates.
    #[must_use]
    pub fn log_x(mut self) -> Curves {
        self.log_x = true;
        self
    }

    /// Makes the axis upward logarithmic.
    #[must_use]
    pub fn log_y(mut self) -> Curves {
        self.log_y = true;
        self
    }
}

/// The most curves that the description tells of one by one.
const TOLD: usize = 4;

impl Figure for Curves {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let ends = self.series.iter().map(|series| {
            let mut points = series.points.iter().filter(|&&(x, y)| shown(x) && shown(y));
            let count = points.clone().count();
            match (points.next(), points.next_back()) {
                (Some(first), Some(last)) => {
                    format!(
                        "{} with {count} points from {} to {}",
                        series.label,
                        brief(first.1),
                        brief(last.1)
                    )
                }
                (Some(only), None) => {
                    format!("{} with one point at {}", series.label, brief(only.1))
                }
                _ => format!("{} without points", series.label),
            }
        });
        let more = match self.series.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let ends = match self.series.len() {
            0 => "none".to_owned(),
            _ => ends.take(TOLD).collect::<Vec<_>>().join("; "),
        };
        let named = |word: &str, label: &str| {
            if label.is_empty() { String::new() } else { format!(" {word} {label}") }
        };
        let (of, over) = (named("of", &self.y_label), named("over", &self.x_label));
        format!("Curves{of}{over}: {ends}{more}.")
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let all = || self.series.iter().flat_map(|series| &series.points);
        let left_out = all().filter(|&&(x, y)| !(shown(x) && shown(y))).count();
        let marks = self.series.iter().enumerate().map(|(index, series)| {
            (series.label.as_str(), Mark::Line(theme.series(index), index / 8))
        });
        let below = canvas.titled(&self.title).legend(&marks.collect::<Vec<_>>());
        let below = below.remark(&match left_out {
            0 => String::new(),
            1 => "1 point that is not finite is left out".to_owned(),
            count => format!("{count} points that are not finite are left out"),
        });
        if all().count() == left_out {
            return below.nothing("There are no points to show.");
        }
        let known = || all().filter(|&&(x, y)| shown(x) && shown(y));
        let x = Axis::around(&self.x_label, known().map(|point| point.0), self.log_x, false);
        let y = Axis::around(&self.y_label, known().map(|point| point.1), self.log_y, true);
        let mut chart = Chart::new(&below, x, y);
        for (index, series) in self.series.iter().enumerate() {
            canvas.group("series", &series.label, || {
                let color = theme.series(index);
                for run in runs(&series.points, &chart) {
                    // Few points are marked; a point without neighbours would not be seen at all.
                    if series.points.len() <= 20 || run.len() == 1 {
                        for &(x, y) in &run {
                            let (x, y) = chart.at(x, y);
                            below.circle(x, y, 2.6, color);
                        }
                    }
                    chart.line(&thinned(&run), color, 2.0, index / 8);
                }
            });
        }
    }
}

/// Positions of the points, cut where one cannot be shown.
fn runs(points: &[(f64, f64)], chart: &Chart<'_>) -> Vec<Vec<Point>> {
    let positions = points.iter().map(|&(x, y)| Some((chart.x.position(x)?, chart.y.position(y)?)));
    let mut runs = vec![Vec::new()];
    for position in positions {
        match position {
            Some(point) => runs.last_mut().expect("never empty").push(point),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Of very many points, the lowest and the highest of each group of neighbours: more cannot be
/// seen.
fn thinned(points: &[Point]) -> Vec<Point> {
    const GROUPS: usize = 1500;
    if points.len() <= 2 * GROUPS {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(2 * GROUPS + 2);
    for group in points.chunks(points.len().div_ceil(GROUPS)) {
        let by_height = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
        let (low, high) = (group.iter().min_by(by_height), group.iter().max_by(by_height));
        let mut pair: Vec<Point> = low.into_iter().chain(high).copied().collect();
        pair.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.extend(pair);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn losses() -> Curves {
        let training =
            (0..60).map(|epoch| 2.3 * (-0.08 * f64::from(epoch)).exp() + 0.02).collect::<Vec<_>>();
        let validation = training.iter().map(|loss| loss * 1.1 + 0.1).collect::<Vec<_>>();
        Curves::new("Loss")
            .labels("epoch", "loss")
            .curve("training", &training)
            .curve("validation", &validation)
    }

    #[test]
    fn each_curve_is_a_line_with_its_name_in_the_legend() {
        let picture = check::picture(&losses());
        assert_eq!(picture.count("series"), 2);
        for text in ["Loss", "epoch", "loss", "training", "validation", "10", "60"] {
            assert!(picture.says(text), "{text}: {:?}", picture.texts);
        }
    }

    #[test]
    fn twelve_curves_and_long_names() {
        let mut curves = Curves::new("A title that is far too long for its picture, ".repeat(4))
            .labels("x", "y");
        for index in 0..12 {
            let name = format!("encoder.{index}.weight with a long name");
            curves = curves.curve(name, &[1.0, f64::from(index), 3.0]);
        }
        assert_eq!(check::picture(&curves).count("series"), 12);
    }

    #[test]
    fn extreme_values_leave_gaps_and_a_remark() {
        let values = [1.0, f64::NAN, 2.0, f64::INFINITY, 3.0, 4.0, 1e301, f64::NEG_INFINITY];
        for curves in [
            Curves::new("a").curve("a", &values),
            Curves::new("a").curve("a", &values).log_y().log_x(),
        ] {
            let picture = check::picture(&curves);
            assert!(
                picture.says("4 points that are not finite are left out"),
                "{:?}",
                picture.texts
            );
            assert_eq!(picture.svg.matches("<circle").count(), 4);
        }
    }

    #[test]
    fn nothing_one_point_and_zeros_on_a_logarithmic_axis() {
        assert!(check::picture(&Curves::new("a")).says("There are no points to show."));
        assert!(
            check::picture(&Curves::new("a").curve("a", &[f64::NAN]))
                .says("There are no points to show.")
        );
        assert_eq!(
            check::picture(&Curves::new("a").curve("a", &[3.0])).svg.matches("<circle").count(),
            1
        );
        assert!(
            check::picture(&Curves::new("a").curve("a", &[1.0, 0.0, 0.1, -1.0]).log_y())
                .says("\u{2264} 0")
        );
        check::picture(&Curves::new("a").curve("a", &[0.0, -1.0]).log_y());
        check::picture(&Curves::new("a").curve("a", &[1e300, -1e300]));
        check::picture(&Curves::new("a").curve("a", &[5e-324, 0.0]).log_y());
    }

    #[test]
    fn many_points_keep_their_peaks() {
        let mut points: Vec<Point> = (0..100_000).map(|index| (f64::from(index), 0.0)).collect();
        (points[5_003].1, points[77_777].1) = (9.0, -9.0);
        let kept = thinned(&points);
        assert!(
            kept.len() <= 3002
                && kept.contains(&(5_003.0, 9.0))
                && kept.contains(&(77_777.0, -9.0))
        );
    }

    #[test]
    fn the_description_says_where_curves_start_and_end() {
        let curves = Curves::new("Loss").labels("epoch", "loss").curve("training", &[2.0, 0.5]);
        assert_eq!(
            curves.description(),
            "Curves of loss over epoch: training with 2 points from 2 to 0.5."
        );
        assert_eq!(Curves::new("Loss").description(), "Curves: none.");
        let odd =
            Curves::new("a").labels("x", "y").curve("a", &[f64::NAN, 3.0, 2.0, f64::INFINITY]);
        let odd = odd.curve("b", &[1.0]).curve("c", &[]).curve("d", &[1.0, 2.0]);
        let expected = "Curves of y over x: a with 2 points from 3 to 2; b with one point at 1; c \
                        without points; d \
                        with 2 points from 1 to 2";
        assert_eq!(odd.description(), format!("{expected}."));
        assert_eq!(
            odd.curve("e", &[1.0]).curve("f", &[1.0]).description(),
            format!("{expected}; and 2 more.")
        );
    }
}
