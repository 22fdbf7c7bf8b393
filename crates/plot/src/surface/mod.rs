//! The surfaces that a picture is drawn on: SVG text or pixels, behind plotters' seam for backends.
//!
//! plotters' own backends are not used: its SVG knows no images, groups, tooltips and text
//! alternatives, and its pixels are not smoothed where lines are wide.

mod pixels;
mod svg;

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle, FontTransform,
};

pub(crate) use pixels::{LARGEST, Pixels};
pub(crate) use svg::{Svg, escape};

use crate::font::{Align, CAPITAL, LINE};
use crate::theme::Color;

/// Units of plotters' whole coordinates per point of the picture, so that curves do not step.
pub(crate) const FINE: i32 = 8;

/// A place in points, from the upper left corner.
pub(crate) type Point = (f64, f64);

/// How a text looks.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) color: Color,
    pub(crate) align: Align,
    /// True if it runs upward.
    pub(crate) upward: bool,
}

/// The few things that all figures are made of, in points.
pub(crate) trait Paint {
    fn rectangle(&mut self, corner: Point, size: Point, color: Color);
    fn path(&mut self, points: &[Point], color: Color, width: f64);
    fn polygon(&mut self, points: &[Point], color: Color);
    fn circle(&mut self, center: Point, radius: f64, color: Color);
    /// A text whose baseline is at this place.
    fn text(&mut self, text: &str, at: Point, style: Text);
    /// Pixels from the upper left row by row, red, green and blue, each as a sharp rectangle.
    fn image(&mut self, corner: Point, size: Point, columns: usize, rgb: &[u8]);
    /// Starts a group of a kind, with a text that is shown when it is pointed at.
    fn open(&mut self, class: &str, title: &str);
    fn close(&mut self);
}

/// plotters' view of what is painted on. Clones paint on the same picture.
#[derive(Clone)]
pub(crate) struct Surface {
    pub(crate) paint: Rc<RefCell<dyn Paint>>,
    /// Width and height in points.
    pub(crate) size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn point((x, y): BackendCoord) -> Point {
    (f64::from(x) / f64::from(FINE), f64::from(y) / f64::from(FINE))
}

impl Surface {
    fn visible(&self, color: BackendColor, paint: impl FnOnce(&mut dyn Paint, Color)) -> Drawn {
        if color.alpha > 0.0 {
            paint(&mut *self.paint.borrow_mut(), Color { rgb: color.rgb, alpha: color.alpha });
        }
        Ok(())
    }
}

impl DrawingBackend for Surface {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.size.0 * FINE as u32, self.size.1 * FINE as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, color: BackendColor) -> Drawn {
        let side = 1.0 / f64::from(FINE);
        self.visible(color, |paint, color| paint.rectangle(point(at), (side, side), color))
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let ((left, top), (right, bottom)) =
            (point((a.0.min(b.0), a.1.min(b.1))), point((a.0.max(b.0), a.1.max(b.1))));
        let outline = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        let width = f64::from(style.stroke_width()) / f64::from(FINE);
        self.visible(style.color(), |paint, color| match fill {
            true => paint.rectangle((left, top), (right - left, bottom - top), color),
            false => paint.path(&outline, color, width),
        })
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let path: Vec<Point> = path.into_iter().map(point).collect();
        let width = f64::from(style.stroke_width()) / f64::from(FINE);
        self.visible(style.color(), |paint, color| paint.path(&path, color, width))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let path: Vec<Point> = path.into_iter().map(point).collect();
        self.visible(style.color(), |paint, color| paint.polygon(&path, color))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        _: bool,
    ) -> Drawn {
        let radius = f64::from(radius) / f64::from(FINE);
        self.visible(style.color(), |paint, color| paint.circle(point(center), radius, color))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let upward = matches!(style.transform(), FontTransform::Rotate270);
        let size = style.size() / LINE / f64::from(FINE);
        let anchor = style.anchor();
        let align = match anchor.h_pos {
            HPos::Left => Align::Start,
            HPos::Center => Align::Middle,
            HPos::Right => Align::End,
        };
        let down = size
            * match anchor.v_pos {
                VPos::Top => CAPITAL,
                VPos::Center => CAPITAL / 2.0,
                VPos::Bottom => -0.2,
            };
        let (x, y) = point(at);
        let baseline = if upward { (x + down, y) } else { (x, y + down) };
        let bold = matches!(style.style(), FontStyle::Bold);
        self.visible(style.color(), |paint, color| {
            paint.text(text, baseline, Text { size, bold, color, align, upward });
        })
    }
}
