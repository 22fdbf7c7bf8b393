use crate::axis::{brief, extent, number, ticks};
use crate::canvas::Canvas;
use crate::cells::{Cells, same_length};
use crate::figure::Figure;

/// A table of numbers as colours: attention, correlations, activations of units over samples.
///
/// Numbers are written into the cells where there is room. What is not finite is grey.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heatmap {
    /// The title.
    pub title: String,
    /// The label of the columns.
    pub x_label: String,
    /// The label of the rows.
    pub y_label: String,
    /// The meaning of the colours.
    pub value_label: String,
    /// The names of the columns; none or one for each.
    pub columns: Vec<String>,
    /// The names of the rows; none or one for each.
    pub rows: Vec<String>,
    /// The numbers row by row from the top.
    pub values: Vec<Vec<f64>>,
    /// True if zero is a middle with colours on both sides.
    pub diverging: bool,
}

impl Heatmap {
    /// Without labels and names, from the lowest to the highest number.
    #[must_use]
    pub fn new(title: impl Into<String>, values: Vec<Vec<f64>>) -> Heatmap {
        Heatmap { title: title.into(), values, ..Heatmap::default() }
    }

    /// Names the axes and what the colours mean.
    #[must_use]
    pub fn labels(
        mut self,
        x: impl Into<String>,
        y: impl Into<String>,
        value: impl Into<String>,
    ) -> Heatmap {
        (self.x_label, self.y_label, self.value_label) = (x.into(), y.into(), value.into());
        self
    }

    /// Names the columns and the rows.
    #[must_use]
    pub fn names(mut self, columns: Vec<String>, rows: Vec<String>) -> Heatmap {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// Makes zero the middle, with one colour below and another one above.
    #[must_use]
    pub fn diverging(mut self) -> Heatmap {
        self.diverging = true;
        self
    }
}

impl Figure for Heatmap {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let (rows, columns) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        let range = match extent(&self.values.concat()) {
            Some((low, high)) => format!("values from {} to {}", brief(low), brief(high)),
            None => "no values".to_owned(),
        };
        let named =
            |label: &str| if label.is_empty() { String::new() } else { format!(" ({label})") };
        let (down, across) = (named(&self.y_label), named(&self.x_label));
        format!("A table of {rows} rows{down} and {columns} columns{across}, {range}.")
    }

    fn check(&self) -> Result<(), String> {
        same_length("the values", &self.values)?;
        let (rows, columns) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        for (what, names, size) in [("columns", &self.columns, columns), ("rows", &self.rows, rows)]
        {
            if !names.is_empty() && names.len() != size {
                return Err(format!(
                    "there are {} names for {size} {what}: give each one, or none",
                    names.len()
                ));
            }
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        let all = self.values.concat();
        let Some((low, high)) = extent(&all) else {
            return below.nothing("There are no values to show.");
        };
        let largest = low.abs().max(high.abs());
        let (low, high) = if self.diverging { (-largest, largest) } else { (low, high) };
        let share = |value: f64| {
            if high > low { (value - low) / (high - low) } else { 0.5 * value / value }
        };
        let color = |share: f64| {
            if self.diverging {
                theme.diverging(2.0 * share - 1.0)
            } else {
                theme.sequential(share)
            }
        };
        let bar: Vec<(f64, String)> = match high > low {
            true => {
                ticks(low, high, 5).into_iter().map(|(place, text)| (share(place), text)).collect()
            }
            false => vec![(0.5, brief(low))],
        };
        let below = below.color_bar(&self.value_label, &bar, color);
        let cells = Cells {
            rows: self.values.len(),
            columns: self.values[0].len(),
            row_names: &self.rows,
            column_names: &self.columns,
            x_label: &self.x_label,
            y_label: &self.y_label,
            square: false,
        };
        let step = if high > low { (high - low) / 100.0 } else { 0.01 * high.abs().max(1.0) };
        let text = |value: f64| if value.is_finite() { number(value, step) } else { brief(value) };
        let shade = |value: f64| if value.is_finite() { color(share(value)) } else { theme.grid() };
        cells.draw(
            &below,
            |row, column| shade(self.values[row][column]),
            |row, column| text(self.values[row][column]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn numbers_are_written_where_there_is_room() {
        let small = Heatmap::new("correlation", vec![vec![1.0, -0.5], vec![-0.5, 1.0]]).diverging();
        let small = small
            .names(vec!["a".into(), "b".into()], vec!["c".into(), "d".into()])
            .labels("x", "y", "r");
        let picture = check::picture(&small);
        assert!(
            ["1", "\u{2212}0.5", "a", "d", "x", "y", "r"].iter().all(|text| picture.says(text)),
            "{:?}",
            picture.texts
        );
        assert_eq!(picture.count("cells"), 1);
        let large = Heatmap::new("", vec![vec![0.123; 200]; 100]);
        assert!(check::picture(&large).texts.len() < 20);
    }

    #[test]
    fn extreme_numbers() {
        assert!(check::picture(&Heatmap::new("a", vec![])).says("There are no values to show."));
        check::picture(&Heatmap::new("a", vec![vec![], vec![]]));
        check::picture(&Heatmap::new("a", vec![vec![0.0]]));
        check::picture(&Heatmap::new("a", vec![vec![0.0]]).diverging());
        let values = vec![vec![f64::NAN, f64::INFINITY, -1e308], vec![1e299, -1e299, 0.0]];
        assert!(check::picture(&Heatmap::new("a", values.clone())).says("NaN"));
        check::picture(&Heatmap::new("a", values).diverging());
    }

    #[test]
    fn names_must_fit() {
        let map = Heatmap::new("a", vec![vec![1.0, 2.0]]).names(vec!["x".into()], vec![]);
        assert_eq!(
            map.check().unwrap_err(),
            "there are 1 names for 2 columns: give each one, or none"
        );
    }
}
