use std::ops::Range;

use rand::Rng;

use crate::{Real, Shape, Tensor, TensorError, random};

impl<T: Real> Tensor<T> {
    /// Random numbers from the uniform distribution over `range`.
    ///
    /// ```
    /// use chainrule_tensor::{Tensor, random::generator};
    ///
    /// let x: Tensor = Tensor::uniform([2, 3], -0.5..0.5, &mut generator(1))?;
    /// assert!(x.values().iter().all(|x| x.abs() <= 0.5));
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`random::uniform`]; [`TensorError::Memory`] if memory cannot hold it.
    pub fn uniform(
        shape: impl Into<Shape>,
        range: Range<f64>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TensorError> {
        let mut out = Tensor::try_full("uniform", shape.into(), T::ZERO)?;
        random::uniform(out.values_mut(), range, rng)?;
        Ok(out)
    }

    /// Random numbers from the normal distribution.
    ///
    /// # Errors
    /// Those of [`random::normal`]; [`TensorError::Memory`] if memory cannot hold it.
    pub fn normal(
        shape: impl Into<Shape>,
        mean: f64,
        standard_deviation: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TensorError> {
        let mut out = Tensor::try_full("normal", shape.into(), T::ZERO)?;
        random::normal(out.values_mut(), mean, standard_deviation, rng)?;
        Ok(out)
    }

    /// Random numbers from the normal distribution restricted to `[low, high]`, which are absolute
    /// bounds; PyTorch's defaults are -2 and 2.
    ///
    /// # Errors
    /// Those of [`random::truncated_normal`]; [`TensorError::Memory`] if memory cannot hold it.
    pub fn truncated_normal(
        shape: impl Into<Shape>,
        mean: f64,
        standard_deviation: f64,
        low: f64,
        high: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TensorError> {
        let mut out = Tensor::try_full("truncated_normal", shape.into(), T::ZERO)?;
        random::truncated_normal(out.values_mut(), mean, standard_deviation, low, high, rng)?;
        Ok(out)
    }

    /// Ones with probability `p`, zeros otherwise.
    ///
    /// # Errors
    /// Those of [`random::bernoulli`]; [`TensorError::Memory`] if memory cannot hold it.
    pub fn bernoulli(
        shape: impl Into<Shape>,
        p: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TensorError> {
        let mut out = Tensor::try_full("bernoulli", shape.into(), T::ZERO)?;
        random::bernoulli(out.values_mut(), p, rng)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn the_same_seed_gives_the_same_tensor() {
        let draw = |seed| {
            let rng = &mut generator(seed);
            let parts: [Tensor; 4] = [
                Tensor::uniform([2, 3], 0.0..1.0, rng).unwrap(),
                Tensor::normal([2, 3], 0.0, 1.0, rng).unwrap(),
                Tensor::truncated_normal([2, 3], 0.0, 1.0, -2.0, 2.0, rng).unwrap(),
                Tensor::bernoulli([2, 30], 0.5, rng).unwrap(),
            ];
            parts
        };
        assert_eq!(draw(1), draw(1));
        for (a, b) in draw(1).iter().zip(&draw(2)) {
            assert_ne!(a, b);
        }
    }

    #[test]
    fn any_generator_will_do() {
        let mut boxed: Box<dyn Rng> = Box::new(generator(1));
        assert_eq!(
            Tensor::<f64>::normal([3], 0.0, 1.0, &mut *boxed),
            Tensor::normal([3], 0.0, 1.0, &mut generator(1))
        );
    }
}
