use crate::axis::{Axis, shown};
use crate::canvas::{Canvas, Mark};
use crate::chart::Chart;
use crate::figure::Figure;
use crate::surface::Point;
use crate::theme::Color;

/// The answers of a model everywhere in a plane of two inputs, with the data on it.
///
/// The colour of a place is the class, paler where the model is less certain; the data of each
/// class have a colour and a shape of their own.
///
/// ```
/// use chainrule_plot::{DecisionSurface, Figure, Theme};
///
/// let classes = vec!["left".into(), "right".into()];
/// let svg = DecisionSurface::new("Two halves", classes, (-1.0, 1.0), (-1.0, 1.0))
///     .sample(40, |x, _| (usize::from(x > 0.0), x.abs()))
///     .point(-0.5, 0.2, 0)
///     .point(0.5, 0.2, 1)
///     .svg(Theme::Light);
/// assert_eq!(svg.matches("<image").count(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecisionSurface {
    /// The title.
    pub title: String,
    /// The names of the two inputs.
    pub labels: [String; 2],
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The lowest and the highest first input.
    pub x: (f64, f64),
    /// The lowest and the highest second input.
    pub y: (f64, f64),
    /// How many places there are from left to right.
    pub columns: usize,
    /// The class at each place and how certain it is, from 0 to 1; row by row from the lowest
    /// second input.
    pub cells: Vec<(usize, f64)>,
    /// First input, second input and class of each sample.
    pub points: Vec<(f64, f64, usize)>,
}

impl DecisionSurface {
    /// Without places and data.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        classes: Vec<String>,
        x: (f64, f64),
        y: (f64, f64),
    ) -> DecisionSurface {
        let labels = ["first input".to_owned(), "second input".to_owned()];
        DecisionSurface { title: title.into(), labels, classes, x, y, ..DecisionSurface::default() }
    }

    /// Asks for the class and how certain it is in the middle of each of `side` by `side` places.
    #[must_use]
    pub fn sample(
        mut self,
        side: usize,
        mut model: impl FnMut(f64, f64) -> (usize, f64),
    ) -> DecisionSurface {
        let at = |(low, high): (f64, f64), index: usize| {
            low + (high - low) * (index as f64 + 0.5) / side as f64
        };
        let places = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
        self.cells =
            places.map(|(row, column)| model(at(self.x, column), at(self.y, row))).collect();
        self.columns = side;
        self
    }

    /// Adds a sample of the data.
    #[must_use]
    pub fn point(mut self, x: f64, y: f64, class: usize) -> DecisionSurface {
        self.points.push((x, y, class));
        self
    }
}

impl Figure for DecisionSurface {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let [x, y] = &self.labels;
        format!(
            "Predicted class over {x} and {y} for {}, with {} samples.",
            self.classes.join(", "),
            self.points.len()
        )
    }

    fn size(&self) -> (u32, u32) {
        (600, 560)
    }

    fn check(&self) -> Result<(), String> {
        grid_fits(self.columns, self.cells.len(), self.x, self.y)?;
        let classes = self.classes.len();
        let cells = self.cells.iter().map(|cell| cell.0);
        match cells.chain(self.points.iter().map(|point| point.2)).find(|&class| class >= classes) {
            Some(class) => Err(format!("class {class} has no name: there are {classes}")),
            None => Ok(()),
        }
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let color = |class: usize| theme.series(class);
        let marks = self
            .classes
            .iter()
            .enumerate()
            .map(|(class, name)| (name.as_str(), Mark::Shape(color(class), class)));
        let below = canvas.titled(&self.title).legend(&marks.collect::<Vec<_>>());
        let inside = |&&(x, y, _): &&(f64, f64, usize)| {
            (self.x.0..=self.x.1).contains(&x) && (self.y.0..=self.y.1).contains(&y)
        };
        let outside = self.points.len() - self.points.iter().filter(inside).count();
        let below = below.remark(&match outside {
            0 => String::new(),
            count => format!("{count} of {} samples are outside", self.points.len()),
        });
        if self.cells.is_empty() && self.points.len() == outside {
            return below.nothing("There is nothing to show.");
        }
        let [x_label, y_label] = &self.labels;
        let (x, y) = (Axis::exactly(x_label, self.x), Axis::exactly(y_label, self.y));
        let chart = Chart::with_grid(&below, x, y, (false, false));
        let shade = |&(class, certainty): &(usize, f64)| {
            let certainty = if certainty.is_nan() { 0.0 } else { certainty.clamp(0.0, 1.0) };
            theme.background().mix(color(class), 0.08 + 0.42 * certainty)
        };
        canvas.group("surface", "", || {
            let colors: Vec<Color> = self.cells.iter().map(shade).collect();
            fill(&below, &chart, self.columns, &colors);
        });
        canvas.group("points", "", || {
            for &(x, y, class) in self.points.iter().filter(inside) {
                let (x, y) = chart.at(x, y);
                below.marker(x, y, 4.0, color(class), class);
            }
        });
    }
}

