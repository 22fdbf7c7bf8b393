use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;
use chainrule_tensor::simd::{self, Instructions};

use super::{Optimizer, Update};

settings! {
    "sgd": "v = momentum v + (1 - dampening) g; w -= learning_rate v", checked by consistent;

    /// Stochastic gradient descent, with momentum and weight decay as in PyTorch.
    ///
    /// For each weight `w` with gradient `g`: `g += weight_decay w`; with momentum,
    /// `v = momentum v + (1 - dampening) g`, where the first step takes `v = g`; then
    /// `w -= learning_rate v`, or for Nesterov `w -= learning_rate (g + momentum v)`; without
    /// momentum, `w -= learning_rate g`. To maximise, `-g` takes the place of `g` from the start;
    /// weight decay makes weights smaller all the same.
    ///
    /// ```
    /// use chainrule_train::optimizer::Sgd;
    ///
    /// let sgd = Sgd { momentum: 0.9, nesterov: true, ..Sgd::new(0.1) };
    /// assert_eq!(sgd.weight_decay, 0.0);
    /// ```
    ///
    /// Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and
    /// momentum in deep learning", 2013.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Sgd {
        /// The length of a step for a gradient of 1.
        pub learning_rate: f64 = 1e-3, at_least(0.0);
        /// How much of the last step goes into the next, in `[0, 1)`.
        pub momentum: f64 = 0.0, within(0.0..1.0);
        /// How much less of the gradient goes into the momentum.
        pub dampening: f64 = 0.0, finite();
        /// Added to the gradient for each unit of weight (L2).
        pub weight_decay: f64 = 0.0, at_least(0.0);
        /// Looks ahead along the momentum; needs momentum, and no dampening. False by default.
        pub nesterov: bool = false;
        /// Goes up the gradient.
        pub maximise: bool = false;
    }
}

fn consistent(sgd: &Sgd) -> Result<(), String> {
    if sgd.dampening != 0.0 && sgd.momentum == 0.0 {
        return Err(
            "sgd: dampening has no effect without a momentum; leave it out, or give one".to_owned()
        );
    }
    if sgd.nesterov && (sgd.momentum == 0.0 || sgd.dampening != 0.0) {
        return Err("sgd: Nesterov's rule needs a momentum above 0 and a dampening of 0".to_owned());
    }
    Ok(())
}

impl Sgd {
    /// Plain gradient descent with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate, ..Sgd::default() }
    }

    /// The same with momentum.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Sgd { momentum, ..self }
    }
}

impl<T: Real> Optimizer<T> for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum"] }
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        // Uphill, all is the same with the signs of gradient and velocity turned: those of the two
        // factors on them.
        let sign = if self.maximise { -1.0 } else { 1.0 };
        let [rate, momentum, decay] = [
            sign * update.learning_rate,
            update.momentum.unwrap_or(self.momentum),
            sign * self.weight_decay,
        ]
        .map(T::from_f64);
        let (weights, gradient) = (update.weights, update.gradient);
        // Without decay a weight is read for nothing but its step, and does not shrink until it is
        // denormal.
        let decays = self.weight_decay != 0.0;
        let [velocity] = update.slots else {
            return if decays {
                plain(weights, gradient, |by, w, g| by.flushed(w - rate * (g + decay * w)))
            } else {
                plain(weights, gradient, |_, w, g| w - rate * g)
            };
        };
        let (keep, take) = if update.step == 1 {
            (T::ZERO, T::ONE)
        } else {
            (momentum, T::from_f64(1.0 - self.dampening))
        };
        // w -= rate (own g + along v)
        let (own, along) = if self.nesterov { (T::ONE, momentum) } else { (T::ZERO, T::ONE) };
        let next = move |by: Instructions, w: T, g: T, v: T| {
            let v = by.add_product(keep, v, take * g);
            (by.add_product(-rate, by.add_product(own, g, along * v), w), by.flushed(v))
        };
        if decays {
            with_momentum(weights, gradient, velocity, |by, w, g, v| {
                let (w, v) = next(by, w, g + decay * w, v);
                (by.flushed(w), v)
            });
        } else {
            with_momentum(weights, gradient, velocity, next);
        }
    }
}

#[inline(always)]
fn plain<T: Real>(weights: &mut [T], gradient: &[T], next: impl Fn(Instructions, T, T) -> T) {
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for (w, &g) in weights.iter_mut().zip(gradient) {
                *w = next(instructions, *w, g);
            }
        },
    );
}

#[inline(always)]
fn with_momentum<T: Real>(
    weights: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    next: impl Fn(Instructions, T, T, T) -> (T, T),
) {
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
                (*w, *v) = next(instructions, *w, g, *v);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_paths() {
        let plain = Sgd::new(0.1);
        assert_path(&plain, &[0.8, 0.64, 0.512]);
        assert_path(&plain.momentum(0.9), &[0.8, 0.46, 0.062]);
        assert_path(&Sgd { momentum: 0.9, nesterov: true, ..plain }, &[0.62, 0.2224, -0.108352]);
        assert_path(&Sgd { momentum: 0.9, dampening: 0.5, ..plain }, &[0.8, 0.54, 0.252]);
        // g = 2 w + 0.5 w
        assert_path(&Sgd { weight_decay: 0.5, ..plain }, &[0.75, 0.5625, 0.421875]);
        // Up the slope: w + 0.1 (2 w - 0.5 w)
        let uphill = Sgd { maximise: true, ..plain };
        assert_path(&uphill, &[1.2, 1.44, 1.728]);
        assert_path(&Sgd { weight_decay: 0.5, ..uphill }, &[1.15, 1.3225, 1.520875]);
        assert_path(&uphill.momentum(0.9), &[1.2, 1.62, 2.322]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |sgd: Sgd| Configure::check(&sgd).unwrap_err();
        assert_eq!(
            check(Sgd::new(-1.0)),
            "sgd: learning_rate must be finite and not negative, but it is -1"
        );
        assert_eq!(
            check(Sgd::new(0.1).momentum(1.0)),
            "sgd: momentum must lie in [0, 1), but it is 1"
        );
        let nesterov = Sgd { nesterov: true, ..Sgd::new(0.1) };
        assert_eq!(
            check(nesterov),
            "sgd: Nesterov's rule needs a momentum above 0 and a dampening of 0"
        );
    }
}
