//! A picture as pixels, and PNG.

use super::{Paint, Point, Text};
use crate::font::{self, Align};
use crate::theme::Color;

/// The most points of a picture, of width times height.
pub(crate) const LARGEST: u64 = 40_000_000;

/// A picture while it is drawn, finer than it will be.
pub(crate) struct Pixels {
    columns: usize,
    rows: usize,
    /// Pixels that are averaged to one along each axis, which smooths edges.
    samples: usize,
    /// Fine pixels per point.
    scale: f64,
    rgb: Vec<u8>,
}

impl Pixels {
    /// A picture of this size in points.
    pub(crate) fn new((width, height): (u32, u32)) -> Pixels {
        // 2 pixels to a point; of very large pictures 1, so that they fit into memory.
        let (resolution, samples) = match u64::from(width) * u64::from(height) {
            0..=3_000_000 => (2, 2),
            3_000_001..=12_000_000 => (1, 2),
            _ => (1, 1),
        };
        let (columns, rows) =
            (width as usize * resolution * samples, height as usize * resolution * samples);
        let scale = (resolution * samples) as f64;
        Pixels { columns, rows, samples, scale, rgb: vec![255; columns * rows * 3] }
    }

    fn fine(&self, (x, y): Point) -> Point {
        (x * self.scale, y * self.scale)
    }

    /// The file's bytes.
    pub(crate) fn finish(&self) -> Vec<u8> {
        let (samples, columns, rows) =
            (self.samples, self.columns / self.samples, self.rows / self.samples);
        let (mut small, mut sums) =
            (Vec::with_capacity(columns * rows * 3), vec![0_u16; columns * 3]);
        for band in self.rgb.chunks_exact(self.columns * 3 * samples) {
            sums.fill(0);
            for row in band.chunks_exact(self.columns * 3) {
                for (sum, samples) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * samples)) {
                    for sample in samples.chunks_exact(3) {
                        sum[0] += u16::from(sample[0]);
                        sum[1] += u16::from(sample[1]);
                        sum[2] += u16::from(sample[2]);
                    }
                }
            }
            small.extend(sums.iter().map(|sum| (sum / (samples * samples) as u16) as u8));
        }
        encode(columns, &small)
    }

    /// Returns true if not all pixels are the same.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> bool {
        self.rgb.chunks_exact(3).any(|pixel| *pixel != self.rgb[..3])
    }

    fn pixel(&mut self, column: i64, row: i64, color: Color) {
        if (0..self.columns as i64).contains(&column) && (0..self.rows as i64).contains(&row) {
            let start = (row as usize * self.columns + column as usize) * 3;
            let parts = [color.rgb.0, color.rgb.1, color.rgb.2];
            for (old, new) in self.rgb[start..start + 3].iter_mut().zip(parts) {
                *old = (f64::from(*old) + (f64::from(new) - f64::from(*old)) * color.alpha).round()
                    as u8;
            }
        }
    }

    /// Columns whose middles are between two places, in fine pixels.
    fn span(&mut self, row: i64, from: f64, to: f64, color: Color) {
        let last = self.columns as f64;
        let (first, end) =
            ((from - 0.5).ceil().clamp(0.0, last), (to - 0.5).ceil().clamp(0.0, last));
        let (first, end) = (first as usize, end as usize);
        if color.alpha < 1.0 {
            (first..end).for_each(|column| self.pixel(column as i64, row, color));
        } else if first < end && (0..self.rows as i64).contains(&row) {
            let start = row as usize * self.columns;
            let bytes = &mut self.rgb[(start + first) * 3..(start + end) * 3];
            bytes[..3].copy_from_slice(&[color.rgb.0, color.rgb.1, color.rgb.2]);
            // What is filled is copied, twice as much each time.
            let mut filled = 3;
            while filled < bytes.len() {
                let more = filled.min(bytes.len() - filled);
                bytes.copy_within(..more, filled);
                filled += more;
            }
        }
    }

    /// The rows whose middles are between two places.
    fn rows(&self, from: f64, to: f64) -> std::ops::Range<i64> {
        let last = self.rows as f64;
        (from - 0.5).ceil().clamp(0.0, last) as i64..(to - 0.5).ceil().clamp(0.0, last) as i64
    }
}

impl Paint for Pixels {
    fn rectangle(&mut self, corner: Point, (width, height): Point, color: Color) {
        let (left, top) = self.fine(corner);
        for row in self.rows(top, top + height * self.scale) {
            self.span(row, left, left + width * self.scale, color);
        }
    }

    fn path(&mut self, points: &[Point], color: Color, width: f64) {
        let width = (width * self.scale).max(1.0);
        for pair in points.windows(2) {
            let (a, b) = (self.fine(pair[0]), self.fine(pair[1]));
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let length = dx.hypot(dy);
            if length > 0.0 {
                let (x, y) = (-dy / length * width / 2.0, dx / length * width / 2.0);
                fill(
                    self,
                    &[
                        (a.0 + x, a.1 + y),
                        (b.0 + x, b.1 + y),
                        (b.0 - x, b.1 - y),
                        (a.0 - x, a.1 - y),
                    ],
                    color,
                );
            }
        }
        // Round joints; the ends stay flat, as in the SVG. What is transparent would be darker
        // there.
        if color.alpha < 1.0 {
            return;
        }
        for joint in points.iter().skip(1).take(points.len().saturating_sub(2)) {
            self.circle(*joint, width / self.scale / 2.0, color);
        }
    }

    fn polygon(&mut self, points: &[Point], color: Color) {
        let points: Vec<Point> = points.iter().copied().map(|point| self.fine(point)).collect();
        fill(self, &points, color);
    }

