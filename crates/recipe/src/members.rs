use chainrule_data::Dataset;
use chainrule_tensor::{Real, Tensor};

use crate::{Network, Recipe, RecipeError, Run};

/// Several networks of one recipe that differ in their seed, and answer together: by the mean of
/// their probabilities, or of their answers.
///
/// The mean is nearly always better than one network, and hardly ever worse: what a single seed has
/// made of the training data by chance averages out.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::{Members, Recipe};
///
/// let (train, test) = Digits::load()?.dataset::<f32>().split_stratified(0.2, 0)?;
/// let recipe = Recipe { epochs: 2, ..Recipe::default() };
/// let (members, runs) = Members::train(&recipe, 3, &train, Some(&test))?;
/// assert_eq!(runs.len(), 3);
/// let sum: f32 = members.probabilities(test.inputs())?.row(0).iter().sum();
/// assert!((sum - 1.0).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Members<T: Real = f32> {
    networks: Vec<Network<T>>,
}

impl<T: Real> Members<T> {
    /// Trains so many networks, with the recipe's seed and those that follow it, one after the
    /// other; gives them and what is known of each training.
    ///
    /// # Errors
    /// As [`Recipe::run`]; no network at all.
    pub fn train(
        recipe: &Recipe,
        members: usize,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
    ) -> Result<(Self, Vec<Run<T>>), RecipeError> {
        let runs = (0..members).map(|member| {
            let seed = recipe.seed.wrapping_add(member as u64);
            Recipe { seed, ..recipe.clone() }.run(train, validation, &mut [])
        });
        let runs = runs.collect::<Result<Vec<_>, RecipeError>>()?;
        Ok((Members::of(runs.iter().map(|run| run.network.clone()))?, runs))
    }

    /// These networks together.
    ///
    /// # Errors
    /// No network at all.
    pub fn of(networks: impl IntoIterator<Item = Network<T>>) -> Result<Self, RecipeError> {
        let networks: Vec<Network<T>> = networks.into_iter().collect();
        match networks.is_empty() {
            true => Err(RecipeError::of("members", "must be at least 1, but it is 0")),
            false => Ok(Members { networks }),
        }
    }

    /// The networks.
    #[must_use]
    pub fn networks(&self) -> &[Network<T>] {
        &self.networks
    }

    /// The mean of the networks' probabilities of each class, or of each label.
    ///
    /// # Errors
    /// As [`Network::probabilities`].
    pub fn probabilities(&self, inputs: &Tensor<T>) -> Result<Tensor<T>, RecipeError> {
        self.mean(|network| network.probabilities(inputs))
    }

    /// The mean of the networks' answers, in the units of the targets: for values. Classes are
    /// better answered by [`probabilities`](Members::probabilities).
    ///
    /// # Errors
    /// As [`Network::predict`].
    pub fn predict(&self, inputs: &Tensor<T>) -> Result<Tensor<T>, RecipeError> {
        self.mean(|network| network.predict(inputs))
    }

    fn mean(
        &self,
        answers: impl Fn(&Network<T>) -> Result<Tensor<T>, RecipeError>,
    ) -> Result<Tensor<T>, RecipeError> {
        let mut sum = answers(&self.networks[0])?;
        for network in &self.networks[1..] {
            let more = answers(network)?;
            sum.values_mut().iter_mut().zip(more.values()).for_each(|(sum, x)| *sum += *x);
        }
        let count = T::from_usize(self.networks.len());
        Ok(sum.map(|x| x / count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_data::Targets;

    #[test]
    fn answers_are_the_mean_of_networks_with_seeds_of_their_own() {
        let inputs = Tensor::from_fn([60, 2], |i| (i as f64 * 0.7).sin());
        let indices = (0..60).map(|i| u32::from(inputs.row(i)[0] > 0.0)).collect();
        let data = Dataset::new(inputs, Targets::Classes { indices, classes: 2 }).unwrap();
        let recipe = Recipe { epochs: 2, seed: u64::MAX, ..Recipe::default() };
        let (members, runs) = Members::train(&recipe, 2, &data, None).unwrap();
        let seeds: Vec<u64> = runs.iter().map(|run| run.recipe().seed).collect();
        assert_eq!(seeds, [u64::MAX, 0]);
        let both = members.probabilities(data.inputs()).unwrap();
        let each: Vec<_> =
            runs.iter().map(|run| run.network.probabilities(data.inputs()).unwrap()).collect();
        for (i, mean) in both.values().iter().enumerate() {
            let expected = (each[0].values()[i] + each[1].values()[i]) / 2.0;
            assert!((mean - expected).abs() < 1e-15);
        }
        let none = Members::<f64>::of([]).unwrap_err().to_string();
        assert!(none.contains("members"), "{none}");
    }
}
