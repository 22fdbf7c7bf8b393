//! Measured times and their line, one picture for each axis, both scales logarithmic.

use std::path::Path;

use chainrule_plot::{Curves, Figure, PlotError};

use crate::line::Line;
use crate::{Axis, Measured};

pub fn save(folder: &Path, axis: &Axis, points: &[Measured], line: Line) -> Result<(), PlotError> {
    let measured = points.iter().map(|point| (point.work, point.microseconds)).collect();
    // A straight line is a curve on these scales.
    let along = |factor: f64| {
        let (low, high) = (points[0].work, points[points.len() - 1].work);
        let works = (0..=200).map(move |step| low * (high / low).powf(f64::from(step) / 200.0));
        works.map(|work| (work, factor * line.at(work))).collect()
    };
    let curves = Curves::new(format!("{}: {}", axis.name, axis.setting))
        .labels(axis.work, "microseconds, median")
        .points("measured", measured)
        .points("the line", along(1.0))
        .points("1.15 times the line", along(1.15));
    let name = axis.name.replace(", ", "-").to_lowercase();
    curves.log_x().log_y().save(folder.join(format!("{name}.svg")))
}
