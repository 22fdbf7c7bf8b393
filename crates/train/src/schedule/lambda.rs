use std::fmt;

use chainrule_nn::Configure;

use super::Schedule;

/// The optimizer's own learning rate times a function of the step; PyTorch's `LambdaLR`.
///
/// ```
/// use chainrule_train::schedule::{Lambda, Schedule};
///
/// let inverse_root = Lambda::new(|step| 1.0 / (step as f64 + 1.0).sqrt());
/// assert_eq!(inverse_root.learning_rate(0.1, 3), 0.05);
/// ```
pub struct Lambda<F> {
    factor: F,
}

impl<F: Fn(u64) -> f64 + Send + Sync> Lambda<F> {
    /// The rate is `base factor(t)`.
    #[must_use]
    pub fn new(factor: F) -> Self {
        Lambda { factor }
    }
}

impl<F> Configure for Lambda<F> {
    fn formula(&self) -> &'static str {
        "base f(t)"
    }
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for Lambda<F> {
    fn name(&self) -> &'static str {
        "lambda"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        base * (self.factor)(step)
    }
}

impl<F> fmt::Debug for Lambda<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}
