//! A picture as SVG text.

use std::fmt::Write;

use base64::Engine;

use super::pixels::encode;
use super::{Paint, Point, Text};
use crate::font::Align;
use crate::theme::Color;

/// The text of a picture while it is drawn.
pub(crate) struct Svg {
    out: String,
    depth: usize,
}

impl Svg {
    /// An empty picture with a title and a description for who does not see it.
    pub(crate) fn new((width, height): (u32, u32), title: &str, description: &str) -> Svg {
        let label = format!("{title}. {description}");
        let out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{}\" font-family=\"'DejaVu Sans', \
             Verdana, sans-serif\">\n",
            escape(&label)
        );
        Svg { out, depth: 0 }
    }

    /// The whole text.
    pub(crate) fn finish(&mut self) -> String {
        while self.depth > 0 {
            self.close();
        }
        std::mem::take(&mut self.out) + "</svg>\n"
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a string can always be written to");
    }
}

impl Paint for Svg {
    fn rectangle(&mut self, (x, y): Point, (width, height): Point, color: Color) {
        let (x, y, width, height) = (number(x), number(y), number(width), number(height));
        let fill = paint("fill", color);
        self.write(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{fill}/>\n"
        ));
    }

    fn path(&mut self, points: &[Point], color: Color, width: f64) {
        let (list, stroke, width) = (list(points), paint("stroke", color), number(width));
        self.write(format_args!(
            "<polyline points=\"{list}\" fill=\"none\"{stroke} stroke-width=\"{width}\" \
             stroke-linejoin=\"round\"/>\n"
        ));
    }

    fn polygon(&mut self, points: &[Point], color: Color) {
        let (list, fill) = (list(points), paint("fill", color));
        self.write(format_args!("<polygon points=\"{list}\"{fill}/>\n"));
    }

    fn circle(&mut self, (x, y): Point, radius: f64, color: Color) {
        let (x, y, radius, fill) = (number(x), number(y), number(radius), paint("fill", color));
        self.write(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{fill}/>\n"));
    }

    fn text(&mut self, text: &str, (x, y): Point, style: Text) {
        let (x, y, size, fill) =
            (number(x), number(y), number(style.size), paint("fill", style.color));
        let anchor = match style.align {
            Align::Start => "",
            Align::Middle => " text-anchor=\"middle\"",
            Align::End => " text-anchor=\"end\"",
        };
        let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
        let turn = if style.upward {
            format!(" transform=\"rotate(-90 {x} {y})\"")
        } else {
            String::new()
        };
        let text = escape(text);
        self.write(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{weight}{turn}{fill}>{text}\
             </text>\n"
        ));
    }

    fn image(&mut self, (x, y): Point, (width, height): Point, columns: usize, rgb: &[u8]) {
        let (x, y, width, height) = (number(x), number(y), number(width), number(height));
        let data = base64::engine::general_purpose::STANDARD.encode(encode(columns, rgb));
        self.write(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>\n"
        ));
    }

    fn open(&mut self, class: &str, title: &str) {
        self.depth += 1;
        let (class, title) = (escape(class), escape(title));
        let title = if title.is_empty() { title } else { format!("<title>{title}</title>") };
        self.write(format_args!("<g class=\"{class}\">{title}\n"));
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.out.push_str("</g>\n");
    }
}

/// Text that is safe in XML and HTML, between tags and in quotes. Control characters, which XML
/// forbids, become the replacement character.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

/// Two decimals at most.
fn number(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

fn list(points: &[Point]) -> String {
    let pairs: Vec<String> =
        points.iter().map(|&(x, y)| format!("{},{}", number(x), number(y))).collect();
    pairs.join(" ")
}

fn paint(attribute: &str, color: Color) -> String {
    let (r, g, b) = color.rgb;
    let opacity = if color.alpha < 1.0 {
        format!(" {attribute}-opacity=\"{}\"", number(color.alpha))
    } else {
        String::new()
    };
    format!(" {attribute}=\"#{r:02x}{g:02x}{b:02x}\"{opacity}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_as_text() {
        let mut svg = Svg::new((40, 30), "A \"loss\"", "1 < 2");
        svg.open("series", "training & test");
        svg.rectangle((1.0, 2.0), (3.456, 4.0), Color::hex(0x0072b2).with_alpha(0.5));
        svg.path(&[(0.0, 0.0), (1.5, -0.001)], Color::hex(0), 1.0);
        let text = svg.finish();
        assert_eq!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 30\" width=\"40\" \
             height=\"30\" role=\"img\" \
             aria-label=\"A &quot;loss&quot;. 1 &lt; 2\" font-family=\"'DejaVu Sans', Verdana, \
             sans-serif\">\n\
             <g class=\"series\"><title>training &amp; test</title>\n\
             <rect x=\"1\" y=\"2\" width=\"3.46\" height=\"4\" fill=\"#0072b2\" \
             fill-opacity=\"0.5\"/>\n\
             <polyline points=\"0,0 1.5,0\" fill=\"none\" stroke=\"#000000\" stroke-width=\"1\" \
             stroke-linejoin=\"round\"/>\n</g>\n</svg>\n"
        );
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(escape("a\u{0}b<c>'\u{1b}"), "a\u{fffd}b&lt;c&gt;&#39;\u{fffd}");
    }
}
