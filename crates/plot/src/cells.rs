//! A table of coloured cells with names at its sides.

use crate::canvas::{Canvas, LABEL, SMALL};
use crate::font::Align;
use crate::theme::Color;

/// The content of a table of cells.
pub(crate) struct Cells<'a> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_names: &'a [String],
    pub(crate) column_names: &'a [String],
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    /// True if cells are as wide as they are high.
    pub(crate) square: bool,
}

impl Cells<'_> {
    /// Fills a canvas. Each cell has a colour, and a text that is written where there is room in
    /// all cells.
    pub(crate) fn draw(
        &self,
        canvas: &Canvas,
        color: impl Fn(usize, usize) -> Color,
        text: impl Fn(usize, usize) -> String,
    ) {
        let theme = canvas.theme();
        let widest =
            self.row_names.iter().map(|name| canvas.text_width(name, SMALL)).fold(0.0, f64::max);
        let names = widest.min(canvas.width() * 0.3);
        let left = names + 8.0 + if self.y_label.is_empty() { 0.0 } else { 20.0 };
        let longest =
            self.column_names.iter().map(|name| canvas.text_width(name, SMALL)).fold(0.0, f64::max);
        let slot = (canvas.width() - left) / self.columns as f64;
        let slot = if self.square { slot.min(canvas.height() / self.rows as f64) } else { slot };
        // Names run upward where they would have to be cut.
        let upward = longest > slot - 4.0 && slot >= SMALL;
        let names_below = match (self.column_names.is_empty(), upward) {
            (true, _) => 0.0,
            (false, false) => 16.0,
            (false, true) => longest.min(canvas.height() * 0.3) + 4.0,
        };
        let bottom = 6.0 + names_below + if self.x_label.is_empty() { 0.0 } else { 18.0 };
        let (room_x, room_y) = (canvas.width() - left, canvas.height() - bottom - 4.0);
        let (mut width, mut height) = (room_x / self.columns as f64, room_y / self.rows as f64);
        if self.square {
            (width, height) = (width.min(height), width.min(height));
        }
        let (right, end) = (left + width * self.columns as f64, 4.0 + height * self.rows as f64);

        let all =
            || (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (row, column)));
        let colors: Vec<Color> = all().map(|(row, column)| color(row, column)).collect();
        canvas.group("cells", "", || {
            canvas.image(left, 4.0, right - left, end - 4.0, self.columns, &colors)
        });
        if self.rows * self.columns <= 900 && height >= SMALL + 2.0 {
            let texts: Vec<String> = all().map(|(row, column)| text(row, column)).collect();
            let widest =
                texts.iter().map(|text| canvas.text_width(text, SMALL)).fold(0.0, f64::max);
            if widest + 4.0 <= width {
                for (((row, column), text), color) in all().zip(&texts).zip(&colors) {
                    let (x, y) =
                        (left + (column as f64 + 0.5) * width, 4.0 + (row as f64 + 0.5) * height);
                    canvas.text(text, x, y, SMALL, color.ink(), Align::Middle);
                }
            }
        }
        if self.square && width >= 12.0 {
            for column in 1..self.columns {
                let x = left + column as f64 * width;
                canvas.line(&[(x, 4.0), (x, end)], theme.grid(), 0.8);
            }
            for row in 1..self.rows {
                let y = 4.0 + row as f64 * height;
                canvas.line(&[(left, y), (right, y)], theme.grid(), 0.8);
            }
        }
        canvas.frame(left, 4.0, right - left, end - 4.0, theme.muted(), 1.0);

        let every = ((SMALL + 2.0) / height).ceil().max(1.0) as usize;
        for (row, name) in self.row_names.iter().enumerate().step_by(every) {
            let name = canvas.shorten(name, SMALL, names);
            canvas.text(
                &name,
                left - 6.0,
                4.0 + (row as f64 + 0.5) * height,
                SMALL,
                theme.muted(),
                Align::End,
            );
        }
        let every =
            if upward { (SMALL + 2.0) / width } else { longest.min(44.0) / (width - 4.0).max(1.0) };
        let every = every.ceil().max(1.0) as usize;
        for (column, name) in self.column_names.iter().enumerate().step_by(every) {
            let x = left + (column as f64 + 0.5) * width;
            if upward {
                let name = canvas.shorten(name, SMALL, names_below - 4.0);
                canvas.upward(&name, x, end + 6.0, SMALL, theme.muted(), Align::End);
                continue;
            }
            let name = canvas.shorten(name, SMALL, width * every as f64 - 4.0);
            // Names at the edges of a narrow table stay in the picture.
            let half = canvas.text_width(&name, SMALL) / 2.0;
            canvas.text(
                &name,
                x.min(canvas.width() - half),
                end + 12.0,
                SMALL,
                theme.muted(),
                Align::Middle,
            );
        }
        if !self.x_label.is_empty() {
            let label = canvas.shorten(self.x_label, LABEL, right - left);
            canvas.text(
                &label,
                (left + right) / 2.0,
                end + bottom - 8.0,
                LABEL,
                theme.foreground(),
                Align::Middle,
            );
        }
        if !self.y_label.is_empty() {
            let label = canvas.shorten(self.y_label, LABEL, end - 4.0);
            canvas.upward(&label, 8.0, (4.0 + end) / 2.0, LABEL, theme.foreground(), Align::Middle);
        }
    }
}

/// Checks that all rows are as long as the first.
pub(crate) fn same_length<T>(what: &str, rows: &[Vec<T>]) -> Result<(), String> {
    let first = rows.first().map_or(0, Vec::len);
    match rows.iter().position(|row| row.len() != first) {
        Some(row) => {
            Err(format!("row {row} of {what} has {} numbers, row 0 has {first}", rows[row].len()))
        }
        None => Ok(()),
    }
}
