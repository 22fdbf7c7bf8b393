//! Optimizers: rules that move weights against their gradient.
//!
//! An optimizer holds its settings alone; its memory is a [`State`] that the caller owns. Each is one pass over flat
//! slices.

mod adam;
mod sgd;

use std::fmt;
use std::sync::Arc;

use chainrule_nn::UnknownName;
use chainrule_tensor::parallel::{Chunks, Pool};
use chainrule_tensor::{Aligned, Real};

pub use adam::Adam;
pub use sgd::Sgd;

/// A rule that moves weights against their gradient.
pub trait Optimizer<T: Real = f32>: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &'static str;

    /// The learning rate, before any schedule.
    fn learning_rate(&self) -> f64;

    /// The names of the vectors that it remembers, each as long as the weights.
    fn slots(&self) -> &'static [&'static str];

    /// Whether the settings make sense. By default yes.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Moves the weights once.
    fn step(&self, update: Update<'_, T>);
}

/// What one step of an [`Optimizer`] works with.
#[derive(Debug)]
pub struct Update<'a, T: Real> {
    /// The number of this step, from 1.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The weights, to be moved.
    pub weights: &'a mut [T],
    /// Their gradient.
    pub gradient: &'a [T],
    /// What the rule remembers, in the order of its [`slots`](Optimizer::slots).
    pub slots: &'a mut [&'a mut [T]],
}

/// What an optimizer remembers from step to step.
#[derive(Clone, Debug)]
pub struct State<T: Real = f32> {
    step: u64,
    slots: Vec<Aligned<T>>,
    pool: Arc<Pool>,
}

/// The most vectors that a rule may remember.
const MOST_SLOTS: usize = 4;

/// From this many weights on, a step is worth sharing: about 10 us of work for the cheapest rule.
const SHARED_WEIGHTS: usize = 100_000;

impl<T: Real> State<T> {
    /// The state before the first step, for `len` weights.
    ///
    /// # Panics
    /// If the optimizer remembers more than four vectors.
    #[track_caller]
    #[must_use]
    pub fn new(optimizer: &dyn Optimizer<T>, len: usize) -> Self {
        let slots = optimizer.slots();
        assert!(slots.len() <= MOST_SLOTS, "an optimizer may remember {MOST_SLOTS} vectors, {} are named", slots.len());
        State { step: 0, slots: slots.iter().map(|_| Aligned::zeros(len)).collect(), pool: Pool::shared() }
    }

    /// Shares steps over many weights among the threads of this pool; by default [`Pool::shared`]. The results are the
    /// same bits with any number of threads.
    pub fn on(&mut self, pool: Arc<Pool>) {
        self.pool = pool;
    }

    /// The number of steps made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The remembered vectors, in the order of the optimizer's [`slots`](Optimizer::slots).
    #[must_use]
    pub fn slots(&self) -> &[Aligned<T>] {
        &self.slots
    }

    /// Lets the optimizer move the weights once, with its own learning rate.
    ///
    /// ```
    /// use chainrule_train::optimizer::{Sgd, State};
    ///
    /// // Down the slope of x^2.
    /// let (sgd, mut x) = (Sgd::new(0.1), [1.0_f64]);
    /// let mut state = State::new(&sgd, 1);
    /// for _ in 0..3 {
    ///     let gradient = [2.0 * x[0]];
    ///     state.step(&sgd, &mut x, &gradient);
    /// }
    /// assert!((x[0] - 0.512).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the weights, the gradient and the state differ in length.
    #[track_caller]
    pub fn step(&mut self, optimizer: &dyn Optimizer<T>, weights: &mut [T], gradient: &[T]) {
        self.step_at(optimizer, optimizer.learning_rate(), weights, gradient);
    }

    /// Lets the optimizer move the weights once, with this learning rate.
    ///
    /// # Panics
    /// If the weights, the gradient and the state differ in length.
    #[track_caller]
    pub fn step_at(&mut self, optimizer: &dyn Optimizer<T>, learning_rate: f64, weights: &mut [T], gradient: &[T]) {
        let fits = weights.len() == gradient.len() && self.slots.iter().all(|slot| slot.len() == weights.len());
        assert!(fits && self.slots.len() == optimizer.slots().len(), "weights, gradient and state differ in length");
        self.step += 1;
        let threads = if weights.len() < SHARED_WEIGHTS { 1 } else { self.pool.threads() };
        let part = weights.len().div_ceil(threads).next_multiple_of(64);
        let weights = Chunks::new(weights, part);
        let (step, count) = (self.step, self.slots.len());
        let mut slots = [const { None }; MOST_SLOTS];
        for (chunks, slot) in slots.iter_mut().zip(&mut self.slots) {
            *chunks = Some(Chunks::new(slot, part));
        }
        self.pool.run(threads, |position| {
            let weights = weights.take(position);
            let begin = (position * part).min(gradient.len());
            let gradient = &gradient[begin..begin + weights.len()];
            let mut slots = slots.each_ref().map(|slot| slot.as_ref().map_or(&mut [][..], |slot| slot.take(position)));
            optimizer.step(Update { step, learning_rate, weights, gradient, slots: &mut slots[..count] });
        });
    }
}

