use std::fmt::Debug;

use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Evidence, Finding};

/// A rule that finds one kind of fault, or two that are the opposite of each other. Its thresholds
/// are its settings.
pub trait Rule<T: Real = f32>: Configure + Debug {
    /// The name, in configuration.
    fn name(&self) -> &'static str;

    /// Finds the fault, if it is there.
    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding>;
}
