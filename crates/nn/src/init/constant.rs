use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

use super::Listed;
use crate::Configure;
use crate::config::Setting;

/// One value for all. A number by itself is the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant(pub f64);

/// All zeros: for biases. Weights that start alike stay alike.
#[must_use]
pub fn zeros() -> Constant {
    Constant(0.0)
}

impl Initialiser for Constant {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        self.0.fill(shape, values, generator)
    }
}

impl Configure for Constant {
    fn formula(&self) -> &'static str {
        "value"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("value", Setting::Number(&mut self.0))]
    }
}

impl Listed for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }
}
