//! The surface that a figure draws on.

use std::cell::RefCell;
use std::rc::Rc;

use crate::font::{self, Align, CAPITAL};
use crate::surface::{Paint, Point, Surface, Text};
use crate::theme::{Color, Theme};

/// The size of titles, of labels and of the numbers on axes, in points.
pub(crate) const TITLE: f64 = 15.0;
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const SMALL: f64 = 11.0;

/// A rectangle of a picture, with places and sizes in points from its upper left corner.
///
/// A [`Figure`](crate::Figure) of your own draws with it; [`Canvas::part`] cuts it up.
#[derive(Clone)]
pub struct Canvas {
    surface: Surface,
    theme: Theme,
    origin: Point,
    size: Point,
}

impl Canvas {
    /// The whole of a picture, filled with the theme's background.
    pub(crate) fn new(paint: Rc<RefCell<dyn Paint>>, size: (u32, u32), theme: Theme) -> Canvas {
        font::prepare();
        let surface = Surface { paint, size };
        let size = (f64::from(size.0), f64::from(size.1));
        let canvas = Canvas { surface, theme, origin: (0.0, 0.0), size };
        canvas.rectangle(0.0, 0.0, canvas.width(), canvas.height(), theme.background());
        canvas
    }

    /// The theme that the colours come from.
    #[must_use]
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// The width in points.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.size.0
    }

    /// The height in points.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.size.1
    }

    /// A part of this rectangle with its own coordinates.
    #[must_use]
    pub fn part(&self, x: f64, y: f64, width: f64, height: f64) -> Canvas {
        let (origin, size) = (self.place((x, y)), (width.max(1.0), height.max(1.0)));
        Canvas { surface: self.surface.clone(), theme: self.theme, origin, size }
    }

    /// This rectangle without its margins.
    #[must_use]
    pub fn inside(&self, left: f64, top: f64, right: f64, bottom: f64) -> Canvas {
        self.part(left, top, self.width() - left - right, self.height() - top - bottom)
    }

    /// A filled rectangle.
    pub fn rectangle(&self, x: f64, y: f64, width: f64, height: f64, color: Color) {
        self.surface.paint.borrow_mut().rectangle(
            self.place((x, y)),
            (width.max(0.0), height.max(0.0)),
            color,
        );
    }

    /// The outline of a rectangle.
    pub fn frame(&self, x: f64, y: f64, width: f64, height: f64, color: Color, line_width: f64) {
        let (right, bottom) = (x + width, y + height);
        self.line(
            &[(x, y), (right, y), (right, bottom), (x, bottom), (x, y), (right, y)],
            color,
            line_width,
        );
    }

    /// A line through points.
    pub fn line(&self, points: &[(f64, f64)], color: Color, line_width: f64) {
        self.surface.paint.borrow_mut().path(&self.places(points), color, line_width);
    }

    /// A filled polygon.
    pub fn polygon(&self, points: &[(f64, f64)], color: Color) {
        self.surface.paint.borrow_mut().polygon(&self.places(points), color);
    }

    /// A filled circle.
    pub fn circle(&self, x: f64, y: f64, radius: f64, color: Color) {
        self.surface.paint.borrow_mut().circle(self.place((x, y)), radius, color);
    }

    /// A text whose middle line is at `y`, of this size in points.
    pub fn text(&self, text: &str, x: f64, y: f64, size: f64, color: Color, align: Align) {
        self.write(
            text,
            (x, y + CAPITAL / 2.0 * size),
            Text { size, bold: false, color, align, upward: false },
        );
    }

    /// The same in bold.
    pub fn bold(&self, text: &str, x: f64, y: f64, size: f64, color: Color, align: Align) {
        self.write(
            text,
            (x, y + CAPITAL / 2.0 * size),
            Text { size, bold: true, color, align, upward: false },
        );
    }

    /// A text that runs upward, whose middle line is at `x`.
    pub fn upward(&self, text: &str, x: f64, y: f64, size: f64, color: Color, align: Align) {
        self.write(
            text,
            (x + CAPITAL / 2.0 * size, y),
            Text { size, bold: false, color, align, upward: true },
        );
    }

    /// Colours row by row from the upper left, each a sharp rectangle. Colours that do not fill a
    /// row are left out.
    pub fn image(&self, x: f64, y: f64, width: f64, height: f64, columns: usize, colors: &[Color]) {
        let rows = colors.len().checked_div(columns).unwrap_or(0);
        if rows > 0 {
            let rgb: Vec<u8> = colors[..rows * columns]
                .iter()
                .flat_map(|color| [color.rgb.0, color.rgb.1, color.rgb.2])
                .collect();
            self.surface.paint.borrow_mut().image(
                self.place((x, y)),
                (width, height),
                columns,
                &rgb,
            );
        }
    }

    /// Groups what is drawn meanwhile. In SVG the group has this class, and the title is shown for
    /// what is pointed at.
    pub fn group<R>(&self, class: &str, title: &str, draw: impl FnOnce() -> R) -> R {
        self.surface.paint.borrow_mut().open(class, title);
        let result = draw();
        self.surface.paint.borrow_mut().close();
        result
    }

    /// The width of a text of this size in points.
    #[must_use]
    pub fn text_width(&self, text: &str, size: f64) -> f64 {
        font::width(text, false) * size
    }

    /// The text, shortened with an ellipsis where it is wider than this.
    #[must_use]
    pub fn shorten(&self, text: &str, size: f64, room: f64) -> String {
        font::shorten(text, size, false, room)
    }

    /// Writes a title at the top; what is below it.
    #[must_use]
    pub fn titled(&self, title: &str) -> Canvas {
        if title.is_empty() {
            return self.inside(14.0, 10.0, 14.0, 10.0);
        }
        let short = font::shorten(title, TITLE, true, self.width() - 28.0);
        self.bold(&short, 14.0, 21.0, TITLE, self.theme.foreground(), Align::Start);
        self.inside(14.0, 38.0, 14.0, 10.0)
    }

    /// Writes a legend at the top, in as many rows as it needs; what is below it.
    #[must_use]
    pub(crate) fn legend(&self, entries: &[(&str, Mark)]) -> Canvas {
        let (mut x, mut y) = (0.0, 8.0);
        // All or none, so that they look like one family.
        let ground = self.theme.background();
        let pale = |mark: &Mark| matches!(mark, Mark::Fill(color) if color.contrast(ground) < 1.5);
        let framed = entries.iter().any(|(_, mark)| pale(mark));
        for (label, mark) in entries {
            let label = self.shorten(label, LABEL, self.width() - 30.0);
            let room = 26.0 + self.text_width(&label, LABEL);
            if x > 0.0 && x + room > self.width() {
                (x, y) = (0.0, y + 18.0);
            }
            match *mark {
                Mark::Fill(color) => {
                    self.rectangle(x + 4.0, y - 6.0, 12.0, 12.0, color);
                    if framed {
                        self.frame(x + 4.0, y - 6.0, 12.0, 12.0, self.theme.muted(), 1.0);
                    }
                }
                Mark::Line(color, dash) => self.dashed(&[(x, y), (x + 20.0, y)], color, 2.0, dash),
                Mark::Shape(color, shape) => self.marker(x + 10.0, y, 5.0, color, shape),
            }
            self.text(&label, x + 26.0, y, LABEL, self.theme.foreground(), Align::Start);
            x += room + 18.0;
        }
        self.inside(0.0, if entries.is_empty() { 0.0 } else { y + 14.0 }, 0.0, 0.0)
    }

    /// Writes a remark at the bottom, if there is one; what is above it.
    #[must_use]
    pub(crate) fn remark(&self, text: &str) -> Canvas {
        if text.is_empty() {
            return self.clone();
        }
        let short = self.shorten(text, SMALL, self.width());
        self.text(&short, 0.0, self.height() - 6.0, SMALL, self.theme.muted(), Align::Start);
        self.inside(0.0, 0.0, 0.0, 20.0)
    }

    /// Writes in the middle why there is nothing else.
    pub fn nothing(&self, reason: &str) {
        let (x, y, width) = (self.width() / 2.0, self.height() / 2.0, self.width());
        self.frame(0.5, 0.5, width - 1.0, self.height() - 1.0, self.theme.grid(), 1.0);
        let lines = wrap(reason, |line| self.text_width(line, LABEL) <= width - 24.0);
        let top = y - (lines.len() as f64 - 1.0) * 9.0;
        for (index, line) in lines.iter().enumerate() {
            self.text(line, x, top + index as f64 * 18.0, LABEL, self.theme.muted(), Align::Middle);
        }
    }

    /// A line, dashed by the number of the pattern; 0 is solid.
    pub(crate) fn dashed(&self, points: &[Point], color: Color, width: f64, dash: usize) {
        let (on, off) = match dash % 4 {
            0 => return self.line(points, color, width),
            1 => (6.0, 3.5),
            2 => (2.0, 3.0),
            _ => (10.0, 4.0),
        };
        let (mut drawing, mut left, mut piece) =
            (true, on, points.iter().copied().take(1).collect::<Vec<_>>());
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            let mut length = (to.0 - from.0).hypot(to.1 - from.1);
            while length > left {
                let share = left / length;
                from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
                piece.push(from);
                if drawing {
                    self.line(&piece, color, width);
                }
                length -= left;
                drawing = !drawing;
                left = if drawing { on } else { off };
                piece = vec![from];
            }
            left -= length;
            piece.push(to);
        }
        if drawing {
            self.line(&piece, color, width);
        }
    }

    /// A sign for a class, with the background's colour around it; four shapes, for who sees no
    /// colours.
    pub(crate) fn marker(&self, x: f64, y: f64, radius: f64, color: Color, shape: usize) {
        let outline = self.theme.background();
        for (radius, color) in [(radius + 1.2, outline), (radius, color)] {
            let r = radius;
            match shape % 4 {
                0 => self.circle(x, y, r * 0.9, color),
                1 => self.rectangle(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6, color),
                2 => self.polygon(
                    &[(x, y - r * 1.1), (x + r, y + r * 0.75), (x - r, y + r * 0.75)],
                    color,
                ),
                _ => self.polygon(
                    &[(x, y - r * 1.15), (x + r * 1.15, y), (x, y + r * 1.15), (x - r * 1.15, y)],
                    color,
                ),
            }
        }
    }

    /// A bar of colours at the right with numbers beside it, each at its share of the way up; what
    /// is left of it.
    #[must_use]
    pub(crate) fn color_bar(
        &self,
        label: &str,
        ticks: &[(f64, String)],
        color: impl Fn(f64) -> Color,
    ) -> Canvas {
        let widest = ticks.iter().map(|tick| self.text_width(&tick.1, SMALL)).fold(0.0, f64::max);
        let label_room = if label.is_empty() { 0.0 } else { 18.0 };
        let room = 16.0 + 14.0 + 6.0 + widest + label_room;
        let (left, top, height) =
            (self.width() - room + 16.0, 8.0, (self.height() - 16.0).clamp(1.0, 260.0));
        let colors: Vec<Color> =
            (0..128).rev().map(|step| color(f64::from(step) / 127.0)).collect();
        self.image(left, top, 14.0, height, 1, &colors);
        for (share, text) in ticks {
            let y = top + height * (1.0 - share);
            self.line(&[(left + 14.0, y), (left + 18.0, y)], self.theme.muted(), 1.0);
            self.text(text, left + 20.0, y, SMALL, self.theme.muted(), Align::Start);
        }
        if !label.is_empty() {
            let short = self.shorten(label, LABEL, height);
            let (x, y) = (self.width() - 8.0, top + height / 2.0);
            self.upward(&short, x, y, LABEL, self.theme.foreground(), Align::Middle);
        }
        self.inside(0.0, 0.0, room, 0.0)
    }

    pub(crate) fn surface(&self) -> Surface {
        self.surface.clone()
    }

    pub(crate) fn place(&self, (x, y): Point) -> Point {
        (self.origin.0 + x, self.origin.1 + y)
    }

    fn places(&self, points: &[Point]) -> Vec<Point> {
        points.iter().map(|&point| self.place(point)).collect()
    }

    fn write(&self, text: &str, at: Point, style: Text) {
        self.surface.paint.borrow_mut().text(text, self.place(at), style);
    }
}