/// Colours over the whole of a chart, row by row from the lowest.
pub(crate) fn fill(canvas: &Canvas, chart: &Chart<'_>, columns: usize, colors: &[Color]) {
    let corners: [Point; 2] =
        [chart.at(chart.x.low, chart.y.high), chart.at(chart.x.high, chart.y.low)];
    let upside: Vec<Color> = colors.chunks(columns.max(1)).rev().flatten().copied().collect();
    let [(left, top), (right, bottom)] = corners;
    canvas.image(left, top, right - left, bottom - top, columns, &upside);
}

/// Checks that a grid of values has full rows and ranges that can be shown.
pub(crate) fn grid_fits(
    columns: usize,
    cells: usize,
    x: (f64, f64),
    y: (f64, f64),
) -> Result<(), String> {
    if cells > 0 && (columns == 0 || !cells.is_multiple_of(columns)) {
        return Err(format!("{cells} values do not fill rows of {columns}"));
    }
    for (low, high) in [x, y] {
        if !(shown(low) && shown(high) && low < high) {
            return Err(format!(
                "the range from {low} to {high} is none: it must be finite, and grow"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn surface() -> DecisionSurface {
        DecisionSurface::new(
            "Moons",
            vec!["upper".into(), "lower".into()],
            (-2.0, 2.0),
            (-1.0, 1.0),
        )
    }

    #[test]
    fn the_surface_the_data_and_the_names() {
        let picture = check::picture(
            &surface().sample(20, |x, y| (usize::from(x > y), 0.7)).point(0.0, 0.0, 1),
        );
        assert_eq!((picture.count("surface"), picture.count("points")), (1, 1));
        assert!(picture.says("upper") && picture.says("lower") && picture.says("second input"));
    }

    #[test]
    fn rows_start_at_the_lowest_second_input() {
        let cells = surface().sample(2, |_, y| (usize::from(y > 0.0), 1.0)).cells;
        assert_eq!(cells, [(0, 1.0), (0, 1.0), (1, 1.0), (1, 1.0)]);
    }

    #[test]
    fn nothing_and_what_does_not_fit() {
        assert!(check::picture(&surface()).says("There is nothing to show."));
        check::picture(
            &surface().sample(3, |_, _| (0, f64::NAN)).point(f64::NAN, 0.0, 0).point(9.0, 0.0, 0),
        );
        let message = |surface: DecisionSurface| surface.check().unwrap_err();
        assert_eq!(message(surface().point(0.0, 0.0, 2)), "class 2 has no name: there are 2");
        let surface = DecisionSurface { columns: 2, cells: vec![(0, 1.0); 3], ..surface() };
        assert_eq!(message(surface.clone()), "3 values do not fill rows of 2");
        let message = message(DecisionSurface { cells: vec![], x: (1.0, 1.0), ..surface });
        assert_eq!(message, "the range from 1 to 1 is none: it must be finite, and grow");
    }
}