    fn circle(&mut self, center: Point, radius: f64, color: Color) {
        let ((x, y), radius) = (self.fine(center), radius * self.scale);
        for row in self.rows(y - radius, y + radius) {
            let half = (radius * radius - (row as f64 + 0.5 - y).powi(2)).max(0.0).sqrt();
            self.span(row, x - half, x + half, color);
        }
    }

    fn text(&mut self, text: &str, at: Point, style: Text) {
        let size = style.size * self.scale;
        let length = font::width(text, style.bold) * size;
        let start = match style.align {
            Align::Start => 0.0,
            Align::Middle => -length / 2.0,
            Align::End => -length,
        };
        let (x, y) = self.fine(at);
        let (along, across) = if style.upward { (y - start, x) } else { (x + start, y) };
        let (along, across) = (along.round() as i64, across.round() as i64);
        font::rasterize(text, size, style.bold, |right, down, share| {
            let (right, down) = (i64::from(right), i64::from(down));
            let (column, row) = if style.upward {
                (across + down, along - right)
            } else {
                (along + right, across + down)
            };
            self.pixel(column, row, style.color.with_alpha(style.color.alpha * share.min(1.0)));
        });
    }

    fn image(&mut self, corner: Point, (width, height): Point, columns: usize, rgb: &[u8]) {
        let ((left, top), rows) = (self.fine(corner), rgb.len() / 3 / columns.max(1));
        let (cell_width, cell_height) =
            (width * self.scale / columns as f64, height * self.scale / rows as f64);
        for (index, color) in rgb.chunks_exact(3).enumerate() {
            let color = Color { rgb: (color[0], color[1], color[2]), alpha: 1.0 };
            let (x, y) = (
                left + (index % columns) as f64 * cell_width,
                top + (index / columns) as f64 * cell_height,
            );
            for row in self.rows(y, y + cell_height) {
                self.span(row, x, x + cell_width, color);
            }
        }
    }

    fn open(&mut self, _: &str, _: &str) {}

    fn close(&mut self) {}
}

/// Fills by the even-odd rule, row by row.
fn fill(pixels: &mut Pixels, points: &[Point], color: Color) {
    let top = points.iter().fold(f64::INFINITY, |top, point| top.min(point.1));
    let bottom = points.iter().fold(f64::NEG_INFINITY, |bottom, point| bottom.max(point.1));
    if !(top.is_finite() && bottom.is_finite()) {
        return;
    }
    let mut crossings = Vec::new();
    for row in pixels.rows(top, bottom) {
        let y = row as f64 + 0.5;
        crossings.clear();
        for (index, &a) in points.iter().enumerate() {
            let b = points[(index + 1) % points.len()];
            if (a.1 <= y) != (b.1 <= y) {
                crossings.push(a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0));
            }
        }
        crossings.sort_by(f64::total_cmp);
        crossings.chunks_exact(2).for_each(|pair| pixels.span(row, pair[0], pair[1], color));
    }
}

/// Red, green and blue row by row as the bytes of a PNG file.
pub(crate) fn encode(columns: usize, rgb: &[u8]) -> Vec<u8> {
    let rows = rgb.len() / 3 / columns.max(1);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a picture has at least one pixel");
    writer.write_image_data(&rgb[..columns * rows * 3]).expect("the bytes fill the picture");
    writer.finish().expect("memory can always be written to");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue at a pixel of the PNG.
    fn at(file: &[u8], column: usize, row: usize) -> [u8; 3] {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("pixels");
        let start = (row * info.width as usize + column) * 3;
        [bytes[start], bytes[start + 1], bytes[start + 2]]
    }

    #[test]
    fn shapes_are_where_they_were_asked_for() {
        let mut pixels = Pixels::new((20, 20));
        pixels.rectangle((2.0, 4.0), (3.0, 2.0), Color::hex(0xff0000));
        pixels.path(&[(0.0, 10.0), (20.0, 10.0)], Color::hex(0x0000ff), 1.0);
        pixels.circle((15.0, 15.0), 2.0, Color::hex(0x00ff00));
        let file = pixels.finish();
        assert_eq!(at(&file, 4, 8), [255, 0, 0]);
        assert_eq!(at(&file, 9, 11), [255, 0, 0]);
        assert_eq!(at(&file, 10, 11), [255, 255, 255]);
        assert_eq!(at(&file, 20, 20), [0, 0, 255]);
        assert_eq!(at(&file, 20, 22), [255, 255, 255]);
        assert_eq!(at(&file, 30, 30), [0, 255, 0]);
    }

    #[test]
    fn what_lies_outside_or_is_not_a_number_is_left_out() {
        let mut pixels = Pixels::new((4, 4));
        pixels.path(&[(-1e12, -1e12), (f64::NAN, 2.0), (1e300, f64::INFINITY)], Color::hex(0), 1.0);
        pixels.polygon(&[], Color::hex(0));
        pixels.circle((f64::NAN, 0.0), 2.0, Color::hex(0));
        pixels.rectangle((f64::NEG_INFINITY, 0.0), (f64::INFINITY, 1.0), Color::hex(0));
        let _ = pixels.finish();
    }

    #[test]
    fn an_image_is_enlarged_without_blur() {
        let mut pixels = Pixels::new((4, 4));
        pixels.image((0.0, 0.0), (4.0, 4.0), 2, &[255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]);
        let file = pixels.finish();
        assert_eq!(at(&file, 3, 3), [255, 0, 0]);
        assert_eq!(at(&file, 4, 3), [0, 255, 0]);
        assert_eq!(at(&file, 7, 7), [9, 9, 9]);
    }
}
