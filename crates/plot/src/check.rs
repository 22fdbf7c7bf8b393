//! Rules that every picture must keep, for the tests of the figures.

use std::cell::RefCell;
use std::rc::Rc;

use roxmltree::{Document, Node};

use crate::canvas::Canvas;
use crate::figure::Figure;
use crate::font;
use crate::surface::Pixels;
use crate::theme::Theme;

/// A picture that passed.
pub(crate) struct Picture {
    pub(crate) svg: String,
    pub(crate) texts: Vec<String>,
    groups: Vec<String>,
}

impl Picture {
    /// How many groups of a class there are.
    pub(crate) fn count(&self, class: &str) -> usize {
        self.groups.iter().filter(|group| *group == class).count()
    }

    /// Returns true if one of its texts is this.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.texts.iter().any(|known| known == text)
    }
}

/// Draws a figure as SVG in both themes and as pixels. The SVG must be well-formed and have only
/// numbers that are finite, and no text may be cut off.
pub(crate) fn picture(figure: &dyn Figure) -> Picture {
    let dark = figure.svg(Theme::Dark);
    examine(&dark);
    let svg = figure.svg(Theme::Light);
    assert_ne!(svg, dark);
    if figure.check().is_ok() {
        // Without the file, whose making takes most of the time in a build that is not optimised.
        let pixels = Rc::new(RefCell::new(Pixels::new(figure.size())));
        figure.draw(&Canvas::new(pixels.clone(), figure.size(), Theme::Light));
        assert!(pixels.borrow().drawn(), "the picture has more than its background");
    }
    let (texts, groups) = examine(&svg);
    Picture { svg, texts, groups }
}

/// The texts, and the classes of the groups.
fn examine(svg: &str) -> (Vec<String>, Vec<String>) {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    let root = document.root_element();
    let (width, height) = (number(&root, "width"), number(&root, "height"));
    assert!(
        root.attribute("aria-label").is_some_and(|label| label.len() > 1),
        "a text for who does not see it"
    );
    let (mut texts, mut groups) = (Vec::new(), Vec::new());
    for node in root.descendants().filter(Node::is_element) {
        for name in ["x", "y", "width", "height", "cx", "cy", "r", "font-size", "stroke-width"] {
            if node.attribute(name).is_some() {
                assert!(number(&node, name).is_finite(), "{svg}");
            }
        }
        if let Some(points) = node.attribute("points") {
            let numbers = points.split([' ', ',']).map(|part| part.parse::<f64>());
            assert!(numbers.into_iter().all(|part| part.is_ok_and(f64::is_finite)), "{points}");
        }
        match node.tag_name().name() {
            "g" => groups.push(node.attribute("class").unwrap_or_default().to_owned()),
            "text" => {
                let text = node.text().unwrap_or_default();
                let bold = node.attribute("font-weight") == Some("bold");
                let length = font::width(text, bold) * number(&node, "font-size");
                let start = match node.attribute("text-anchor") {
                    None => 0.0,
                    Some("middle") => length / 2.0,
                    Some(_) => length,
                };
                let (x, y) = (number(&node, "x"), number(&node, "y"));
                let upright = node.attribute("transform").is_some();
                let (from, room) = if upright { (height - y, height) } else { (x, width) };
                assert!(
                    from - start >= -0.5 && from - start + length <= room + 0.5,
                    "\"{text}\" is cut off at {x}, {y}"
                );
                assert!(
                    (0.0..=height).contains(&y) && (0.0..=width).contains(&x),
                    "\"{text}\" is outside: {x}, {y}"
                );
                texts.push(text.to_owned());
            }
            _ => {}
        }
    }
    (texts, groups)
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}
