use crate::axis::{Axis, brief, shown};
use crate::canvas::{Canvas, LABEL, Mark};
use crate::chart::Chart;
use crate::figure::Figure;
use crate::font::Align;
use crate::surface::Point;

/// Functions of one number with their derivatives, one panel each: activations.
///
/// The function is a solid line, the derivative a dashed one. All panels have the same axes.
///
/// ```
/// use chainrule_plot::{Figure, Functions, Theme};
///
/// let svg = Functions::new("Activations", (-4.0, 4.0))
///     .function("tanh", |x| (x.tanh(), 1.0 - x.tanh().powi(2)))
///     .function("relu", |x| (x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }))
///     .svg(Theme::Light);
/// assert_eq!(svg.matches("class=\"function\"").count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Functions {
    /// The title.
    pub title: String,
    /// Where functions are shown.
    pub x: (f64, f64),
    /// The functions.
    pub functions: Vec<Function>,
}

/// A function as numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Its name.
    pub label: String,
    /// Its values at equal distances over the whole range.
    pub values: Vec<f64>,
    /// Its derivative at the same places, or nothing.
    pub derivatives: Vec<f64>,
}

/// Places at which a function is asked; an odd number, so that the middle is one of them.
const PLACES: usize = 401;

impl Functions {
    /// Without functions.
    #[must_use]
    pub fn new(title: impl Into<String>, x: (f64, f64)) -> Functions {
        Functions { title: title.into(), x, functions: Vec::new() }
    }

    /// Asks for the value and the derivative at 401 places.
    #[must_use]
    pub fn function(
        mut self,
        label: impl Into<String>,
        mut function: impl FnMut(f64) -> (f64, f64),
    ) -> Functions {
        let (values, derivatives) =
            (0..PLACES).map(|index| function(place(self.x, index, PLACES))).unzip();
        self.functions.push(Function { label: label.into(), values, derivatives });
        self
    }

    fn columns(&self) -> usize {
        match self.functions.len() {
            0 | 1 => 1,
            2 | 4 => 2,
            _ => 3,
        }
    }
}

fn place((low, high): (f64, f64), index: usize, count: usize) -> f64 {
    low + (high - low) * index as f64 / (count.max(2) - 1) as f64
}

impl Figure for Functions {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let names: Vec<&str> =
            self.functions.iter().map(|function| function.label.as_str()).collect();
        format!(
            "Functions and derivatives from {} to {}: {}.",
            brief(self.x.0),
            brief(self.x.1),
            names.join(", ")
        )
    }

    fn size(&self) -> (u32, u32) {
        let rows = self.functions.len().div_ceil(self.columns()).max(1) as u32;
        (720, 76 + rows * [380, 280, 210][self.columns() - 1])
    }

    fn check(&self) -> Result<(), String> {
        crate::decision::grid_fits(0, 0, self.x, self.x)?;
        for Function { label, values, derivatives } in &self.functions {
            if !derivatives.is_empty() && derivatives.len() != values.len() {
                let (values, derivatives) = (values.len(), derivatives.len());
                return Err(format!(
                    "\"{label}\" has {values} values and {derivatives} derivatives"
                ));
            }
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let marks = [
            ("function", Mark::Line(theme.series(0), 0)),
            ("derivative", Mark::Line(theme.series(1), 1)),
        ];
        let below = canvas.titled(&self.title);
        let all = || {
            self.functions
                .iter()
                .flat_map(|function| function.values.iter().chain(&function.derivatives))
        };
        if !all().any(|&value| shown(value)) {
            return below.nothing("There are no functions to show.");
        }
        let below = below.legend(&marks);
        let y = Axis::around("", all().copied(), false, true);
        let columns = self.columns();
        let rows = self.functions.len().div_ceil(columns);
        let (width, height) = (below.width() / columns as f64, below.height() / rows as f64);
        for (index, function) in self.functions.iter().enumerate() {
            let (x, top) = ((index % columns) as f64 * width, (index / columns) as f64 * height);
            let panel = below.part(x, top, width - 8.0, height);
            canvas.group("function", &function.label, || {
                let size = if panel.text_width(&function.label, LABEL) <= panel.width() {
                    LABEL
                } else {
                    10.0
                };
                let label = panel.shorten(&function.label, size, panel.width());
                let middle = (panel.width() / 2.0 + 14.0)
                    .min(panel.width() - panel.text_width(&label, size) / 2.0);
                panel.text(&label, middle, 9.0, size, theme.foreground(), Align::Middle);
                let plane = panel.inside(0.0, 16.0, 0.0, 4.0);
                let mut chart = Chart::new(&plane, Axis::exactly("", self.x), y.clone());
                for zero in [[(self.x.0, 0.0), (self.x.1, 0.0)], [(0.0, y.low), (0.0, y.high)]] {
                    let inside = |&(x, level): &Point| {
                        (self.x.0..=self.x.1).contains(&x) && (y.low..=y.high).contains(&level)
                    };
                    if zero.iter().all(inside) {
                        chart.line(&zero, theme.muted(), 0.8, 0);
                    }
                }
                // The dashes are on top: they let a line below show through.
                let lines = [(&function.values, 0), (&function.derivatives, 1)];
                for (values, which) in lines {
                    for run in runs(values, self.x) {
                        chart.line(&run, theme.series(which), 2.0, which);
                    }
                }
            });
        }
    }
}

/// The points that can be shown, cut where one cannot.
fn runs(values: &[f64], x: (f64, f64)) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
    for (index, &value) in values.iter().enumerate() {
        if shown(value) {
            runs.last_mut().expect("never empty").push((place(x, index, values.len()), value));
        } else {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn a_panel_for_each_function() {
        let functions =
            (0..7).fold(Functions::new("Activations", (-4.0, 4.0)), |functions, index| {
                functions.function(format!("f{index}"), |x| {
                    (x.max(0.0) * f64::from(index), f64::from(index))
                })
            });
        let picture = check::picture(&functions);
        assert_eq!(picture.count("function"), 7);
        assert!(
            ["f0", "f6", "function", "derivative", "\u{2212}4"]
                .iter()
                .all(|text| picture.says(text))
        );
    }

    #[test]
    fn gaps_and_nothing() {
        assert!(
            check::picture(&Functions::new("a", (0.0, 1.0)))
                .says("There are no functions to show.")
        );
        let nothing = Functions::new("a", (0.0, 1.0)).function("b", |_| (f64::NAN, f64::INFINITY));
        assert!(check::picture(&nothing).says("There are no functions to show."));
        check::picture(&Functions::new("a", (-1.0, 1.0)).function("log", |x| (x.ln(), 1.0 / x)));
        assert_eq!(
            runs(&[1.0, 2.0, f64::NAN, 3.0, f64::NAN, 4.0, 5.0], (0.0, 6.0)),
            [[(0.0, 1.0), (1.0, 2.0)], [(5.0, 4.0), (6.0, 5.0)]]
        );
    }

    #[test]
    fn what_does_not_fit() {
        let function =
            Function { label: "f".into(), values: vec![1.0, 2.0], derivatives: vec![1.0] };
        let functions = Functions { functions: vec![function], ..Functions::new("a", (0.0, 1.0)) };
        assert_eq!(functions.check().unwrap_err(), "\"f\" has 2 values and 1 derivatives");
        assert!(Functions::new("a", (0.0, f64::NAN)).check().is_err());
    }
}
