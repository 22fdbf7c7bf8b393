use super::Schedule;
use chainrule_config::formula;

/// The optimizer's own learning rate throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constant;

formula!(Constant: "base");

impl Schedule for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn learning_rate(&self, base: f64, _: u64) -> f64 {
        base
    }
}
