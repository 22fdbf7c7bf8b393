use std::collections::{HashMap, VecDeque};

use crate::axis::{Axis, brief, extent, shown, ticks};
use crate::canvas::Canvas;
use crate::chart::Chart;
use crate::decision::{fill, grid_fits};
use crate::figure::Figure;
use crate::surface::Point;
use crate::theme::Color;

/// The loss around trained weights along two directions: colours and lines of equal loss.
///
/// The cross is where both steps are zero, the trained weights; a path, such as the weights while
/// training, is a line from a ring to a dot. The colours follow the logarithm if the loss is above
/// zero everywhere and the highest is more than ten times the lowest.
///
/// Source: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
/// 2018, for directions that are normalised by filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Landscape {
    /// The title.
    pub title: String,
    /// The names of the two directions.
    pub labels: [String; 2],
    /// The smallest and the largest step along the first direction.
    pub x: (f64, f64),
    /// The smallest and the largest step along the second direction.
    pub y: (f64, f64),
    /// How many losses there are along the first direction.
    pub columns: usize,
    /// The losses at equal distances from the smallest to the largest step, row by row from the
    /// smallest second step.
    pub losses: Vec<f64>,
    /// Steps along both directions that are joined by a line.
    pub path: Vec<(f64, f64)>,
}

impl Landscape {
    /// Without losses and path.
    #[must_use]
    pub fn new(title: impl Into<String>, x: (f64, f64), y: (f64, f64)) -> Landscape {
        let labels = ["first direction".to_owned(), "second direction".to_owned()];
        Landscape { title: title.into(), labels, x, y, ..Landscape::default() }
    }

    /// Asks for the loss at `side` by `side` places.
    #[must_use]
    pub fn sample(mut self, side: usize, mut loss: impl FnMut(f64, f64) -> f64) -> Landscape {
        let places = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
        let (x, y) = (self.x, self.y);
        self.losses =
            places.map(|(row, column)| loss(place(x, column, side), place(y, row, side))).collect();
        self.columns = side;
        self
    }

    /// Adds a path.
    #[must_use]
    pub fn path(mut self, path: Vec<(f64, f64)>) -> Landscape {
        self.path = path;
        self
    }

    fn lowest(&self) -> Option<(f64, Point)> {
        let rows = self.losses.len().checked_div(self.columns)?;
        let known = self.losses.iter().enumerate().filter(|(_, loss)| shown(**loss));
        let (index, &loss) = known.min_by(|a, b| a.1.total_cmp(b.1))?;
        let (row, column) = (index / self.columns, index % self.columns);
        Some((loss, (place(self.x, column, self.columns), place(self.y, row, rows))))
    }
}

/// The range of so many rectangles around places at equal distances, and the distance.
fn spread((low, high): (f64, f64), count: usize) -> ((f64, f64), f64) {
    let step = if count < 2 { high - low } else { (high - low) / (count - 1) as f64 };
    if count < 2 { ((low, high), step) } else { ((low - step / 2.0, high + step / 2.0), step) }
}

fn place((low, high): (f64, f64), index: usize, count: usize) -> f64 {
    if count < 2 {
        (low + high) / 2.0
    } else {
        low + (high - low) * index as f64 / (count - 1) as f64
    }
}