impl<T: Real, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }
    fn slots(&self) -> &'static [&'static str] {
        (**self).slots()
    }
    fn check(&self) -> Result<(), String> {
        (**self).check()
    }
    fn step(&self, update: Update<'_, T>) {
        (**self).step(update);
    }
}

/// Every optimizer with its default settings and this learning rate, or its default one. Names, checks and command
/// lines come from this list.
#[must_use]
pub fn all<T: Real>(learning_rate: Option<f64>) -> Vec<Box<dyn Optimizer<T>>> {
    let (mut sgd, mut adam) = (Sgd::default(), Adam::default());
    if let Some(rate) = learning_rate {
        (sgd.learning_rate, adam.learning_rate) = (rate, rate);
    }
    vec![Box::new(sgd), Box::new(adam)]
}

/// The optimizer of this name, such as `adam`, with its default settings and this learning rate, or its default one.
///
/// # Errors
/// [`UnknownName`], which lists the names there are.
pub fn by_name<T: Real>(name: &str, learning_rate: Option<f64>) -> Result<Box<dyn Optimizer<T>>, UnknownName> {
    let found = all(learning_rate).into_iter().find(|optimizer| optimizer.name() == name);
    let known = || all::<T>(None).iter().map(|optimizer| optimizer.name()).collect::<Vec<_>>();
    found.ok_or_else(|| UnknownName::new("optimizer", name, known().into_iter()))
}

/// A setting that must be finite and not negative.
fn not_negative(name: &str, value: f64) -> Result<(), String> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(format!("{name} must be finite and not negative, but it is {value}"))
    }
}

/// A setting that must lie in `[0, 1)`.
fn fraction(name: &str, value: f64) -> Result<(), String> {
    if (0.0..1.0).contains(&value) { Ok(()) } else { Err(format!("{name} must lie in [0, 1), but it is {value}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weight after each of some steps down `x^2` from 1.
    pub(super) fn down_a_parabola(optimizer: &dyn Optimizer<f64>, steps: usize) -> Vec<f64> {
        let (mut x, mut state) = ([1.0], State::new(optimizer, 1));
        let mut step = || {
            let gradient = [2.0 * x[0]];
            state.step(optimizer, &mut x, &gradient);
            x[0]
        };
        (0..steps).map(|_| step()).collect()
    }

    #[test]
    fn every_optimizer_has_sound_defaults_and_goes_downhill() {
        for optimizer in all::<f64>(None) {
            assert_eq!(optimizer.check(), Ok(()), "{}", optimizer.name());
            let path = down_a_parabola(optimizer.as_ref(), 50);
            assert!(path.is_sorted_by(|a, b| a > b), "{}: {path:?}", optimizer.name());
            assert_eq!(by_name::<f64>(optimizer.name(), None).unwrap().name(), optimizer.name());
        }
        assert_eq!(
            by_name::<f32>("adma", None).unwrap_err().to_string(),
            "there is no optimizer `adma`; there are: sgd, adam"
        );
    }

    #[test]
    fn a_flat_vector_is_moved_like_each_of_its_weights() {
        for optimizer in all::<f64>(Some(0.05)) {
            let starts: Vec<f64> = (0..37).map(|i| 0.3 * f64::from(i) - 4.0).collect();
            let alone = |start: f64| {
                let (mut x, mut state) = ([start], State::new(optimizer.as_ref(), 1));
                for _ in 0..5 {
                    let gradient = [x[0].sin()];
                    state.step(optimizer.as_ref(), &mut x, &gradient);
                }
                x[0]
            };
            let (mut together, mut state) = (starts.clone(), State::new(optimizer.as_ref(), starts.len()));
            for _ in 0..5 {
                let gradient: Vec<f64> = together.iter().map(|x| x.sin()).collect();
                state.step(optimizer.as_ref(), &mut together, &gradient);
            }
            assert_eq!(together, starts.iter().map(|&start| alone(start)).collect::<Vec<_>>(), "{}", optimizer.name());
        }
    }
}
