//! Colours of light and dark pictures.

/// A picture for a light or a dark page.
///
/// Both have the same hues in the same order, so that a series keeps its name for who switches
/// between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on white, for paper and light pages; the default.
    #[default]
    Light,
    /// Light on near-black.
    Dark,
}

/// A colour, `alpha` 0 for transparent to 1 for opaque.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    /// Red, green and blue.
    pub rgb: (u8, u8, u8),
    /// The share with which it covers what is below it.
    pub alpha: f64,
}

impl Color {
    /// An opaque colour from `0xRRGGBB`.
    #[must_use]
    pub const fn hex(rgb: u32) -> Color {
        Color { rgb: ((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8), alpha: 1.0 }
    }

    /// The same colour, covering this share of what is below it.
    #[must_use]
    pub const fn with_alpha(self, alpha: f64) -> Color {
        Color { alpha, ..self }
    }

    /// The way from this colour (`share` 0) to another (`share` 1). A share outside of 0 to 1, or
    /// NaN, is clamped.
    #[must_use]
    pub fn mix(self, other: Color, share: f64) -> Color {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        let part = |from: u8, to: u8| {
            (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8
        };
        let ((r, g, b), (x, y, z)) = (self.rgb, other.rgb);
        Color {
            rgb: (part(r, x), part(g, y), part(b, z)),
            alpha: self.alpha + (other.alpha - self.alpha) * share,
        }
    }

    /// The relative luminance of WCAG 2, from 0 for black to 1 for white.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |part: u8| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(self.rgb.0) + 0.7152 * linear(self.rgb.1) + 0.0722 * linear(self.rgb.2)
    }

    /// The contrast of WCAG 2 between two opaque colours, from 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Color) -> f64 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    /// Black or white, whichever reads better on this colour.
    #[must_use]
    pub fn ink(self) -> Color {
        let (black, white) = (Color::hex(0x101418), Color::hex(0xffffff));
        if self.contrast(black) >= self.contrast(white) { black } else { white }
    }
}

impl plotters::style::Color for Color {
    fn to_backend_color(&self) -> plotters_backend::BackendColor {
        plotters_backend::BackendColor { alpha: self.alpha, rgb: self.rgb }
    }
}

/// Okabe and Ito, "Color Universal Design", 2008, in an order that starts with the pairs that
/// differ most. Its yellow has no contrast on white, so that the light page has a grey instead.
const LIGHT: [Color; 8] = [
    Color::hex(0x0072b2),
    Color::hex(0xd55e00),
    Color::hex(0x009e73),
    Color::hex(0xcc79a7),
    Color::hex(0xe69f00),
    Color::hex(0x56b4e9),
    Color::hex(0x000000),
    Color::hex(0x8a8f98),
];

/// The same hues where they stand out from black.
const DARK: [Color; 8] = [
    Color::hex(0x56b4e9),
    Color::hex(0xf0813c),
    Color::hex(0x2fbf94),
    Color::hex(0xdd93bb),
    Color::hex(0xf0e442),
    Color::hex(0x4a90d9),
    Color::hex(0xffffff),
    Color::hex(0x9aa4af),
];

impl Theme {
    /// Both themes.
    pub const ALL: [Theme; 2] = [Theme::Light, Theme::Dark];

    /// The name, `light` or `dark`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.pick("light", "dark")
    }

    /// The colour behind everything.
    #[must_use]
    pub fn background(self) -> Color {
        self.pick(Color::hex(0xffffff), Color::hex(0x14171c))
    }

    /// Titles, labels, outlines.
    #[must_use]
    pub fn foreground(self) -> Color {
        self.pick(Color::hex(0x1b1f24), Color::hex(0xe6e8eb))
    }

    /// Numbers on axes and remarks.
    #[must_use]
    pub fn muted(self) -> Color {
        self.pick(Color::hex(0x57606a), Color::hex(0xa3adb8))
    }

    /// Lines of a grid, and cells without a value.
    #[must_use]
    pub fn grid(self) -> Color {
        self.pick(Color::hex(0xe1e4e8), Color::hex(0x2e343c))
    }

    /// The colour of a series or class. After eight they start again; `Curves` dashes its lines
    /// from there on.
    #[must_use]
    pub fn series(self, index: usize) -> Color {
        let colors = self.pick(LIGHT, DARK);
        colors[index % colors.len()]
    }

