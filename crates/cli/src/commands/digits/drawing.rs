//! Digits drawn with characters.

use chainrule::prelude::Digits;

use super::answer::Answer;
use crate::terminal::paint::Paint;
use chainrule::config::number::percent;

/// From paper to ink.
const SHADES: [char; 5] = [' ', '\u{2591}', '\u{2592}', '\u{2593}', '\u{2588}'];
/// Digits side by side: four of them, with what is written below, fit into 80 columns.
const PER_ROW: usize = 4;
/// The columns of a digit, its caption included.
const WIDTH: usize = 18;
/// Columns between digits.
const GAP: &str = "  ";

/// The digits side by side, each with what it is and what it was taken for. `image` gives the
/// pixels of a sample of the test set, from 0 (paper) to 1 (ink).
pub fn drawings<'a>(
    answers: &[Answer],
    image: impl Fn(usize) -> &'a [f32],
    paint: Paint,
) -> String {
    let row = |answers: &[Answer]| {
        let columns: Vec<Vec<String>> =
            answers.iter().map(|answer| drawing(answer, image(answer.sample), paint)).collect();
        let line = |i: usize| {
            columns.iter().map(|column| column[i].as_str()).collect::<Vec<_>>().join(GAP)
        };
        (0..Digits::SIDE + 2).map(|i| format!("{}\n", line(i).trim_end())).collect::<String>()
    };
    answers.chunks(PER_ROW).map(row).collect::<Vec<_>>().join("\n")
}

/// The lines of one digit, all of the same width.
fn drawing(answer: &Answer, image: &[f32], paint: Paint) -> Vec<String> {
    let width = WIDTH;
    let line = |pixels: &[f32]| {
        // A character is about twice as high as wide.
        let line: String = pixels.iter().flat_map(|&pixel| [shade(pixel); 2]).collect();
        format!("{line:width$}")
    };
    let mut lines: Vec<String> = image.chunks(Digits::SIDE).map(line).collect();
    let verdict = match answer.probability {
        Some(probability) => format!("as {} with {}", answer.predicted, percent(probability)),
        None => format!("as {}", answer.predicted),
    };
    let verdict = format!("{verdict:width$}");
    lines.push(format!("{:width$}", format!("a {}, read", answer.truth)));
    lines.push(if answer.is_right() { paint.green(&verdict) } else { paint.red(&verdict) });
    lines
}

fn shade(pixel: f32) -> char {
    let last = SHADES.len() - 1;
    SHADES[((pixel * last as f32).round() as usize).min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_drawn_in_shades_with_its_classes_and_probability_below() {
        let mut image = [0.0; 64];
        for (row, pixel) in [0.0, 0.25, 0.5, 0.75, 1.0, 0.1, 0.13, 0.9].into_iter().enumerate() {
            image[row * 8 + 2] = pixel;
            image[row * 8 + 3] = 1.0;
        }
        let right = Answer { sample: 0, truth: 1, predicted: 1, probability: Some(0.99876) };
        let wrong = Answer { predicted: 7, probability: Some(1.0), ..right };
        assert_eq!(
            drawings(&[right, wrong], |_| &image, Paint::new(false)),
            "      ██                  ██
    ░░██                ░░██
    ▒▒██                ▒▒██
    ▓▓██                ▓▓██
    ████                ████
      ██                  ██
    ░░██                ░░██
    ████                ████
a 1, read           a 1, read
as 1 with 99.9 %    as 7 with 100.0 %
"
        );
    }

    #[test]
    fn rows_of_drawings_fit_into_80_columns_with_an_empty_line_between() {
        let answer = Answer { sample: 0, truth: 1, predicted: 7, probability: Some(1.0) };
        let text = drawings(&[answer; 6], |_| &[1.0; 64], Paint::new(false));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.lines().count(), 2 * 10 + 1);
        assert_eq!(drawings(&[], |_| &[], Paint::new(false)), "");
    }
}
