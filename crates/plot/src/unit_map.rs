use crate::canvas::{Canvas, Mark, SMALL};
use crate::figure::Figure;
use crate::font::Align;
use crate::theme::{Color, Theme};

/// Which units of which layer are dead or saturated: a cell for each unit.
///
/// The states differ in shape as well as in colour: alive is a pale cell, dead a dark one with a
/// cross, saturated a bright one with a bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitMap {
    /// The title.
    pub title: String,
    /// The layers from the input to the output.
    pub layers: Vec<LayerUnits>,
}

/// A layer with the states of its units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerUnits {
    /// The layer's name.
    pub label: String,
    /// Its units in order.
    pub units: Vec<Unit>,
}

/// The behaviour of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Its output varies with the input, and gradients pass.
    #[default]
    Alive,
    /// Its output is zero for every sample: it learns nothing any more.
    Dead,
    /// Its output is close to an end of its range for nearly every sample: gradients hardly pass.
    Saturated,
}

impl UnitMap {
    /// Without layers.
    #[must_use]
    pub fn new(title: impl Into<String>) -> UnitMap {
        UnitMap { title: title.into(), layers: Vec::new() }
    }

    /// Adds a layer at the bottom.
    #[must_use]
    pub fn layer(mut self, label: impl Into<String>, units: Vec<Unit>) -> UnitMap {
        self.layers.push(LayerUnits { label: label.into(), units });
        self
    }

    /// The side of a cell and the number of cells in a line, so that the largest layer takes few
    /// lines.
    fn cell(&self) -> (f64, usize) {
        let most = self.layers.iter().map(|layer| layer.units.len()).max().unwrap_or(0);
        let side: f64 = match most {
            0..=160 => 15.0,
            161..=640 => 11.0,
            641..=2560 => 7.0,
            _ => 4.0,
        };
        (side, (WIDTH / side) as usize)
    }

    fn lines(&self, layer: &LayerUnits) -> usize {
        layer.units.len().div_ceil(self.cell().1).max(1)
    }
}

/// The room for cells, in points.
const WIDTH: f64 = 690.0;

impl LayerUnits {
    fn count(&self, state: Unit) -> usize {
        self.units.iter().filter(|&&unit| unit == state).count()
    }

    fn summary(&self) -> String {
        let (dead, saturated) = (self.count(Unit::Dead), self.count(Unit::Saturated));
        format!("{dead} dead, {saturated} saturated of {}", self.units.len())
    }
}

impl Unit {
    fn color(self, theme: Theme) -> Color {
        match self {
            Unit::Alive => theme.background().mix(theme.series(0), 0.3),
            Unit::Dead => theme.series(1),
            Unit::Saturated => theme.series(4),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Alive => "alive",
            Unit::Dead => "dead",
            Unit::Saturated => "saturated",
        }
    }
}

impl Figure for UnitMap {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let layers =
            self.layers.iter().map(|layer| format!("{}: {}", layer.label, layer.summary()));
        format!("Units by layer. {}.", layers.collect::<Vec<_>>().join("; "))
    }

    fn size(&self) -> (u32, u32) {
        let side = self.cell().0;
        let cells: f64 =
            self.layers.iter().map(|layer| 28.0 + side * self.lines(layer) as f64).sum();
        (720, (80.0 + cells).clamp(160.0, 20_000.0) as u32)
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let states = [Unit::Alive, Unit::Dead, Unit::Saturated];
        let below = canvas.titled(&self.title);
        if self.layers.iter().all(|layer| layer.units.is_empty()) {
            return below.nothing("There are no units to show.");
        }
        let below =
            below.legend(&states.map(|state| (state.name(), Mark::Fill(state.color(theme)))));
        // The legend's cells get their signs as well.
        let mut x = 4.0;
        for state in states {
            sign(canvas, 14.0 + x, 38.0 + 2.0, 12.0, state);
            x += 26.0 + 18.0 + canvas.text_width(state.name(), crate::canvas::LABEL);
        }
        let ((side, per_line), mut top) = (self.cell(), 2.0);
        for layer in &self.layers {
            canvas.group("layer", &format!("{}: {}", layer.label, layer.summary()), || {
                let summary = layer.summary();
                let room = below.width() - below.text_width(&summary, SMALL) - 16.0;
                let label = below.shorten(&layer.label, SMALL, room);
                below.text(&label, 0.0, top + 8.0, SMALL, theme.foreground(), Align::Start);
                below.text(&summary, below.width(), top + 8.0, SMALL, theme.muted(), Align::End);
                for (index, &unit) in layer.units.iter().enumerate() {
                    let (x, y) = (
                        (index % per_line) as f64 * side,
                        top + 18.0 + (index / per_line) as f64 * side,
                    );
                    let gap = if side > 5.0 { 1.5 } else { 0.5 };
                    below.rectangle(x, y, side - gap, side - gap, unit.color(theme));
                    sign(&below, x, y, side - gap, unit);
                }
            });
            top += 28.0 + side * self.lines(layer) as f64;
        }
    }
}

/// The sign of a state in a cell that is large enough.
fn sign(canvas: &Canvas, x: f64, y: f64, side: f64, unit: Unit) {
    let (ink, low, high) = (unit.color(canvas.theme()).ink(), side * 0.25, side * 0.75);
    match unit {
        _ if side < 5.0 => {}
        Unit::Alive => {}
        Unit::Dead => {
            canvas.line(&[(x + low, y + low), (x + high, y + high)], ink, 1.3);
            canvas.line(&[(x + low, y + high), (x + high, y + low)], ink, 1.3);
        }
        Unit::Saturated => canvas.line(
            &[(x + low * 0.8, y + side / 2.0), (x + side - low * 0.8, y + side / 2.0)],
            ink,
            1.6,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn each_layer_says_how_many_are_dead_and_saturated() {
        let mut units = vec![Unit::Alive; 64];
        (units[3], units[9], units[10]) = (Unit::Dead, Unit::Dead, Unit::Saturated);
        let picture =
            check::picture(&UnitMap::new("Units").layer("hidden.0", units).layer("output", vec![]));
        assert_eq!(picture.count("layer"), 2);
        for text in [
            "hidden.0",
            "2 dead, 1 saturated of 64",
            "0 dead, 0 saturated of 0",
            "alive",
            "dead",
            "saturated",
        ] {
            assert!(picture.says(text), "{text}: {:?}", picture.texts);
        }
    }

    #[test]
    fn none_and_very_many() {
        assert!(check::picture(&UnitMap::new("a")).says("There are no units to show."));
        assert!(
            check::picture(&UnitMap::new("a").layer("b", vec![]))
                .says("There are no units to show.")
        );
        check::picture(&UnitMap::new("a").layer("n".repeat(200), vec![Unit::Dead; 5000]));
    }
}
