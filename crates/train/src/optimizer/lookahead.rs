use chainrule_nn::config::{Entry, Setting};
use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::{Real, simd};

use super::{
    Adam, MOST_SLOTS, Optimizer, Parameter, Update, Whole, WholeUpdate, by_name, not_negative,
};

/// Lookahead: another optimizer runs ahead for some steps, and slow weights follow a part of the
/// way.
///
/// In every `steps`-th step, after the inner optimizer's: `slow += alpha (w - slow)`, then
/// `w = slow`. The slow weights begin where training begins. The inner optimizer's memory stays as
/// it is, and it may name at most four vectors. A lookahead around AMSGrad may be wrapped again, a
/// lookahead around one of four vectors may not.
///
/// ```
/// use chainrule_train::optimizer::{Adam, Lookahead, Optimizer};
///
/// let optimizer = Lookahead::<f32>::new(Adam::new(0.01)).steps(10);
/// assert_eq!(optimizer.slots(), ["first_moment", "second_moment", "slow_weights"]);
/// ```
///
/// Source: Zhang, Lucas, Hinton and Ba, "Lookahead Optimizer: k steps forward, 1 step back", 2019.
#[derive(Debug)]
pub struct Lookahead<T: Real = f32> {
    inner: Inner<T>,
    /// In place of the inner optimizer's.
    learning_rate: Option<f64>,
    steps: usize,
    alpha: f64,
}

/// The optimizer that is wrapped.
#[derive(Debug)]
struct Inner<T: Real> {
    optimizer: Box<dyn Optimizer<T>>,
    text: String,
    /// Its slots, and the slow weights.
    slots: Vec<&'static str>,
}

impl<T: Real> Inner<T> {
    fn new(optimizer: Box<dyn Optimizer<T>>, text: &str) -> Self {
        let slots = [optimizer.slots(), &["slow_weights"]].concat();
        Inner { optimizer, text: text.to_owned(), slots }
    }
}

impl<T: Real> Entry for Inner<T> {
    fn text(&self) -> &str {
        &self.text
    }

    fn choose(&mut self, text: &str) -> Result<(), ConfigError> {
        *self = Inner::new(by_name::<T>(text)?, text);
        Ok(())
    }
}

impl<T: Real> Lookahead<T> {
    /// Wraps an optimizer: 5 steps, alpha 0.5. The learning rate is the inner optimizer's.
    #[must_use]
    pub fn new(inner: impl Optimizer<T> + 'static) -> Self {
        let name = inner.name();
        Lookahead {
            inner: Inner::new(Box::new(inner), name),
            learning_rate: None,
            steps: 5,
            alpha: 0.5,
        }
    }

    /// After how many steps the slow weights follow, at least 1.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        Lookahead { steps, ..self }
    }

    /// How much of the way they follow, in `(0, 1]`; with 1 it is the inner optimizer alone.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Lookahead { alpha, ..self }
    }
}

impl<T: Real> Default for Lookahead<T> {
    /// [`Adam`], 5 steps, alpha 0.5.
    fn default() -> Self {
        Lookahead::new(Adam::default())
    }
}

impl<T: Real> Configure for Lookahead<T> {
    fn formula(&self) -> &'static str {
        "another optimizer; in every k-th step: slow += alpha (w - slow); w = slow"
    }

    fn in_no_package(&self) -> Option<&'static str> {
        Some("it is of a paper alone")
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("inner", Setting::Entry(&mut self.inner)),
            ("learning_rate", Setting::Optional(&mut self.learning_rate)),
            ("steps", Setting::Count(&mut self.steps)),
            ("alpha", Setting::Number(&mut self.alpha)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        if self.steps == 0 {
            return Err("lookahead: steps must be at least 1, but it is 0".to_owned());
        }
        if let Some(rate) = self.learning_rate {
            not_negative("lookahead", "learning_rate", rate)?;
        }
        if !(self.alpha > 0.0 && self.alpha <= 1.0) {
            return Err(format!("lookahead: alpha must lie in (0, 1], but it is {}", self.alpha));
        }
        if self.inner.slots.len() > MOST_SLOTS {
            return Err(format!(
                "lookahead: `{}` and the slow weights are {} vectors to remember, but at most \
                 {MOST_SLOTS} are possible: \
                 wrap an optimizer that remembers less",
                self.inner.text,
                self.inner.slots.len()
            ));
        }
        self.inner.optimizer.check()
    }
}

impl<T: Real> Optimizer<T> for Lookahead<T> {
    fn name(&self) -> &'static str {
        "lookahead"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or_else(|| self.inner.optimizer.learning_rate())
    }

    fn slots(&self) -> &[&'static str] {
        &self.inner.slots
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        let mut whole = self.inner.optimizer.whole(parameter)?;
        whole.slots.resize(self.inner.slots.len() - 1, 0);
        whole.slots.push(parameter.range.len());
        Some(whole)
    }

    fn step(&self, update: Update<'_, T>) {
        self.step_with(update, None);
    }

    fn step_whole(&self, update: WholeUpdate<'_, T>) {
        let WholeUpdate { parameter, update, scratch, pool } = update;
        self.step_with(update, Some((parameter, scratch, pool)));
    }

    fn averages(&self) -> bool {
        self.inner.optimizer.averages()
    }

    fn average(&self, weights: &mut [T], slots: &[&[T]]) {
        self.inner.optimizer.average(weights, &slots[..slots.len() - 1]);
    }
}

