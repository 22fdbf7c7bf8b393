use crate::axis::extent;
use crate::canvas::{Canvas, SMALL};
use crate::figure::Figure;
use crate::font::Align;
use crate::theme::Color;

/// Small pictures with what a model takes them for.
///
/// Below each picture is the prediction, then a check mark, or a cross with the true class in
/// brackets; wrong ones have a frame as well. Light is much in the dark theme, dark is much in the
/// light one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DigitGrid {
    /// The title.
    pub title: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// The pictures in order.
    pub digits: Vec<Digit>,
}

/// A picture with a prediction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digit {
    /// The brightness of each pixel, row by row from the upper left; any range, the same for all
    /// pictures.
    pub pixels: Vec<f64>,
    /// The model's answer.
    pub predicted: String,
    /// The right answer, if it is known.
    pub actual: Option<String>,
}

impl DigitGrid {
    /// Without pictures, which will be of this size.
    #[must_use]
    pub fn new(title: impl Into<String>, width: usize, height: usize) -> DigitGrid {
        DigitGrid { title: title.into(), width, height, digits: Vec::new() }
    }

    /// Adds a picture whose class is known.
    #[must_use]
    pub fn digit(
        mut self,
        pixels: Vec<f64>,
        predicted: impl ToString,
        actual: impl ToString,
    ) -> DigitGrid {
        self.digits.push(Digit {
            pixels,
            predicted: predicted.to_string(),
            actual: Some(actual.to_string()),
        });
        self
    }

    fn wrong(&self) -> usize {
        self.digits.iter().filter(|digit| digit.right() == Some(false)).count()
    }
}

impl Digit {
    fn right(&self) -> Option<bool> {
        self.actual.as_ref().map(|actual| *actual == self.predicted)
    }
}

const COLUMNS: usize = 10;
const CELL: (f64, f64) = (69.0, 82.0);

impl Figure for DigitGrid {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        format!("{} pictures with predictions, {} of them wrong.", self.digits.len(), self.wrong())
    }

    fn size(&self) -> (u32, u32) {
        let rows = self.digits.len().div_ceil(COLUMNS).clamp(1, 200);
        (720, (76.0 + CELL.1 * rows as f64) as u32)
    }

    fn check(&self) -> Result<(), String> {
        same_size(self.width, self.height, self.digits.iter().map(|digit| digit.pixels.len()))
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        if self.digits.is_empty() || self.width.saturating_mul(self.height) == 0 {
            return below.nothing("There are no pictures to show.");
        }
        let below = below.remark(
            "below each: the prediction, \u{2713}, or \u{2717} and the true class in brackets",
        );
        let all: Vec<f64> =
            self.digits.iter().flat_map(|digit| digit.pixels.iter().copied()).collect();
        let shade = brightness(&all, theme.background(), theme.foreground(), theme.grid());
        for (index, digit) in self.digits.iter().enumerate().take(200 * COLUMNS) {
            let (x, y) = ((index % COLUMNS) as f64 * CELL.0, (index / COLUMNS) as f64 * CELL.1);
            let (side, wrong) = (CELL.0 - 11.0, digit.right() == Some(false));
            canvas.group("digit", "", || {
                let colors: Vec<Color> = digit.pixels.iter().map(|&pixel| shade(pixel)).collect();
                let (width, height) = fitted(self.width, self.height, side);
                let (left, top) = (x + 2.0 + (side - width) / 2.0, y + 2.0 + (side - height) / 2.0);
                below.image(left, top, width, height, self.width, &colors);
                let (line, thick) =
                    if wrong { (theme.series(1), 2.5) } else { (theme.grid(), 1.0) };
                below.frame(left, top, width, height, line, thick);
                let (text, color) = match (&digit.actual, wrong) {
                    (Some(actual), true) => {
                        (format!("{} \u{2717} ({actual})", digit.predicted), theme.series(1))
                    }
                    (Some(_), false) => (format!("{} \u{2713}", digit.predicted), theme.muted()),
                    (None, _) => (digit.predicted.clone(), theme.muted()),
                };
                let text = below.shorten(&text, SMALL, CELL.0 - 3.0);
                below.text(
                    &text,
                    x + 2.0 + side / 2.0,
                    y + side + 12.0,
                    SMALL,
                    color,
                    Align::Middle,
                );
            });
        }
    }
}

/// Checks that all pictures have as many pixels as their size says.
pub(crate) fn same_size(
    width: usize,
    height: usize,
    sizes: impl Iterator<Item = usize>,
) -> Result<(), String> {
    match sizes.enumerate().find(|(_, size)| *size != width.saturating_mul(height)) {
        Some((index, size)) => Err(format!(
            "picture {index} has {size} pixels, {width} x {height} has {}",
            width.saturating_mul(height)
        )),
        None => Ok(()),
    }
}

/// The largest size in which a picture fits into a square.
pub(crate) fn fitted(width: usize, height: usize, side: f64) -> (f64, f64) {
    let scale = side / width.max(height) as f64;
    (width as f64 * scale, height as f64 * scale)
}

/// From the lowest to the highest of all pixels.
fn brightness(
    all: &[f64],
    low_color: Color,
    high_color: Color,
    unknown: Color,
) -> impl Fn(f64) -> Color {
    let (low, high) = extent(all).unwrap_or((0.0, 1.0));
    move |pixel| match pixel.is_nan() {
        true => unknown,
        false => {
            low_color.mix(high_color, if high > low { (pixel - low) / (high - low) } else { 0.5 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn predictions_with_their_signs() {
        let grid = DigitGrid::new("Digits", 2, 3).digit(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 7, 7);
        let mut grid = grid.digit(vec![f64::NAN, f64::INFINITY, 0.0, 0.0, -1e308, 1.0], 1, 4);
        grid.digits.push(Digit { pixels: vec![0.0; 6], predicted: "unknown".into(), actual: None });
        let picture = check::picture(&grid);
        assert_eq!((picture.count("digit"), picture.svg.matches("<image").count()), (3, 3));
        assert!(
            ["7 ✓", "1 ✗ (4)", "unknown"].iter().all(|text| picture.says(text)),
            "{:?}",
            picture.texts
        );
        assert_eq!(grid.description(), "3 pictures with predictions, 1 of them wrong.");
    }

    #[test]
    fn nothing_and_sizes_that_do_not_fit() {
        assert!(check::picture(&DigitGrid::new("a", 8, 8)).says("There are no pictures to show."));
        check::picture(&DigitGrid::new("a", 0, 0).digit(vec![], 1, 1));
        let wrong = DigitGrid::new("a", 8, 8).digit(vec![0.0; 63], 1, 1);
        assert_eq!(wrong.check().unwrap_err(), "picture 0 has 63 pixels, 8 x 8 has 64");
        check::picture(&wrong);
    }
}