    /// From little (`share` 0) to much (`share` 1): cividis, which looks alike with and without
    /// colour blindness. NaN is the grid's colour.
    ///
    /// Source: Nuñez, Anderton and Renslow, "Optimizing colormaps with consideration for color
    /// vision deficiency", 2018.
    #[must_use]
    pub fn sequential(self, share: f64) -> Color {
        if share.is_nan() { self.grid() } else { between(&CIVIDIS, share) }
    }

    /// The part of the sequential map that stands out from the background, for lines and bars from
    /// early to late.
    #[must_use]
    pub fn gradual(self, share: f64) -> Color {
        let (from, to) = self.pick((0.0, 0.85), (0.4, 1.0));
        self.sequential(from + (to - from) * share.clamp(0.0, 1.0))
    }

    /// From -1 (blue) over 0 (the background) to 1 (orange). NaN is the grid's colour.
    #[must_use]
    pub fn diverging(self, value: f64) -> Color {
        if value.is_nan() {
            return self.grid();
        }
        let ends = self.pick(
            [
                Color::hex(0x08519c),
                Color::hex(0x6baed6),
                Color::hex(0xf7f7f7),
                Color::hex(0xfd9a4e),
                Color::hex(0x9a3d00),
            ],
            [
                Color::hex(0x9ecff2),
                Color::hex(0x2f7fc1),
                Color::hex(0x1d2127),
                Color::hex(0xc65f12),
                Color::hex(0xffc38a),
            ],
        );
        between(&ends, (value + 1.0) / 2.0)
    }

    /// One of two, for what differs between the themes.
    fn pick<T>(self, light: T, dark: T) -> T {
        match self {
            Theme::Light => light,
            Theme::Dark => dark,
        }
    }
}

const CIVIDIS: [Color; 9] = [
    Color::hex(0x00224e),
    Color::hex(0x1b3a6b),
    Color::hex(0x3f4f6c),
    Color::hex(0x5d646e),
    Color::hex(0x7c7b78),
    Color::hex(0x9b9276),
    Color::hex(0xbdab6d),
    Color::hex(0xe0c65a),
    Color::hex(0xfee838),
];

fn between(colors: &[Color], share: f64) -> Color {
    let place = share.clamp(0.0, 1.0) * (colors.len() - 1) as f64;
    let left = (place as usize).min(colors.len() - 2);
    colors[left].mix(colors[left + 1], place - left as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_contrast_of_wcag_aa_and_series_that_of_graphics() {
        for theme in Theme::ALL {
            for text in [theme.foreground(), theme.muted()] {
                assert!(text.contrast(theme.background()) >= 4.5, "{theme:?} {text:?}");
            }
            let weak = (0..8)
                .filter(|&index| theme.series(index).contrast(theme.background()) < 3.0)
                .count();
            // Of Okabe and Ito's colours, orange and sky blue are bright on white, and purple falls
            // short by a little; they come late.
            assert!(weak <= if theme == Theme::Light { 3 } else { 0 }, "{theme:?}: {weak}");
        }
    }

    #[test]
    fn ink_is_readable_on_every_colour_of_the_maps() {
        for theme in Theme::ALL {
            for step in 0..=100 {
                let share = f64::from(step) / 100.0;
                for color in [theme.sequential(share), theme.diverging(2.0 * share - 1.0)] {
                    assert!(color.contrast(color.ink()) >= 4.0, "{theme:?} {share} {color:?}");
                }
            }
        }
    }

    #[test]
    fn maps_take_any_number() {
        for theme in Theme::ALL {
            assert_eq!(theme.sequential(f64::NEG_INFINITY), theme.sequential(0.0));
            assert_eq!(theme.diverging(f64::INFINITY), theme.diverging(1.0));
            assert_eq!(theme.sequential(f64::NAN), theme.grid());
            assert_eq!(theme.diverging(f64::NAN), theme.grid());
        }
    }

    #[test]
    fn the_sequential_map_grows_lighter() {
        let light: Vec<f64> = (0..=8)
            .map(|step| Theme::Light.sequential(f64::from(step) / 8.0).luminance())
            .collect();
        assert!(light.is_sorted(), "{light:?}");
    }
}
