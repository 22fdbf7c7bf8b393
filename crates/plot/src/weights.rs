use crate::axis::{brief, extent};
use crate::canvas::Canvas;
use crate::digits::{fitted, same_size};
use crate::figure::Figure;
use crate::theme::Color;

/// The pattern that each unit of a first layer looks for: its weights as a picture, in the
/// arrangement of the input.
///
/// One colour is below zero, the other one above, the background is zero; the range is the same for
/// all units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightImages {
    /// The title.
    pub title: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// The weights of each unit, row by row from the upper left.
    pub units: Vec<Vec<f64>>,
}

impl WeightImages {
    /// Weights of units over inputs of this size.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        width: usize,
        height: usize,
        units: Vec<Vec<f64>>,
    ) -> WeightImages {
        WeightImages { title: title.into(), width, height, units }
    }

    fn shown(&self) -> &[Vec<f64>] {
        &self.units[..self.units.len().min(MOST)]
    }

    /// Pictures side by side, and the side of one.
    fn layout(&self) -> (usize, f64) {
        let columns = ((self.shown().len() as f64).sqrt() * 1.4).ceil().clamp(4.0, 16.0);
        (columns as usize, (576.0 / columns).min(90.0))
    }
}

/// The most units in one figure.
const MOST: usize = 256;

impl Figure for WeightImages {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let range = extent(&self.units.concat()).map_or(String::new(), |(low, high)| {
            format!(", from {} to {}", brief(low), brief(high))
        });
        format!(
            "Weights of {} units as pictures of {} by {} pixels{range}.",
            self.units.len(),
            self.width,
            self.height
        )
    }

    fn size(&self) -> (u32, u32) {
        let (columns, side) = self.layout();
        let rows = self.shown().len().div_ceil(columns).max(1);
        (720, (72.0 + side * rows as f64).max(220.0) as u32)
    }

    fn check(&self) -> Result<(), String> {
        same_size(self.width, self.height, self.units.iter().map(Vec::len))
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        let Some((low, high)) = extent(&self.shown().concat()) else {
            return below.nothing("There are no weights to show.");
        };
        let below = below.remark(&match self.units.len() {
            count if count > MOST => format!("the first {MOST} of {count} units"),
            _ => String::new(),
        });
        let largest = low.abs().max(high.abs());
        let scale = if largest > 0.0 { largest } else { 1.0 };
        let ticks = [(0.0, brief(-scale)), (0.5, "0".to_owned()), (1.0, brief(scale))];
        let below = below.color_bar("weight", &ticks, |share| theme.diverging(2.0 * share - 1.0));
        let (columns, side) = self.layout();
        for (index, weights) in self.shown().iter().enumerate() {
            let (x, y) = ((index % columns) as f64 * side, (index / columns) as f64 * side);
            canvas.group("unit", &format!("unit {index}"), || {
                let colors: Vec<Color> =
                    weights.iter().map(|&weight| theme.diverging(weight / scale)).collect();
                let (width, height) = fitted(self.width, self.height, side - 5.0);
                below.image(x, y, width, height, self.width, &colors);
                below.frame(x, y, width, height, theme.grid(), 1.0);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn a_picture_for_each_unit() {
        let units =
            (0..20).map(|unit| (0..12).map(|pixel| f64::from(unit - pixel)).collect()).collect();
        let picture = check::picture(&WeightImages::new("Weights", 4, 3, units));
        assert_eq!(picture.count("unit"), 20);
        assert!(
            picture.says("19") && picture.says("\u{2212}19") && picture.says("0"),
            "{:?}",
            picture.texts
        );
    }

    #[test]
    fn nothing_extremes_and_many() {
        assert!(
            check::picture(&WeightImages::new("a", 2, 2, vec![]))
                .says("There are no weights to show.")
        );
        check::picture(&WeightImages::new("a", 0, 0, vec![vec![]]));
        check::picture(&WeightImages::new("a", 1, 1, vec![vec![0.0]]));
        check::picture(&WeightImages::new("a", 3, 1, vec![vec![f64::NAN, f64::INFINITY, 1e299]]));
        let many = check::picture(&WeightImages::new("a", 2, 2, vec![vec![0.5; 4]; 1000]));
        assert!(many.count("unit") == 256 && many.says("the first 256 of 1000 units"));
        assert!(WeightImages::new("a", 2, 2, vec![vec![0.0; 3]]).check().is_err());
    }
}