impl Figure for Landscape {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        match (self.lowest(), extent(&self.losses)) {
            (Some((low, (x, y))), Some((_, high))) => {
                let (low, high, x, y) = (brief(low), brief(high), brief(x), brief(y));
                format!("Loss along two directions, from {low} at steps {x} and {y} up to {high}.")
            }
            _ => "Loss along two directions, without values.".to_owned(),
        }
    }

    fn size(&self) -> (u32, u32) {
        (640, 540)
    }

    fn check(&self) -> Result<(), String> {
        grid_fits(self.columns, self.losses.len(), self.x, self.y)
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        let Some((low, high)) = extent(&self.losses) else {
            return below.nothing("There are no losses to show.");
        };
        let unknown = self.losses.iter().filter(|&&loss| !shown(loss)).count();
        let below = below.remark(&match unknown {
            0 => String::new(),
            count => format!("{count} of {} losses are not finite (grey)", self.losses.len()),
        });
        let log = low > 0.0 && high > 10.0 * low;
        let level = |loss: f64| if log { loss.log10() } else { loss };
        let axis = Axis::around("", [low, high], log, false);
        let (bottom, top) = (level(low), level(high));
        let share =
            |loss: f64| if top > bottom { (level(loss) - bottom) / (top - bottom) } else { 0.5 };
        let marks =
            axis.ticks.iter().filter(|tick| (bottom..=top).contains(&tick.0) && top > bottom);
        let mut marks: Vec<(f64, String)> =
            marks.map(|(place, text)| ((place - bottom) / (top - bottom), text.clone())).collect();
        if marks.is_empty() {
            marks = vec![(0.5, brief(low))];
        }
        let below = below.color_bar("loss", &marks, |share| theme.sequential(share));
        let [x_label, y_label] = &self.labels;
        // Each loss is in the middle of its rectangle.
        let rows = self.losses.len() / self.columns;
        let ((x, column), (y, row)) = (spread(self.x, self.columns), spread(self.y, rows));
        let (x, y) = (Axis::exactly(x_label, x), Axis::exactly(y_label, y));
        let mut chart = Chart::with_grid(&below, x, y, (false, false));

        canvas.group("surface", "", || {
            let shade = |&loss: &f64| {
                if shown(loss) { theme.sequential(share(loss)) } else { theme.grid() }
            };
            let colors: Vec<Color> = self.losses.iter().map(shade).collect();
            fill(&below, &chart, self.columns, &colors);
        });
        if top > bottom {
            let levels: Vec<f64> = ticks(bottom, top, 12).into_iter().map(|tick| tick.0).collect();
            for at in levels {
                canvas.group("contour", "", || {
                    let heights: Vec<f64> = self
                        .losses
                        .iter()
                        .map(|&loss| if shown(loss) { level(loss) } else { f64::NAN })
                        .collect();
                    // Dark lines where the map is light, and light ones where it is dark.
                    let color =
                        theme.sequential((at - bottom) / (top - bottom)).ink().with_alpha(0.55);
                    let place =
                        |(across, up): Point| (self.x.0 + across * column, self.y.0 + up * row);
                    for line in joined(contour(&heights, self.columns, at)) {
                        let line: Vec<Point> = line.into_iter().map(place).collect();
                        chart.line(&line, color, 0.9, 0);
                    }
                });
            }
        }
        let inside = |&&(x, y): &&Point| {
            (self.x.0..=self.x.1).contains(&x) && (self.y.0..=self.y.1).contains(&y)
        };
        let path: Vec<Point> = self.path.iter().filter(inside).copied().collect();
        if let (Some(&first), Some(&last)) = (path.first(), path.last()) {
            canvas.group("path", "", || {
                chart.line(&path, Color::hex(0x000000), 4.0, 0);
                chart.line(&path, Color::hex(0xffffff), 2.0, 0);
                for ((x, y), core) in [
                    (chart.at(first.0, first.1), Color::hex(0xffffff)),
                    (chart.at(last.0, last.1), Color::hex(0)),
                ] {
                    below.circle(x, y, 6.0, Color::hex(0x000000));
                    below.circle(x, y, 4.8, Color::hex(0xffffff));
                    below.circle(x, y, 3.4, core);
                }
            });
        }
        if inside(&&(0.0, 0.0)) {
            canvas.group("center", "the trained weights", || {
                let (x, y) = chart.at(0.0, 0.0);
                for (width, color) in [(5.0, Color::hex(0x000000)), (2.2, Color::hex(0xffffff))] {
                    let r = 7.0 + width / 5.0;
                    below.line(&[(x - r, y - r), (x + r, y + r)], color, width);
                    below.line(&[(x - r, y + r), (x + r, y - r)], color, width);
                }
            });
        }
    }
}

/// Pieces of the line on which heights between the places are at a level, in columns and rows.
///
/// Source: "marching squares"; a saddle is cut by the mean of its corners.
fn contour(heights: &[f64], columns: usize, level: f64) -> Vec<(Point, Point)> {
    let (mut pieces, rows) = (Vec::new(), heights.len() / columns.max(1));
    for row in 1..rows {
        for column in 1..columns {
            let corners =
                [(column - 1, row - 1), (column, row - 1), (column, row), (column - 1, row)];
            let height = corners.map(|(column, row)| heights[row * columns + column]);
            if height.iter().any(|height| height.is_nan()) {
                continue;
            }
            let mut crossings: Vec<Point> = Vec::with_capacity(4);
            for side in 0..4 {
                let ((a, b), (p, q)) = (
                    (height[side], height[(side + 1) % 4]),
                    (corners[side], corners[(side + 1) % 4]),
                );
                if (a >= level) != (b >= level) {
                    let share = (level - a) / (b - a);
                    let between =
                        |from: usize, to: usize| from as f64 + (to as f64 - from as f64) * share;
                    crossings.push((between(p.0, q.0), between(p.1, q.1)));
                }
            }
            match crossings[..] {
                [a, b] => pieces.push((a, b)),
                [a, b, c, d] => {
                    let high = height.iter().map(|height| height / 4.0).sum::<f64>() >= level;
                    let first = if high == (height[0] >= level) {
                        [(a, b), (c, d)]
                    } else {
                        [(d, a), (b, c)]
                    };
                    pieces.extend(first);
                }
                _ => {}
            }
        }
    }
    pieces
}

