use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::canvas::Canvas;
use crate::error::PlotError;
use crate::surface::{LARGEST, Pixels, Svg};
use crate::theme::Theme;
use crate::write::write;

/// Something that can be drawn: plain numbers and labels in, a picture out.
///
/// Whatever the numbers are, drawing does not panic: what is not finite is left out and said so, no
/// data give a picture that says why it is empty. Numbers that do not fit together
/// ([`Figure::check`]) give a picture that says what does not fit, and an error where there can be
/// one ([`Figure::png`], [`Figure::save`]).
///
/// A figure of your own needs `title` and `draw`:
///
/// ```
/// use chainrule_plot::{Align, Canvas, Figure, Theme};
///
/// struct Answer(f64);
///
/// impl Figure for Answer {
///     fn title(&self) -> &str {
///         "The answer"
///     }
///
///     fn draw(&self, canvas: &Canvas) {
///         let below = canvas.titled(self.title());
///         let (x, y) = (below.width() / 2.0, below.height() / 2.0);
///         below.text(&self.0.to_string(), x, y, 40.0, canvas.theme().series(0), Align::Middle);
///     }
/// }
///
/// let svg = Answer(42.0).svg(Theme::Light);
/// assert!(svg.contains(">42</text>"));
/// ```
pub trait Figure {
    /// The title above the picture.
    fn title(&self) -> &str;

    /// A description of the picture, in a sentence or two for who does not see it.
    fn description(&self) -> String {
        String::new()
    }

    /// Width and height in points.
    fn size(&self) -> (u32, u32) {
        (720, 440)
    }

    /// Checks that all fits together, and says what would.
    ///
    /// # Errors
    /// That in words.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Draws the picture. It is not called if `check` fails.
    fn draw(&self, canvas: &Canvas);

    /// The picture as SVG text without anything from outside, 1 point to a pixel of CSS.
    #[must_use]
    fn svg(&self, theme: Theme) -> String {
        let size = self.size();
        let svg = Rc::new(RefCell::new(Svg::new(size, self.title(), &self.description())));
        let canvas = Canvas::new(svg.clone(), size, theme);
        match self.check() {
            Ok(()) => self.draw(&canvas),
            Err(reason) => canvas.titled(self.title()).nothing(&reason),
        }
        svg.borrow_mut().finish()
    }

    /// The picture as the bytes of a PNG file, 2 pixels to a point, 1 to a point of very large
    /// pictures.
    ///
    /// # Errors
    /// If the numbers do not fit together, or the picture is larger than 40 million points.
    fn png(&self, theme: Theme) -> Result<Vec<u8>, PlotError> {
        let (width, height) = self.size();
        let room = match u64::from(width) * u64::from(height) {
            1..=LARGEST => Ok(()),
            _ => Err(format!("{width} x {height} points are no size for a PNG: save it as SVG")),
        };
        self.check()
            .and(room)
            .map_err(|reason| PlotError::Data { title: self.title().to_owned(), reason })?;
        let pixels = Rc::new(RefCell::new(Pixels::new(self.size())));
        self.draw(&Canvas::new(pixels.clone(), self.size(), theme));
        Ok(pixels.borrow().finish())
    }

    /// Writes the picture for light pages, as SVG or PNG by the end of the name, `.svg` or `.png`.
    ///
    /// # Errors
    /// If the numbers do not fit together, the name has another end, or the file cannot be written.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError>
    where
        Self: Sized,
    {
        self.save_as(path, Theme::Light)
    }

    /// The same with the theme named.
    ///
    /// # Errors
    /// As [`Figure::save`].
    fn save_as(&self, path: impl AsRef<Path>, theme: Theme) -> Result<(), PlotError>
    where
        Self: Sized,
    {
        save(self, path.as_ref(), theme)
    }
}

impl<F: Figure + ?Sized> Figure for &F {
    fn title(&self) -> &str {
        (**self).title()
    }

    fn description(&self) -> String {
        (**self).description()
    }

    fn size(&self) -> (u32, u32) {
        (**self).size()
    }

    fn check(&self) -> Result<(), String> {
        (**self).check()
    }

    fn draw(&self, canvas: &Canvas) {
        (**self).draw(canvas);
    }
}

impl<F: Figure + ?Sized> Figure for Box<F> {
    fn title(&self) -> &str {
        (**self).title()
    }

    fn description(&self) -> String {
        (**self).description()
    }

    fn size(&self) -> (u32, u32) {
        (**self).size()
    }

    fn check(&self) -> Result<(), String> {
        (**self).check()
    }

    fn draw(&self, canvas: &Canvas) {
        (**self).draw(canvas);
    }
}

fn save(figure: &dyn Figure, path: &Path, theme: Theme) -> Result<(), PlotError> {
    let extension =
        path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let bytes = match extension.as_deref() {
        Some("svg") => {
            let reason = |reason| PlotError::Data { title: figure.title().to_owned(), reason };
            figure.check().map_err(reason)?;
            figure.svg(theme).into_bytes()
        }
        Some("png") => figure.png(theme)?,
        _ => return Err(PlotError::Extension { path: path.to_owned() }),
    };
    write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curves, Heatmap};

    #[test]
    fn the_end_of_the_name_says_the_kind() {
        let folder = std::env::temp_dir();
        let figure = Curves::new("loss");
        for (name, start) in
            [("chainrule-plot-test.svg", &b"<svg "[..]), ("chainrule-plot-test.PNG", b"\x89PNG")]
        {
            let path = folder.join(name);
            figure.save(&path).unwrap();
            assert!(std::fs::read(&path).unwrap().starts_with(start));
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(
            figure.save("loss.pdf").unwrap_err().to_string(),
            "cannot tell the kind of picture from loss.pdf: end the name in .svg or .png"
        );
        let missing = figure.save("/no/such/folder/loss.svg").unwrap_err().to_string();
        assert!(missing.starts_with("cannot write /no/such/folder/loss.svg: "), "{missing}");
    }

    #[test]
    fn a_size_that_is_too_large_for_pixels_is_an_error() {
        struct Sized(u32, u32);
        impl Figure for Sized {
            fn title(&self) -> &str {
                "large"
            }
            fn size(&self) -> (u32, u32) {
                (self.0, self.1)
            }
            fn draw(&self, _: &Canvas) {}
        }
        let message = |figure: Sized| figure.png(Theme::Light).unwrap_err().to_string();
        let expected = "the figure \"large\" cannot be drawn: 9000 x 9000 points are no size for a \
                        PNG: save it as SVG";
        assert_eq!(message(Sized(9000, 9000)), expected);
        assert!(message(Sized(0, 10)).contains("0 x 10 points are no size"));
        assert!(Sized(1, 1).png(Theme::Light).is_ok());
        assert!(Sized(9000, 9000).svg(Theme::Light).contains("<svg"));
    }

    #[test]
    fn numbers_that_do_not_fit_are_an_error_and_a_picture_that_says_so() {
        let figure = Heatmap::new("weights", vec![vec![1.0], vec![1.0, 2.0]]);
        let error = figure.png(Theme::Light).unwrap_err().to_string();
        assert_eq!(
            error,
            "the figure \"weights\" cannot be drawn: row 1 of the values has 2 numbers, row 0 has 1"
        );
        assert!(figure.save("weights.svg").is_err());
        assert!(figure.svg(Theme::Dark).contains("row 1 of the values has 2 numbers"));
    }
}