/// The sign of an entry in a legend.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    Fill(Color),
    Line(Color, usize),
    Shape(Color, usize),
}

/// The text cut into lines between its words.
fn wrap(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Svg;

    fn drawn(draw: impl FnOnce(&Canvas)) -> String {
        let svg = Rc::new(RefCell::new(Svg::new((200, 100), "", "")));
        draw(&Canvas::new(svg.clone(), (200, 100), Theme::Light));
        svg.borrow_mut().finish()
    }

    #[test]
    fn a_part_has_its_own_origin() {
        let text = drawn(|canvas| {
            canvas.part(50.0, 20.0, 10.0, 10.0).circle(1.0, 2.0, 3.0, Color::hex(0))
        });
        assert!(text.contains(r#"<circle cx="51" cy="22" r="3""#), "{text}");
    }

    #[test]
    fn a_legend_takes_as_many_rows_as_it_needs() {
        let mark = Mark::Fill(Color::hex(0));
        drawn(|canvas| {
            assert_eq!(canvas.legend(&[]).height(), 100.0);
            assert_eq!(canvas.legend(&[("training", mark)]).height(), 78.0);
            assert_eq!(
                canvas.legend(&[("training", mark), ("validation", mark), ("test", mark)]).height(),
                60.0
            );
        });
    }

    #[test]
    fn dashes_cover_the_line_from_its_start() {
        let text = drawn(|canvas| canvas.dashed(&[(0.0, 0.0), (19.0, 0.0)], Color::hex(0), 1.0, 1));
        let dashes: Vec<&str> =
            text.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(dashes, ["0,0 6,0", "9.5,0 15.5,0"], "{text}");
    }

    #[test]
    fn reasons_are_wrapped_between_words() {
        assert_eq!(wrap("a bb ccc", |line| line.len() <= 4), ["a bb", "ccc"]);
        assert_eq!(wrap("  ", |_| true), Vec::<String>::new());
    }
}