/// Pieces that share an end as lines.
fn joined(pieces: Vec<(Point, Point)>) -> Vec<Vec<Point>> {
    let key = |(x, y): Point| (x.to_bits(), y.to_bits());
    let mut at: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    for (index, &(from, to)) in pieces.iter().enumerate() {
        at.entry(key(from)).or_default().push(index);
        at.entry(key(to)).or_default().push(index);
    }
    let (mut used, mut lines) = (vec![false; pieces.len()], Vec::new());
    for start in 0..pieces.len() {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut line = VecDeque::from([pieces[start].0, pieces[start].1]);
        for forward in [true, false] {
            loop {
                let end = key(if forward { line[line.len() - 1] } else { line[0] });
                let Some(&next) = at[&end].iter().find(|&&piece| !used[piece]) else { break };
                used[next] = true;
                let (from, to) = pieces[next];
                let other = if key(from) == end { to } else { from };
                if forward { line.push_back(other) } else { line.push_front(other) }
            }
        }
        lines.push(line.into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn a_bowl_with_its_lines_and_its_middle() {
        let bowl = Landscape::new("Loss", (-1.0, 1.0), (-1.0, 1.0))
            .sample(21, |x, y| 0.01 + x * x + 2.0 * y * y);
        let picture = check::picture(&bowl.path(vec![(0.9, 0.9), (0.2, 0.1), (0.0, 0.0)]));
        assert_eq!(
            (picture.count("surface"), picture.count("path"), picture.count("center")),
            (1, 1, 1)
        );
        assert!(picture.count("contour") >= 4);
        assert!(
            picture.says("first direction") && picture.says("loss") && picture.says("10⁻¹"),
            "{:?}",
            picture.texts
        );
        let bowl = Landscape::new("Loss", (-1.0, 1.0), (-1.0, 1.0)).sample(3, |x, y| x * x + y * y);
        assert_eq!(
            bowl.description(),
            "Loss along two directions, from 0 at steps 0 and 0 up to 2."
        );
    }

    #[test]
    fn lines_of_equal_height() {
        let slope = contour(&[0.0, 1.0, 0.0, 1.0], 2, 0.25);
        assert_eq!(slope, [((0.25, 0.0), (0.25, 1.0))]);
        let saddle = contour(&[1.0, 0.0, 0.0, 1.0], 2, 0.5);
        assert_eq!(saddle.len(), 2);
        assert!(contour(&[1.0, f64::NAN, 0.0, 1.0], 2, 0.5).is_empty());
        assert!(contour(&[], 0, 0.5).is_empty());
    }

    #[test]
    fn pieces_become_lines_and_rings() {
        let lines = joined(vec![
            ((1.0, 0.0), (2.0, 0.0)),
            ((5.0, 5.0), (6.0, 6.0)),
            ((1.0, 0.0), (0.0, 0.0)),
        ]);
        assert_eq!(lines, [vec![(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)], vec![(5.0, 5.0), (6.0, 6.0)]]);
        let bowl = Landscape::new("", (-1.0, 1.0), (-1.0, 1.0)).sample(9, |x, y| x * x + y * y);
        let rings = joined(contour(&bowl.losses, 9, 0.3));
        assert_eq!((rings.len(), rings[0].first()), (1, rings[0].last()));
    }

    #[test]
    fn nothing_flat_and_not_finite() {
        let empty = || Landscape::new("a", (-1.0, 1.0), (-1.0, 1.0));
        assert!(check::picture(&empty()).says("There are no losses to show."));
        assert!(
            check::picture(&empty().sample(4, |_, _| f64::NAN))
                .says("There are no losses to show.")
        );
        check::picture(&empty().sample(1, |_, _| 3.0));
        check::picture(&empty().sample(5, |_, _| 0.0));
        let partly =
            check::picture(&empty().sample(5, |x, _| if x > 0.5 { f64::INFINITY } else { x }));
        assert!(partly.says("5 of 25 losses are not finite (grey)"), "{:?}", partly.texts);
        check::picture(&empty().sample(5, |x, y| x * y * 1e300));
    }
}
