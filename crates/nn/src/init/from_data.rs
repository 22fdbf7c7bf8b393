use std::fmt::Debug;

use chainrule_graph::Params;
use chainrule_tensor::{Real, Tensor};

use super::{UnitColumns, UnitVariance};
use crate::config::{Aliases, Family};
use crate::{ConfigError, Configure, Layer, PredictError};

/// A rule for first values that looks at data: it runs the model on some inputs, layer by layer.
pub trait FromData<T: Real = f32>: Configure + Debug + Send + Sync {
    /// The name, in configuration.
    fn name(&self) -> &'static str;

    /// Gives the parameters of a model first values that fit these inputs, `[samples, ..]`.
    ///
    /// # Errors
    /// As [`Model::predict`](crate::Model::predict); inputs without a sample.
    fn initialise(
        &self,
        model: &dyn Layer<T>,
        params: &mut Params<T>,
        inputs: &Tensor<T>,
        seed: u64,
    ) -> Result<(), PredictError>;
}

impl<T: Real> FromData<T> for UnitVariance {
    fn name(&self) -> &'static str {
        "unit_variance"
    }

    fn initialise(
        &self,
        model: &dyn Layer<T>,
        params: &mut Params<T>,
        inputs: &Tensor<T>,
        seed: u64,
    ) -> Result<(), PredictError> {
        UnitVariance { seed, ..*self }.apply(model, params, inputs).map(drop)
    }
}

/// Every rule that looks at data, with its default settings.
#[must_use]
pub fn from_data_family<T: Real>() -> Family<dyn FromData<T>> {
    let entries: Vec<Box<dyn FromData<T>>> =
        vec![Box::new(UnitVariance::default()), Box::new(UnitColumns::default())];
    Family::new("initialiser from data", |one| one.name(), entries).with_aliases(FROM_DATA_ALIASES)
}

/// Other names of rules that look at data.
pub const FROM_DATA_ALIASES: Aliases = UnitVariance::ALIASES;

/// The rule that looks at data of this name, such as `unit_variance(tolerance=0.02)` or
/// `unit_columns`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn from_data_by_name<T: Real>(text: &str) -> Result<Box<dyn FromData<T>>, ConfigError> {
    from_data_family().by_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Sequential};
    use chainrule_tensor::random::generator;

    /// Kind: every rule of the list keeps values of size 1, whatever the inputs' size.
    #[test]
    fn every_rule_brings_the_output_to_size_one() {
        let inputs = Tensor::normal([300, 6], 0.0, 40.0, &mut generator(1)).unwrap();
        for rule in from_data_family::<f64>().all() {
            let model = Sequential::<f64>::default().linear(6, 50).relu().linear(50, 8);
            let mut params = model.init([6], 2).unwrap();
            rule.initialise(&model, &mut params, &inputs, 3).unwrap();
            let output = model.predict(&params, &inputs).unwrap();
            let (n, mean) = (output.values().len() as f64, output.values().iter().sum::<f64>());
            let mean = mean / n;
            let variance = output.values().iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
            assert!((0.7..3.5).contains(&variance), "{}: {variance}", rule.name());
            assert_eq!(from_data_by_name::<f64>(rule.name()).unwrap().name(), rule.name());
        }
    }
}
