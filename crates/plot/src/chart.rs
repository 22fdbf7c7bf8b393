//! Axes, grid and numbers around a plane of coordinates, by plotters.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::series::{AreaSeries, LineSeries};
use plotters::style::{IntoFont, ShapeStyle, TextStyle};

use crate::axis::Axis;
use crate::canvas::{Canvas, LABEL, SMALL};
use crate::font::{Align, FAMILY, LINE};
use crate::surface::{FINE, Point, Surface};
use crate::theme::Color;

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (place - self.low) / (self.high - self.low);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0 == *place);
        tick.map_or(String::new(), |tick| tick.1.clone())
    }
}

type Plane = Cartesian2d<Axis, Axis>;

/// A plane with axes. What is drawn in it is given by positions on them.
pub(crate) struct Chart<'a> {
    canvas: &'a Canvas,
    context: ChartContext<'static, Surface, Plane>,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl<'a> Chart<'a> {
    /// Fills a canvas with axes, and a grid where numbers are.
    pub(crate) fn new(canvas: &'a Canvas, x: Axis, y: Axis) -> Chart<'a> {
        Chart::with_grid(canvas, x, y, (true, true))
    }

    /// The same with upright lines, level lines, both or none behind the data.
    pub(crate) fn with_grid(
        canvas: &'a Canvas,
        mut x: Axis,
        mut y: Axis,
        (upright, level): (bool, bool),
    ) -> Chart<'a> {
        let theme = canvas.theme();
        let y_room = (canvas.width() * 0.3).max(40.0);
        y.ticks.iter_mut().for_each(|tick| tick.1 = canvas.shorten(&tick.1, SMALL, y_room));
        let widest =
            y.ticks.iter().map(|tick| canvas.text_width(&tick.1, SMALL)).fold(0.0, f64::max);
        let left = widest + 12.0 + if y.label.is_empty() { 0.0 } else { 20.0 };
        let mut bottom = 20.0 + if x.label.is_empty() { 0.0 } else { 20.0 };
        let mut names = Vec::new();
        if x.names {
            // Names run upward where they would have to be cut to a few letters.
            let slot = (canvas.width() - left) / (x.high - x.low) - 8.0;
            let widest =
                x.ticks.iter().map(|tick| canvas.text_width(&tick.1, SMALL)).fold(0.0, f64::max);
            if widest > slot && slot < 70.0 {
                let room = widest.min(canvas.height() * 0.35);
                bottom += room - 6.0;
                names = x
                    .ticks
                    .iter()
                    .map(|(place, name)| (*place, canvas.shorten(name, SMALL, room)))
                    .collect();
                x.ticks.iter_mut().for_each(|tick| tick.1.clear());
            }
            x.ticks.iter_mut().for_each(|tick| tick.1 = canvas.shorten(&tick.1, SMALL, slot));
        }
        // Half of the last number may stand out on the right, and half of the first on the left.
        let half = |tick: Option<&(f64, String)>| {
            tick.map_or(0.0, |tick| canvas.text_width(&tick.1, SMALL) / 2.0)
        };
        let right = half(x.ticks.last()).min(60.0) + 2.0;
        let left = left.max(half(x.ticks.first()));
        let (width, height) = (canvas.width() - left - right, canvas.height() - bottom - 8.0);
        thin_out(&mut x, width, |text| {
            if text.is_empty() { 0.0 } else { canvas.text_width(text, SMALL) + 8.0 }
        });
        thin_out(&mut y, height, |_| SMALL + 4.0);

        let mut context = ChartBuilder::on(&area(canvas))
            .margin_top(units(8.0))
            .margin_right(units(right))
            .x_label_area_size(units(bottom))
            .y_label_area_size(units(left))
            .build_cartesian_2d(x.clone(), y.clone())
            .expect("the painter never fails");
        let mut mesh = context.configure_mesh();
        if !upright {
            mesh.disable_x_mesh();
        }
        if !level {
            mesh.disable_y_mesh();
        }
        mesh.bold_line_style(stroke(theme.grid(), 1.0))
            .light_line_style(theme.grid().with_alpha(0.0))
            .axis_style(stroke(theme.muted(), 1.0))
            .set_all_tick_mark_size(units(4.0))
            .label_style(text_style(SMALL, theme.muted()))
            .axis_desc_style(text_style(LABEL, theme.foreground()))
            .x_desc(canvas.shorten(&x.label, LABEL, width))
            .y_desc(canvas.shorten(&y.label, LABEL, height))
            .draw()
            .expect("the painter never fails");
        drop(mesh);
        let chart = Chart { canvas, context, x, y };
        let every = names.len() as f64 * (SMALL + 3.0) / width;
        for (place, name) in names.iter().step_by(every.ceil().max(1.0) as usize) {
            let (x, bottom) = chart.at(*place, chart.y.low);
            canvas.upward(name, x, bottom + 8.0, SMALL, theme.muted(), Align::End);
        }
        chart
    }

    /// A line through positions.
    pub(crate) fn line(&mut self, points: &[Point], color: Color, width: f64, dash: usize) {
        if dash == 0 {
            let series = LineSeries::new(points.iter().copied(), stroke(color, width));
            self.context.draw_series(series).expect("the painter never fails");
        } else {
            let places: Vec<Point> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
            self.canvas.dashed(&places, color, width, dash);
        }
    }

    /// The area between a line and a level.
    pub(crate) fn area(&mut self, points: &[Point], level: f64, color: Color) {
        let series = AreaSeries::new(points.iter().copied(), level, color);
        self.context.draw_series(series).expect("the painter never fails");
    }

    /// A filled rectangle between two positions.
    pub(crate) fn rectangle(&self, from: Point, to: Point, color: Color) {
        let ((x, y), (right, bottom)) = (self.at(from.0, from.1), self.at(to.0, to.1));
        self.canvas.rectangle(
            x.min(right),
            y.min(bottom),
            (right - x).abs(),
            (bottom - y).abs(),
            color,
        );
    }

    /// Where positions are on the canvas, in points.
    pub(crate) fn at(&self, x: f64, y: f64) -> Point {
        let (x, y) = self.context.backend_coord(&(x, y));
        let (left, top) = self.canvas.place((0.0, 0.0));
        (f64::from(x) / f64::from(FINE) - left, f64::from(y) / f64::from(FINE) - top)
    }
}

