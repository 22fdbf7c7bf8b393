//! From counts of decisions to scores, and from scores of classes to one number.

/// How the scores of several classes or labels become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    /// The mean of the scores of the classes that occur, among the targets or among what was
    /// predicted; of all labels.
    #[default]
    Macro,
    /// The score of all decisions together.
    Micro,
    /// The mean weighted by how often each class or label is given.
    Weighted,
    /// For labels alone: the mean over samples of the score of each.
    Samples,
}

impl Average {
    /// The names, in the order of the variants.
    pub(super) const NAMES: &'static [&'static str] = &["macro", "micro", "weighted", "samples"];
}

/// Decisions for a class or a label. A score whose denominator is 0 is 0, scikit-learn's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Predicted and given: true positives.
    pub(super) hits: u64,
    /// Predicted, rightly or not.
    pub(super) predicted: u64,
    /// Given, whether predicted or not.
    pub(super) given: u64,
}

impl Counts {
    pub(super) fn precision(self) -> f64 {
        share(self.hits, self.predicted)
    }

    pub(super) fn recall(self) -> f64 {
        share(self.hits, self.given)
    }

    pub(super) fn f1(self) -> f64 {
        share(2 * self.hits, self.predicted + self.given)
    }

    /// Takes in a decision. A NaN is no decision: it is neither predicted nor a hit.
    pub(super) fn add(&mut self, predicted: Option<bool>, given: bool) {
        let predicted = predicted == Some(true);
        self.hits += u64::from(predicted && given);
        self.predicted += u64::from(predicted);
        self.given += u64::from(given);
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// One number from the counts of each class or label; the mean over samples is gathered elsewhere.
pub(super) fn averaged(
    average: Average,
    counts: impl Iterator<Item = Counts>,
    score: fn(Counts) -> f64,
) -> f64 {
    let (mut sum, mut weights, mut all) = (0.0, 0, Counts::default());
    for counts in counts {
        let weight = if average == Average::Weighted { counts.given } else { 1 };
        sum += weight as f64 * score(counts);
        weights += weight;
        all.hits += counts.hits;
        all.predicted += counts.predicted;
        all.given += counts.given;
    }
    match average {
        Average::Micro => score(all),
        // Without a weight there is no hit either.
        _ if weights == 0 => 0.0,
        _ => sum / weights as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_averaged_as_named() {
        let counts = [
            Counts { hits: 2, predicted: 4, given: 2 },
            Counts { hits: 1, predicted: 1, given: 6 },
        ];
        let of = |average| averaged(average, counts.into_iter(), Counts::precision);
        assert_eq!([Average::Macro, Average::Micro, Average::Weighted].map(of), [0.75, 0.6, 0.875]);
        assert_eq!(
            Counts::default().precision() + Counts::default().recall() + Counts::default().f1(),
            0.0
        );
    }
}
