//! The digits in three parts.

use chainrule::data::DataError;
use chainrule::prelude::*;

/// The digits to learn from, those that choose the best epoch, and those that nothing sees before
/// the end.
pub struct Parts {
    pub train: Dataset,
    pub validation: Dataset,
    pub test: Dataset,
}

impl Parts {
    /// A fifth for the test and a tenth of the rest for validation, with the classes in proportion.
    ///
    /// # Errors
    /// Embedded data that are damaged.
    pub fn load(seed: u64) -> Result<Self, DataError> {
        let (rest, test) = Digits::load()?.dataset().split_stratified(0.2, seed)?;
        let (train, validation) = rest.split_stratified(0.1, seed)?;
        Ok(Parts { train, validation, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_all_the_digits_and_the_seed_chooses_them() {
        let parts = Parts::load(3).unwrap();
        assert_eq!(
            [&parts.train, &parts.validation, &parts.test].map(Dataset::len),
            [1293, 144, 360]
        );
        assert_eq!(parts.test, Parts::load(3).unwrap().test);
        assert_ne!(parts.test, Parts::load(4).unwrap().test);
    }
}
