use std::fmt;

use chainrule_tensor::{Real, simd};

use super::{Parameter, Whole, WholeUpdate};

/// A rule that moves weights against their gradient.
pub trait Optimizer<T: Real = f32>: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &'static str;

    /// The learning rate, before any schedule.
    fn learning_rate(&self) -> f64;

    /// The names of the vectors that it remembers: each as long as the weights that it moves,
    /// unless it sees [whole](Optimizer::whole) parameters.
    fn slots(&self) -> &[&'static str];

    /// The needs of the rule for seeing this parameter whole, which
    /// [`step_whole`](Optimizer::step_whole) then moves; none if any stretch of the flat vector
    /// will do, which [`step`](Optimizer::step) moves. By default none. Asked once for each
    /// parameter, when the [`State`](super::State) is made.
    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        let _ = parameter;
        None
    }

    /// Checks that the settings make sense. By default they do.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Moves a stretch of the weights once, whatever the parameters are that it covers. Threads do
    /// so at the same time. Called for what [`whole`](Optimizer::whole) gives none for: a rule that
    /// sees every parameter whole leaves it out.
    ///
    /// # Panics
    /// By default: a rule must move what it does not ask to see whole.
    fn step(&self, update: Update<'_, T>) {
        let weights = update.weights.len();
        panic!("{} has no step for the {weights} weights that it does not see whole", self.name());
    }

    /// Moves one whole parameter once: each for which [`whole`](Optimizer::whole) states needs. A
    /// rule that sees none whole leaves it out.
    ///
    /// # Panics
    /// By default: a rule must move what it asks to see whole.
    fn step_whole(&self, update: WholeUpdate<'_, T>) {
        let parameter = &update.parameter.name;
        panic!("{} has no step for `{parameter}`, which it asks to see whole", self.name());
    }

    /// Returns true if other weights than the trained ones are to be validated and kept, which
    /// [`average`](Optimizer::average) computes. By default no.
    fn averages(&self) -> bool {
        false
    }

    /// Puts the weights that are to be validated and kept in place of those that are trained; by
    /// default they are the same. The slots are as long as the weights.
    fn average(&self, weights: &mut [T], slots: &[&[T]]) {
        let _ = (weights, slots);
    }
}

/// The operands of one step of an [`Optimizer`].
#[derive(Debug)]
pub struct Update<'a, T: Real> {
    /// The number of this step, from 1.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The momentum of this step, or `beta1`, in place of the rule's own; none for its own.
    pub momentum: Option<f64>,
    /// This step's part in an average over all steps until now, each by the square of the largest
    /// learning rate until then: `1 / step` while the learning rate is constant.
    pub share: f64,
    /// The weights, to be moved.
    pub weights: &'a mut [T],
    /// Their gradient.
    pub gradient: &'a [T],
    /// The memory of the rule, in the order of its [`slots`](Optimizer::slots).
    pub slots: &'a mut [&'a mut [T]],
}

/// The answer of a schedule for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum, or `beta1`, in place of the optimizer's own; none for its own.
    pub momentum: Option<f64>,
}

/// The most vectors that a rule may remember.
pub(crate) const MOST_SLOTS: usize = 5;

impl<T: Real, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }
    fn slots(&self) -> &[&'static str] {
        (**self).slots()
    }
    fn check(&self) -> Result<(), String> {
        (**self).check()
    }
    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        (**self).whole(parameter)
    }
    fn step(&self, update: Update<'_, T>) {
        (**self).step(update);
    }
    fn step_whole(&self, update: WholeUpdate<'_, T>) {
        (**self).step_whole(update);
    }
    fn averages(&self) -> bool {
        (**self).averages()
    }
    fn average(&self, weights: &mut [T], slots: &[&[T]]) {
        (**self).average(weights, slots);
    }
}

/// Weight decay as two factors: what the weight is multiplied by before the step, and how much of
/// the weight is added to the gradient. It is decoupled from the gradient (Loshchilov and Hutter),
/// or L2.
pub(super) fn decay<T: Real>(weight_decay: f64, decoupled: bool, learning_rate: f64) -> [T; 2] {
    if decoupled {
        [T::from_f64(1.0 - learning_rate * weight_decay), T::ZERO]
    } else {
        [T::ONE, T::from_f64(weight_decay)]
    }
}

/// The largest gradient that an optimizer with a memory of squares takes as it is: half the square
/// root of the largest number, 9.2e18 in `f32`. Its square and means of such squares stay finite,
/// rounding included.
pub(super) fn gradient_limit<T: Real>() -> T {
    T::HALF * T::MAX.sqrt()
}

/// A gradient within this bound on both sides; NaN stays. Beyond it a square would make the memory
/// infinite, and the weight would not move again.
#[inline(always)]
pub(super) fn bounded<T: Real>(gradient: T, limit: T) -> T {
    let gradient = if gradient > limit { limit } else { gradient };
    if gradient < -limit { -limit } else { gradient }
}

/// `1 - beta^step`: what a mean that began at zero lacks. `powf`, since a step past 2^31 would
/// overflow `powi`'s exponent.
pub(super) fn bias_correction(beta: f64, step: u64) -> f64 {
    1.0 - beta.powf(step as f64)
}

/// A weight behind its step, flushed where weights decay. Without decay a weight is read for
/// nothing but its step, and does not shrink until it is denormal.
#[inline(always)]
pub(super) fn settled<T: Real>(instructions: simd::Instructions, decays: bool, weight: T) -> T {
    if decays { instructions.flushed(weight) } else { weight }
}

/// A mean of squares flushed: it is not negative.
#[inline(always)]
pub(super) fn flushed_square<T: Real>(mean: T) -> T {
    if mean < T::MIN_POSITIVE { T::ZERO } else { mean }
}

/// One pass over weights and memory, compiled twice: with weight decay, and without what that
/// costs. The pass is told which one it is, and the instructions it is compiled for.
macro_rules! pass {
    ($decays:expr, |$known:ident, $instructions:ident| $pass:block) => {
        if $decays {
            chainrule_tensor::simd::dispatch_with(
                #[inline(always)]
                |$instructions| {
                    let $known = true;
                    $pass
                },
            );
        } else {
            chainrule_tensor::simd::dispatch_with(
                #[inline(always)]
                |$instructions| {
                    let $known = false;
                    $pass
                },
            );
        }
    };
}
pub(super) use pass;
