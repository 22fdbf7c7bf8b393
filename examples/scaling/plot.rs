//! Measured times and their lines, one panel for each axis, both scales logarithmic.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::Measured;
use crate::line::Line;

type Panel = (&'static str, &'static str, &'static str, Vec<Measured>, Line);

// Two colours of Okabe and Ito's palette, which every kind of colour vision tells apart; marks and strokes differ too.
const MEASURED: RGBColor = RGBColor(0, 114, 178);
const LINE: RGBColor = RGBColor(213, 94, 0);

pub fn draw(path: &Path, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let columns = panels.len().min(2);
    let rows = panels.len().div_ceil(2).max(1);
    let root = SVGBackend::new(path, (560 * columns.max(1) as u32, 420 * rows as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, panel) in root.split_evenly((rows, columns.max(1))).iter().zip(panels) {
        draw_panel(area, panel)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    (name, setting, work, points, line): &Panel,
) -> Result<(), Box<dyn Error>> {
    let ends = |values: &[f64]| {
        let (low, high) = values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &v| (low.min(v), high.max(v)));
        low / 1.5..high * 1.5
    };
    let works: Vec<f64> = points.iter().map(|point| point.work).collect();
    let times: Vec<f64> = points.iter().flat_map(|point| [point.microseconds, line.at(point.work)]).collect();
    let (x, y) = (ends(&works), ends(&times));
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{name}: {setting}"), ("sans-serif", 16))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(x.clone().log_scale(), y.log_scale())?;
    let label = |value: &f64| match *value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e3 => format!("{} k", v / 1e3),
        v => format!("{v}"),
    };
    chart
        .configure_mesh()
        .x_desc(*work)
        .y_desc("microseconds, median")
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 13))
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .light_line_style(WHITE.mix(0.0))
        .draw()?;
    // A straight line is a curve on these scales.
    let steps = 200;
    let along = |factor: f64| {
        let (low, high) = (works[0], works[works.len() - 1]);
        (0..=steps).map(move |i| {
            let work = low * (high / low).powf(f64::from(i) / f64::from(steps));
            (work, factor * line.at(work))
        })
    };
    chart
        .draw_series(LineSeries::new(along(1.0), LINE.stroke_width(2)))?
        .label("the line")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], LINE.stroke_width(2)));
    chart
        .draw_series(DashedLineSeries::new(along(1.15), 4, 4, LINE.stroke_width(1)))?
        .label("1.15 times the line")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], LINE.stroke_width(1)));
    chart
        .draw_series(points.iter().map(|point| Circle::new((point.work, point.microseconds), 4, MEASURED.filled())))?
        .label("measured")
        .legend(|(x, y)| Circle::new((x + 12, y), 4, MEASURED.filled()));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 14))
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}