/// A canvas as plotters' drawing area.
fn area(canvas: &Canvas) -> DrawingArea<Surface, Shift> {
    let (x, y) = canvas.place((0.0, 0.0));
    let place = |value: f64| (value * f64::from(FINE)).round() as i32;
    canvas
        .surface()
        .into_drawing_area()
        .shrink((place(x), place(y)), (place(canvas.width()), place(canvas.height())))
}

fn units(points: f64) -> i32 {
    (points.max(0.0) * f64::from(FINE)).round() as i32
}

fn stroke(color: Color, width: f64) -> ShapeStyle {
    ShapeStyle::from(&color).stroke_width(units(width) as u32)
}

fn text_style(size: f64, color: Color) -> TextStyle<'static> {
    let color = plotters_backend::BackendColor { alpha: color.alpha, rgb: color.rgb };
    TextStyle { color, ..TextStyle::from((FAMILY, size * LINE * f64::from(FINE)).into_font()) }
}

/// Keeps every second, third, ... number, so that none runs into the next.
fn thin_out(axis: &mut Axis, length: f64, size: impl Fn(&str) -> f64) {
    let per_unit = length / (axis.high - axis.low);
    let fits = |every: usize| {
        let kept: Vec<&(f64, String)> = axis.ticks.iter().step_by(every).collect();
        kept.windows(2).all(|pair| {
            (pair[1].0 - pair[0].0) * per_unit >= (size(&pair[0].1) + size(&pair[1].1)) / 2.0
        })
    };
    let every = (1..=axis.ticks.len().max(1)).find(|&every| fits(every)).unwrap_or(1);
    let mut index = 0;
    axis.ticks.retain(|_| {
        index += 1;
        (index - 1) % every == 0
    });
}
