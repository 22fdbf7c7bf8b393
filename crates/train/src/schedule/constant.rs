use chainrule_nn::Configure;

use super::Schedule;

/// The optimizer's own learning rate throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constant;

impl Configure for Constant {
    fn formula(&self) -> &'static str {
        "base"
    }
}

impl Schedule for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn learning_rate(&self, base: f64, _: u64) -> f64 {
        base
    }
}
