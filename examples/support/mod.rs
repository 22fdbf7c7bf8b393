//! Helpers of the examples: where a picture goes, and figures side by side.

#![allow(dead_code, reason = "not every example has more than one figure")]

use std::path::Path;

use chainrule_plot::{Canvas, Figure};

/// Writes the picture `<name>.svg` into the folder that is the program's first argument,
/// `target/examples` without one, and prints where it is.
pub fn save(name: &str, figure: &impl Figure) -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "target/examples".into());
    let path = Path::new(&folder).join(format!("{name}.svg"));
    std::fs::create_dir_all(&folder).map_err(|error| {
        format!(
            "cannot make the folder {}: {error}; give another one as the first argument",
            folder.display()
        )
    })?;
    figure.save(&path)?;
    println!("drawn in {}", path.display());
    Ok(())
}

/// Figures in rows under one title.
pub struct Panels {
    title: String,
    columns: usize,
    figures: Vec<Box<dyn Figure>>,
}

/// Width and height of a panel, in points.
const PANEL: (u32, u32) = (440, 340);

impl Panels {
    /// Without figures, which will be this many in a row.
    pub fn new(title: impl Into<String>, columns: usize) -> Panels {
        Panels { title: title.into(), columns, figures: Vec::new() }
    }

    /// Adds a figure, to the right of the last one or below.
    pub fn panel(mut self, figure: impl Figure + 'static) -> Panels {
        self.figures.push(Box::new(figure));
        self
    }
}

impl Figure for Panels {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let panels = self
            .figures
            .iter()
            .map(|figure| format!("{}: {}", figure.title(), figure.description()));
        panels.collect::<Vec<_>>().join(" ")
    }

    fn size(&self) -> (u32, u32) {
        let rows = self.figures.len().div_ceil(self.columns) as u32;
        (28 + PANEL.0 * self.columns as u32, 48 + PANEL.1 * rows)
    }

    fn check(&self) -> Result<(), String> {
        self.figures.iter().try_for_each(|figure| figure.check())
    }

    fn draw(&self, canvas: &Canvas) {
        let below = canvas.titled(&self.title);
        let (width, height) = (f64::from(PANEL.0), f64::from(PANEL.1));
        for (index, figure) in self.figures.iter().enumerate() {
            let (column, row) = (index % self.columns, index / self.columns);
            figure.draw(&below.part(column as f64 * width, row as f64 * height, width, height));
        }
    }
}