impl<T: Real> Lookahead<T> {
    /// Moves the weights as the inner optimizer does, those of a whole parameter if there is one,
    /// then the slow ones.
    fn step_with(&self, update: Update<'_, T>, whole: Option<(&Parameter, &mut [T], &Pool)>) {
        let Update { step, learning_rate, momentum, share, weights, gradient, slots } = update;
        let Some((slow, slots)) = slots.split_last_mut() else {
            unreachable!("the state was made for these slots")
        };
        if step == 1 {
            slow.copy_from_slice(weights);
        }
        let (count, mut rest) = (slots.len(), slots.iter_mut());
        let mut inner: [&mut [T]; MOST_SLOTS] =
            std::array::from_fn(|_| rest.next().map_or(&mut [][..], |slot| &mut **slot));
        let slots = &mut inner[..count];
        let update = Update {
            step,
            learning_rate,
            momentum,
            share,
            weights: &mut *weights,
            gradient,
            slots,
        };
        match whole {
            Some((parameter, scratch, pool)) => {
                self.inner.optimizer.step_whole(WholeUpdate { parameter, update, scratch, pool });
            }
            None => self.inner.optimizer.step(update),
        }
        if step.is_multiple_of(self.steps as u64) {
            let alpha = T::from_f64(self.alpha);
            simd::dispatch(
                #[inline(always)]
                || {
                    for (w, slow) in weights.iter_mut().zip(slow.iter_mut()) {
                        *slow = (*slow + alpha * (*w - *slow)).flushed();
                        *w = *slow;
                    }
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::{assert_path, down_a_parabola};
    use crate::optimizer::{Adam, RmsProp, Sgd, State};

    #[test]
    fn golden_path() {
        // 0.8 and 0.64 by gradient descent; then half the way from 1; then again from there.
        let lookahead = Lookahead::new(Sgd::new(0.1)).steps(2);
        assert_path(&lookahead, &[0.8, 0.82, 0.656, 0.82 + 0.5 * (0.656 * 0.8 - 0.82)]);
        let whole = Lookahead::new(Sgd::new(0.1).momentum(0.9)).alpha(1.0);
        assert_path(&whole, &down_a_parabola(&Sgd::new(0.1).momentum(0.9), 12));
    }

    #[test]
    fn the_inner_memory_is_its_own() {
        let (lookahead, adam) = (Lookahead::new(Adam::new(0.1)).steps(100), Adam::new(0.1));
        let (mut a, mut b) = ([1.0_f64, 2.0], [1.0_f64, 2.0]);
        let (mut wrapped, mut plain) = (State::new(&lookahead, 2), State::new(&adam, 2));
        for _ in 0..3 {
            wrapped.step(&lookahead, &mut a, &[0.3, -0.1]);
            plain.step(&adam, &mut b, &[0.3, -0.1]);
        }
        assert_eq!(a, b);
        assert_eq!(wrapped.slots()[..2], *plain.slots());
        assert_eq!(*wrapped.slots()[2], [1.0, 2.0]);
        let four = RmsProp { momentum: 0.9, centered: true, ..RmsProp::default() };
        assert_eq!(State::new(&Lookahead::<f64>::new(four), 1).slots().len(), 4);
    }

    #[test]
    fn the_inner_optimizer_is_chosen_by_text() {
        let text = "lookahead(steps=2, inner=sgd(learning_rate=0.1, momentum=0.9))";
        let lookahead = by_name::<f64>(text).unwrap();
        assert_eq!(
            (lookahead.learning_rate(), lookahead.slots()),
            (0.1, &["momentum", "slow_weights"][..])
        );
        let expected = down_a_parabola(&Lookahead::new(Sgd::new(0.1).momentum(0.9)).steps(2), 6);
        assert_path(lookahead.as_ref(), &expected);
        let error = by_name::<f64>("lookahead(inner=sgd(momentum=1))").unwrap_err().to_string();
        assert!(error.ends_with("sgd: momentum must lie in [0, 1), but it is 1"), "{error}");
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let lookahead = || Lookahead::<f32>::new(Sgd::new(-1.0));
        let error = |lookahead: Lookahead| Optimizer::check(&lookahead).unwrap_err();
        assert_eq!(error(lookahead().steps(0)), "lookahead: steps must be at least 1, but it is 0");
        assert_eq!(
            error(lookahead().alpha(0.0)),
            "lookahead: alpha must lie in (0, 1], but it is 0"
        );
        assert_eq!(
            error(lookahead()),
            "sgd: learning_rate must be finite and not negative, but it is -1"
        );
    }
}
