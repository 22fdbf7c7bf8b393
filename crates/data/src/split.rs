use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chainrule_tensor::Real;
use chainrule_tensor::random::generator;
use rand::seq::SliceRandom;

use crate::{DataError, Dataset};

impl<T: Real> Dataset<T> {
    /// A training and a test set, drawn at random: `(train, test)`, both in random order.
    ///
    /// The test set has `ceil(fraction * samples)` samples, as in scikit-learn. The seed fixes the
    /// result.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if the fraction is not between 0 and 1. [`DataError::Split`] if a
    /// part would be empty.
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), DataError> {
        let op = "split";
        let test = test_samples(op, self.len(), fraction)?;
        if test == self.len() {
            let advice = "give more samples or a smaller fraction";
            return Err(DataError::Split {
                op,
                fraction,
                samples: self.len(),
                train: 0,
                test,
                advice,
            });
        }
        let order = shuffled(self.len(), seed);
        let (test, train) = order.split_at(test);
        Ok((self.select(train)?, self.select(test)?))
    }

    /// A training and a test set with the classes in proportion: `(train, test)`, both in random
    /// order.
    ///
    /// The test set has `ceil(fraction * samples)` samples, as in scikit-learn, shared among the
    /// classes by largest remainder. Each class gets the whole part of its proportional share.
    /// Those with the largest fractional parts get one more (the lower class at a tie). A class
    /// with two or more samples is in both parts, a class with one sample stays in the training
    /// set. Only where that makes the size impossible is the test set larger or smaller. The seed
    /// fixes the result.
    ///
    /// ```
    /// use chainrule_data::Digits;
    ///
    /// let (train, test) = Digits::load()?.dataset::<f32>().split_stratified(0.2, 7)?;
    /// assert_eq!((train.len(), test.len()), (1437, 360));
    /// assert_eq!(test.class_counts()?, [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]);
    /// # Ok::<(), chainrule_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices; [`DataError::Parameter`] if the
    /// fraction is not between 0 and 1. [`DataError::Split`] if every class has a single sample,
    /// which leaves nothing to test on.
    pub fn split_stratified(&self, fraction: f64, seed: u64) -> Result<(Self, Self), DataError> {
        let op = "split_stratified";
        let (classes, _) = self.targets.classes(op)?;
        let test = test_samples(op, self.len(), fraction)?;
        let mut wanted = shares(&self.class_counts()?, test);
        if wanted.iter().all(|&n| n == 0) {
            let advice = "each class has one sample only; give more, or use split";
            return Err(DataError::Split {
                op,
                fraction,
                samples: self.len(),
                train: self.len(),
                test: 0,
                advice,
            });
        }
        // In shuffled order the first of each class go to the test set, so that both parts come out
        // shuffled.
        let (test, train): (Vec<usize>, Vec<usize>) =
            shuffled(self.len(), seed).into_iter().partition(|&row| {
                let left = &mut wanted[classes[row] as usize];
                let take = *left > 0;
                *left -= usize::from(take);
                take
            });
        Ok((self.select(&train)?, self.select(&test)?))
    }
}

fn test_samples(op: &'static str, samples: usize, fraction: f64) -> Result<usize, DataError> {
    if !(fraction > 0.0 && fraction < 1.0) {
        let (rule, value) = ("between 0 and 1".into(), fraction.to_string());
        return Err(DataError::Parameter { op, what: "fraction", rule, value });
    }
    Ok(((fraction * samples as f64).ceil() as usize).min(samples))
}

fn shuffled(samples: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(&mut generator(seed));
    order
}

