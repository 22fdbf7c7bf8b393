//! The one font, DejaVu Sans: what is drawn and measured does not depend on the system's fonts.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, ScaleFont};
use plotters::style::{FontStyle, register_font};

/// Where a text is put relative to its point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// The text starts there.
    #[default]
    Start,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    End,
}

/// The family that plotters is asked for.
pub(crate) const FAMILY: &str = "chainrule-plot";

/// plotters gives the height of a line where a font's size is the em: DejaVu Sans's line is 1.164
/// em.
pub(crate) const LINE: f64 = 1.164;

/// The height of capitals in em, by which a text is centred.
pub(crate) const CAPITAL: f64 = 0.729;

struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| {
        let (regular, bold) = (dejavu::sans::regular(), dejavu::sans::bold());
        let parse = |bytes| FontRef::try_from_slice(bytes).expect("the embedded font is valid");
        for (style, bytes) in [(FontStyle::Normal, regular), (FontStyle::Bold, bold)] {
            assert!(register_font(FAMILY, style, bytes).is_ok(), "the embedded font is valid");
        }
        Fonts { regular: parse(regular), bold: parse(bold) }
    })
}

/// Makes the font known to plotters.
pub(crate) fn prepare() {
    let _ = fonts();
}

/// The width of a text in units of its size.
pub(crate) fn width(text: &str, bold: bool) -> f64 {
    let mut end = 0.0;
    each_glyph(text, 1.0, bold, |_, _, right| end = right);
    end
}

/// Calls with each glyph's outline, its left edge and its right edge, from 0 on.
fn each_glyph(
    text: &str,
    size: f64,
    bold: bool,
    mut glyph: impl FnMut(&FontRef<'static>, ab_glyph::Glyph, f64),
) {
    let font = if bold { &fonts().bold } else { &fonts().regular };
    let scaled = font.as_scaled((size * LINE) as f32);
    let (mut x, mut previous) = (0.0, None);
    for character in text.chars() {
        let id = scaled.glyph_id(character);
        x += previous.map_or(0.0, |previous| scaled.kern(previous, id));
        previous = Some(id);
        let start = ab_glyph::point(x, 0.0);
        x += scaled.h_advance(id);
        glyph(font, id.with_scale_and_position((size * LINE) as f32, start), f64::from(x));
    }
}

/// Calls with every pixel of a text whose baseline starts at 0, 0: right, down, and the share that
/// is covered.
pub(crate) fn rasterize(text: &str, size: f64, bold: bool, mut pixel: impl FnMut(i32, i32, f64)) {
    each_glyph(text, size, bold, |font, glyph, _| {
        if let Some(outline) = font.outline_glyph(glyph) {
            let (left, top) = (outline.px_bounds().min.x as i32, outline.px_bounds().min.y as i32);
            outline.draw(|x, y, share| pixel(left + x as i32, top + y as i32, f64::from(share)));
        }
    });
}

/// The text, shortened with an ellipsis if it is wider than this.
pub(crate) fn shorten(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, bold) * size <= room {
        return text.to_owned();
    }
    let candidate = |end: usize| format!("{}\u{2026}", text[..end].trim_end());
    let fits = |end: &usize| width(&candidate(*end), bold) * size <= room;
    // The longer, the wider.
    let ends: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
    ends.partition_point(fits).checked_sub(1).map_or(String::new(), |last| candidate(ends[last]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_text() {
        assert_eq!(width("", false), 0.0);
        assert!((width("0000", false) - 4.0 * 0.636).abs() < 0.01, "{}", width("0000", false));
        assert!(width("layer", true) > width("layer", false));
    }

    #[test]
    fn a_long_text_is_shortened_to_fit() {
        assert_eq!(shorten("loss", 12.0, false, 100.0), "loss");
        let short = shorten("encoder.0.weight", 12.0, false, 60.0);
        assert!(short.starts_with("enc") && short.ends_with('\u{2026}'), "{short}");
        assert!(width(&short, false) * 12.0 <= 60.0);
        assert_eq!(shorten("encoder", 12.0, false, 1.0), "");
    }

    #[test]
    fn a_glyph_covers_pixels_above_its_baseline() {
        let (mut top, mut bottom) = (i32::MAX, i32::MIN);
        rasterize("H", 20.0, false, |_, y, share| {
            if share > 0.5 {
                (top, bottom) = (top.min(y), bottom.max(y));
            }
        });
        assert!((-16..=-13).contains(&top) && (-2..=0).contains(&bottom), "{top} {bottom}");
    }
}
