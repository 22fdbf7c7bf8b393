//! The answers of the network for the digits of the test set.

use chainrule::prelude::*;

/// One digit and what the network takes it for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Its position in the test set.
    pub sample: usize,
    /// The digit that it is.
    pub truth: usize,
    /// The digit that it was taken for.
    pub predicted: usize,
    /// The probability that the network gives to that, from 0 to 1; `None` where its outputs are no
    /// probabilities.
    pub probability: Option<f64>,
}

impl Answer {
    /// Returns true if the network is right.
    pub fn is_right(&self) -> bool {
        self.truth == self.predicted
    }
}

/// The answers to a test set with these classes, from outputs `[samples, classes]`, which may be
/// probabilities. Of equal outputs the first counts. `None` if one of them is NaN.
pub fn answers(classes: &[u32], outputs: &Tensor, are_probabilities: bool) -> Option<Vec<Answer>> {
    let answer = |(sample, &truth): (usize, &u32)| {
        let row = outputs.row(sample);
        let predicted = (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
        let known = row.iter().all(|p| !p.is_nan());
        known.then(|| Answer {
            sample,
            truth: truth as usize,
            predicted,
            probability: are_probabilities.then(|| f64::from(row[predicted])),
        })
    };
    classes.iter().enumerate().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_class_is_the_answer_and_the_first_of_equals() {
        let probabilities = Tensor::from_rows([[0.25, 0.75, 0.0], [0.5, 0.0, 0.5]]);
        let [right, wrong] = answers(&[1, 2], &probabilities, true).unwrap()[..] else {
            panic!("two samples")
        };
        assert_eq!(right, Answer { sample: 0, truth: 1, predicted: 1, probability: Some(0.75) });
        assert_eq!(wrong, Answer { sample: 1, truth: 2, predicted: 0, probability: Some(0.5) });
        assert!(right.is_right() && !wrong.is_right());
        assert_eq!(answers(&[0], &Tensor::from_rows([[0.5, f32::NAN]]), true), None);
        let scores = answers(&[1], &Tensor::from_rows([[-2.0, 3.0]]), false).unwrap();
        assert_eq!((scores[0].predicted, scores[0].probability), (1, None));
    }
}
