use std::collections::HashMap;

use chainrule_data::{DataError, Dataset, Targets};
use chainrule_tensor::{Real, Tensor};

/// The rows of a table in three parts: those to learn from, those that choose the best epoch, and
/// those that nothing sees before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose the best epoch by.
    pub validation: Vec<usize>,
    /// To tell how good the network is.
    pub test: Vec<usize>,
}

impl Parts {
    /// A share for the test, and the same share of the rest for validation, with the classes in
    /// proportion.
    ///
    /// # Errors
    /// Too few rows, or a share that is none.
    pub fn stratified<T: Real>(
        targets: &Targets<T>,
        share: f64,
        seed: u64,
    ) -> Result<Self, DataError> {
        let all: Vec<usize> = (0..targets.len()).collect();
        let (rest, test) = divide(targets, &all, share, seed)?;
        let (train, validation) = divide(targets, &rest, share, seed)?;
        Ok(Parts { train, validation, test })
    }

    /// The same with all rows of a group in one part.
    ///
    /// # Errors
    /// Fewer than three groups, or a share that is none.
    pub fn grouped(groups: &[u32], share: f64, seed: u64) -> Result<Self, DataError> {
        let mut known: HashMap<u32, usize> = HashMap::new();
        for &group in groups {
            let next = known.len();
            known.entry(group).or_insert(next);
        }
        let zeros = Tensor::<f64>::new([known.len(), 1], vec![0.0; known.len()])?;
        let of_groups = Parts::stratified(&Targets::Values(zeros), share, seed)?;
        let rows = |chosen: &[usize]| {
            let mut is_chosen = vec![false; known.len()];
            chosen.iter().for_each(|&group| is_chosen[group] = true);
            (0..groups.len()).filter(|&row| is_chosen[known[&groups[row]]]).collect()
        };
        let Parts { train, validation, test } = of_groups;
        Ok(Parts { train: rows(&train), validation: rows(&validation), test: rows(&test) })
    }

    /// The same in the order of time: the last rows are the test, those before it validate.
    ///
    /// # Errors
    /// Fewer than three rows.
    pub fn by_time(time: &[f64], share: f64) -> Result<Self, DataError> {
        let mut rows: Vec<usize> = (0..time.len()).collect();
        rows.sort_by(|&a, &b| time[a].total_cmp(&time[b]));
        let cut = |rows: usize| ((rows as f64 * share).round() as usize).max(1);
        let test = cut(rows.len());
        let validation = cut(rows.len().saturating_sub(test));
        if rows.len() <= test + validation {
            let (op, samples) = ("Parts::by_time", rows.len());
            let advice = "give more samples or a smaller fraction";
            return Err(DataError::Split { op, fraction: share, samples, train: 0, test, advice });
        }
        let test = rows.split_off(rows.len() - test);
        let validation = rows.split_off(rows.len() - validation);
        Ok(Parts { train: rows, validation, test })
    }
}

/// These rows in two parts, the second of this share.
fn divide<T: Real>(
    targets: &Targets<T>,
    rows: &[usize],
    share: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    // A data set of row numbers, which are exact in f64.
    let numbers = Tensor::<f64>::from_fn([rows.len(), 1], |row| rows[row] as f64);
    let (targets, is_classes) = match targets {
        Targets::Classes { indices, classes } => {
            let indices = rows.iter().map(|&row| indices[row]).collect();
            (Targets::Classes { indices, classes: *classes }, true)
        }
        _ => (Targets::Values(numbers.clone()), false),
    };
    let data = Dataset::new(numbers, targets)?;
    let (first, second) = match is_classes {
        true => data.split_stratified(share, seed)?,
        false => data.split(share, seed)?,
    };
    let rows = |part: &Dataset<f64>| {
        let mut rows: Vec<usize> = part.inputs().values().iter().map(|row| *row as usize).collect();
        // In the order of the table, which tells nothing of the seed.
        rows.sort_unstable();
        rows
    };
    Ok((rows(&first), rows(&second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(count: usize) -> Targets<f32> {
        let indices = (0..count).map(|row| u32::from(row % 5 == 0)).collect();
        Targets::Classes { indices, classes: 2 }
    }

    #[test]
    fn the_parts_are_all_rows_with_classes_in_proportion() {
        let targets = classes(100);
        let parts = Parts::stratified(&targets, 0.2, 3).unwrap();
        assert_eq!([&parts.train, &parts.validation, &parts.test].map(Vec::len), [64, 16, 20]);
        let mut all = [&parts.train[..], &parts.validation, &parts.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(parts.test.iter().filter(|&&row| row % 5 == 0).count(), 4);
        assert_eq!(parts, Parts::stratified(&targets, 0.2, 3).unwrap());
        assert_ne!(parts, Parts::stratified(&targets, 0.2, 4).unwrap());
        assert!(Parts::stratified(&classes(2), 0.2, 0).is_err());
    }

    #[test]
    fn groups_stay_together_and_time_goes_on() {
        let groups: Vec<u32> = (0..60).map(|row| row / 3).collect();
        let parts = Parts::grouped(&groups, 0.2, 0).unwrap();
        for group in 0..20 {
            let holds = |part: &[usize]| part.iter().any(|&row| groups[row] == group);
            let parts = [&parts.train, &parts.validation, &parts.test];
            assert_eq!(parts.iter().filter(|part| holds(part)).count(), 1, "{group}");
        }
        let time: Vec<f64> = (0..10).map(|row| -f64::from(row)).collect();
        let parts = Parts::by_time(&time, 0.2).unwrap();
        assert_eq!((&parts.validation[..], &parts.test[..]), (&[3, 2][..], &[1, 0][..]));
        assert!(Parts::by_time(&[1.0, 2.0], 0.5).is_err());
    }
}
