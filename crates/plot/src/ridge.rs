use crate::axis::{Axis, brief, extent, shown};
use crate::canvas::{Canvas, SMALL};
use crate::chart::Chart;
use crate::figure::Figure;
use crate::font::Align;

/// Histograms one below the other: activations of each layer, or weights over time.
///
/// Each row is as high as its own largest bin, so that shapes can be compared, not counts.
///
/// ```
/// use chainrule_plot::{Figure, Ridge, RidgeRow, Theme};
///
/// let values: Vec<f64> = (0..1000).map(|i| (f64::from(i) * 0.37).sin()).collect();
/// let svg = Ridge::new("Activations", "value")
///     .row(RidgeRow::of("hidden.0", &values, 40))
///     .svg(Theme::Light);
/// assert_eq!(svg.matches("class=\"row\"").count(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ridge {
    /// The title.
    pub title: String,
    /// The quantity that was counted.
    pub x_label: String,
    /// The rows from the top.
    pub rows: Vec<RidgeRow>,
}

/// A histogram with its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RidgeRow {
    /// The label beside it.
    pub label: String,
    /// The left end of the first bin.
    pub low: f64,
    /// The right end of the last bin.
    pub high: f64,
    /// How many values are in each of the bins of equal width.
    pub counts: Vec<f64>,
}

impl RidgeRow {
    /// Counts values in bins from the lowest to the highest of them. What is not finite is not
    /// counted.
    #[must_use]
    pub fn of(label: impl Into<String>, values: &[f64], bins: usize) -> RidgeRow {
        let (low, high) = extent(values).unwrap_or((0.0, 0.0));
        // Values that are all the same get a bin with some width.
        let half = if low < high { 0.0 } else { 0.5e-2 * low.abs().max(1.0) };
        let (low, high, bins) = (low - half, high + half, bins.max(1));
        let mut counts = vec![0.0; bins];
        for &value in values.iter().filter(|&&value| shown(value)) {
            let bin = ((value - low) / (high - low) * bins as f64) as usize;
            counts[bin.min(bins - 1)] += 1.0;
        }
        RidgeRow { label: label.into(), low, high, counts }
    }

    /// Returns true if there is anything to draw.
    fn drawable(&self) -> bool {
        shown(self.low)
            && shown(self.high)
            && self.low < self.high
            && self.counts.iter().any(|&count| known(count) > 0.0)
    }
}

/// A count that is not a number, infinite or negative is none.
fn known(count: f64) -> f64 {
    if shown(count) { count.max(0.0) } else { 0.0 }
}

impl Ridge {
    /// Without rows.
    #[must_use]
    pub fn new(title: impl Into<String>, x_label: impl Into<String>) -> Ridge {
        Ridge { title: title.into(), x_label: x_label.into(), rows: Vec::new() }
    }

    /// Adds a row at the bottom.
    #[must_use]
    pub fn row(mut self, row: RidgeRow) -> Ridge {
        self.rows.push(row);
        self
    }
}

impl Figure for Ridge {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|row| format!("{} from {} to {}", row.label, brief(row.low), brief(row.high)));
        format!("Histograms of {}: {}.", self.x_label, rows.collect::<Vec<_>>().join("; "))
    }

    fn size(&self) -> (u32, u32) {
        (720, (130 + 46 * self.rows.len().min(60) as u32).max(240))
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        let drawable = || self.rows.iter().filter(|row| row.drawable());
        if drawable().next().is_none() {
            return below.nothing("There are no values to show.");
        }
        let widest = self
            .rows
            .iter()
            .map(|row| below.text_width(&row.label, SMALL))
            .fold(0.0, f64::max)
            .min(180.0);
        let plane = below.inside(widest + 6.0, 0.0, 0.0, 0.0);
        let x = Axis::around(
            &self.x_label,
            drawable().flat_map(|row| [row.low, row.high]),
            false,
            true,
        );
        let count = self.rows.len() as f64;
        // Upward in rows: the last row stands on 0, and the first may be as high as the overlap.
        let mut y = Axis::exactly("", (0.0, count + 0.4));
        y.ticks.clear();
        let mut chart = Chart::with_grid(&plane, x, y, (true, false));
        for (index, row) in self.rows.iter().enumerate() {
            let (base, color) =
                (count - 1.0 - index as f64, theme.gradual(index as f64 / (count - 1.0).max(1.0)));
            canvas.group("row", &row.label, || {
                if row.drawable() {
                    let most = row.counts.iter().copied().map(known).fold(0.0, f64::max);
                    let width = (row.high - row.low) / row.counts.len() as f64;
                    let mut outline = Vec::new();
                    for (bin, &size) in row.counts.iter().enumerate() {
                        let height = base + 1.25 * known(size) / most;
                        let left = row.low + bin as f64 * width;
                        outline.extend([(left, height), (left + width, height)]);
                    }
                    let closed: Vec<(f64, f64)> = [(row.low, base)]
                        .into_iter()
                        .chain(outline)
                        .chain([(row.high, base)])
                        .collect();
                    // What is behind is covered, or rows could not be told apart.
                    chart.area(&closed, base, theme.background().mix(color, 0.55));
                    chart.line(&closed, color, 1.5, 0);
                }
                let (left, y) = chart.at(chart.x.low, base);
                let label = below.shorten(&row.label, SMALL, widest);
                plane.line(&[(left, y), (chart.at(chart.x.high, base).0, y)], theme.muted(), 0.6);
                below.text(&label, widest, y - 6.0, SMALL, theme.foreground(), Align::End);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn values_are_counted_in_bins() {
        let row = RidgeRow::of("a", &[0.0, 0.1, 0.9, 1.0, f64::NAN, f64::INFINITY], 2);
        assert_eq!((row.low, row.high, row.counts), (0.0, 1.0, vec![2.0, 2.0]));
        assert_eq!(RidgeRow::of("a", &[3.0; 5], 4).counts.iter().sum::<f64>(), 5.0);
        assert_eq!(RidgeRow::of("a", &[], 0).counts, [0.0]);
    }

    #[test]
    fn a_row_for_each_histogram() {
        let values: Vec<f64> = (0..500).map(|index| (f64::from(index) * 0.37).sin()).collect();
        let ridge = Ridge::new("Activations", "value").row(RidgeRow::of("hidden.0", &values, 30));
        let picture = check::picture(&ridge.row(RidgeRow::of("dead", &[], 30)));
        assert_eq!(picture.count("row"), 2);
        assert!(picture.says("hidden.0") && picture.says("dead") && picture.says("value"));
    }

    #[test]
    fn nothing_extremes_and_long_names() {
        assert!(check::picture(&Ridge::new("a", "b")).says("There are no values to show."));
        let row = RidgeRow {
            label: "x".repeat(300),
            low: -1e300,
            high: 1e300,
            counts: vec![f64::NAN, 1.0, -3.0, 1e308],
        };
        check::picture(
            &Ridge::new("a", "b").row(row.clone()).row(RidgeRow { low: f64::NAN, ..row.clone() }),
        );
        check::picture(&Ridge::new("a", "b").row(RidgeRow { counts: vec![], ..row }));
        check::picture(&Ridge::new("a", "b").row(RidgeRow::of("all the same", &[0.0; 9], 10)));
    }
}