/// How many samples of each class go to a test set of about `total`.
fn shares(counts: &[usize], total: usize) -> Vec<usize> {
    let samples: usize = counts.iter().sum();
    let least = |class: usize| usize::from(counts[class] >= 2);
    let most = |class: usize| counts[class].saturating_sub(1);
    let share = |class: usize| total as u128 * counts[class] as u128;
    let mut shares: Vec<usize> = (0..counts.len())
        .map(|class| ((share(class) / samples as u128) as usize).clamp(least(class), most(class)))
        .collect();
    // How far a class is below its proportional share, in units of 1 / samples: exact, so that ties
    // are ties.
    let missing =
        |class: usize, taken: usize| share(class) as i128 - taken as i128 * samples as i128;
    let mut taken: usize = shares.iter().sum();
    // Heaps, since there may be as many classes as samples to give.
    let below = |class: usize, shares: &[usize]| (missing(class, shares[class]), Reverse(class));
    let open = (0..counts.len()).filter(|&class| shares[class] < most(class));
    let mut open: BinaryHeap<_> = open.map(|class| below(class, &shares)).collect();
    while taken < total {
        let Some((_, Reverse(class))) = open.pop() else { break };
        shares[class] += 1;
        taken += 1;
        open.extend((shares[class] < most(class)).then(|| below(class, &shares)));
    }
    let open = (0..counts.len()).filter(|&class| shares[class] > least(class));
    let mut open: BinaryHeap<_> = open.map(|class| Reverse(below(class, &shares))).collect();
    while taken > total {
        let Some(Reverse((_, Reverse(class)))) = open.pop() else { break };
        shares[class] -= 1;
        taken -= 1;
        open.extend((shares[class] > least(class)).then(|| Reverse(below(class, &shares))));
    }
    shares
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;
    use rand::RngExt;

    use super::*;
    use crate::Targets;

    /// Each sample's only input is its own number.
    fn numbered(classes: &[u32], count: usize) -> Dataset<f64> {
        let inputs = Tensor::from_fn([classes.len(), 1], |i| i as f64);
        Dataset::new(inputs, Targets::Classes { indices: classes.into(), classes: count }).unwrap()
    }

    fn numbers(data: &Dataset<f64>) -> Vec<usize> {
        data.inputs().values().iter().map(|&x| x as usize).collect()
    }

    #[test]
    fn every_split_is_a_partition_that_keeps_inputs_and_targets_together() {
        let mut random = generator(3);
        for seed in 0..200 {
            let count = random.random_range(1..8);
            let classes: Vec<u32> =
                (0..random.random_range(2..60)).map(|_| random.random_range(0..count)).collect();
            let data = numbered(&classes, count as usize);
            let fraction = random.random_range(0.01..0.99);
            for parts in [data.split(fraction, seed), data.split_stratified(fraction, seed)] {
                let Ok((train, test)) = parts else { continue };
                let mut all = [numbers(&train), numbers(&test)].concat();
                for part in [&train, &test] {
                    let Targets::Classes { indices, .. } = part.targets() else { unreachable!() };
                    assert!(
                        numbers(part)
                            .iter()
                            .zip(indices)
                            .all(|(&row, &class)| classes[row] == class)
                    );
                }
                all.sort_unstable();
                assert_eq!(all, (0..classes.len()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn stratified_classes_are_in_both_parts_and_in_proportion() {
        let mut random = generator(4);
        let mut splits = 0;
        for seed in 0..300 {
            let count = random.random_range(1..8_usize);
            let classes: Vec<u32> = (0..random.random_range(2..80))
                .map(|_| random.random_range(0..count as u32))
                .collect();
            let data = numbered(&classes, count);
            let fraction = random.random_range(0.01..0.99);
            let counts = data.class_counts().unwrap();
            let Ok((train, test)) = data.split_stratified(fraction, seed) else {
                assert!(counts.iter().all(|&n| n < 2), "{counts:?}");
                continue;
            };
            splits += 1;
            let wanted = (fraction * classes.len() as f64).ceil() as usize;
            let least = counts.iter().filter(|&&n| n >= 2).count();
            let most = counts.iter().map(|n| n.saturating_sub(1)).sum();
            assert_eq!(test.len(), wanted.clamp(least, most), "{counts:?} {fraction}");
            let (train, test) = (train.class_counts().unwrap(), test.class_counts().unwrap());
            for class in 0..count {
                assert!(
                    counts[class] < 2 || (train[class] > 0 && test[class] > 0),
                    "{counts:?} {train:?} {test:?}"
                );
                assert!(counts[class] != 1 || test[class] == 0);
            }
        }
        assert!(splits > 250);
    }

    #[test]
    fn shares_go_by_largest_remainder() {
        // Proportional shares 36.25, 2.9, 0.85: the whole parts make 38, the larger remainders get
        // the other two.
        assert_eq!(shares(&[725, 58, 17], 40), [36, 3, 1]);
        // A tie goes to the lower class.
        assert_eq!(shares(&[5, 5, 5, 5], 6), [2, 2, 1, 1]);
        // The rare classes' own samples are taken from the class that is furthest above its share.
        assert_eq!(shares(&[96, 2, 2], 3), [1, 1, 1]);
        assert_eq!(shares(&[4, 1, 0], 2), [2, 0, 0]);
        // Nothing fits below the bounds: one of each class, one left of each class.
        assert_eq!(shares(&[3, 3, 3], 1), [1, 1, 1]);
        assert_eq!(shares(&[3, 3, 3], 9), [2, 2, 2]);
        assert_eq!(shares(&[1, 1, 1], 2), [0, 0, 0]);
    }

    #[test]
    fn sizes_are_those_of_scikit_learn() {
        let data = numbered(&[0; 10], 1);
        for (fraction, test) in [(0.2, 2), (0.25, 3), (0.05, 1), (0.899, 9)] {
            assert_eq!(data.split(fraction, 0).unwrap().1.len(), test, "{fraction}");
        }
    }

    #[test]
    fn the_seed_fixes_the_split() {
        let classes: Vec<u32> = (0..100).map(|i| i % 4).collect();
        let data = numbered(&classes, 4);
        type Split = fn(&Dataset<f64>, f64, u64) -> Result<(Dataset<f64>, Dataset<f64>), DataError>;
        for split in [Dataset::split as Split, Dataset::split_stratified] {
            assert_eq!(split(&data, 0.3, 5).unwrap(), split(&data, 0.3, 5).unwrap());
            assert_ne!(split(&data, 0.3, 5).unwrap(), split(&data, 0.3, 6).unwrap());
            let (train, test) = split(&data, 0.3, 5).unwrap();
            assert!(!numbers(&train).is_sorted() && !numbers(&test).is_sorted());
        }
    }

    #[test]
    fn fractions_and_data_that_cannot_be_split_are_errors() {
        let data = numbered(&[0, 1, 1], 2);
        for (fraction, text) in [(0.0, "0"), (1.0, "1"), (-0.5, "-0.5"), (f64::NAN, "NaN")] {
            let error = data.split(fraction, 0).unwrap_err().to_string();
            assert_eq!(error, format!("split: fraction must be between 0 and 1, not {text}"));
            let error = data.split_stratified(fraction, 0).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("split_stratified: fraction must be between 0 and 1, not {text}")
            );
        }
        assert_eq!(
            data.split(0.9, 0).unwrap_err().to_string(),
            "split: a test fraction of 0.9 of 3 samples leaves 0 for training and 3 for testing: \
             give more samples or a smaller fraction"
        );
        assert_eq!(
            numbered(&[0, 1, 2], 3).split_stratified(0.5, 0).unwrap_err().to_string(),
            "split_stratified: a test fraction of 0.5 of 3 samples leaves 3 for training and 0 for \
             testing: \
             each class has one sample only; give more, or use split"
        );
        assert_eq!(
            data.one_hot().unwrap().split_stratified(0.5, 0).unwrap_err().to_string(),
            "split_stratified: needs class indices as targets, these are probabilities"
        );
    }
}
