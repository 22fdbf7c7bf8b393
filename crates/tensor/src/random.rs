//! Random numbers from an explicit generator: the fills of slices here, the same as constructors of
//! [`Tensor`](crate::Tensor).
//!
//! Every number is drawn in `f64` and then rounded: the same seed gives the same numbers in `f32`
//! and `f64`, up to that rounding.

mod fill;
mod tensor;
mod truncated;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

pub use fill::{bernoulli, normal, uniform};
pub use truncated::truncated_normal;

use crate::memory;

/// The generator of all random numbers in the workspace: xoshiro256++, small, fast, and the same on
/// every platform.
///
/// Not for cryptography.
pub type Generator = rand::rngs::Xoshiro256PlusPlus;

/// The generator that a seed stands for.
///
/// ```
/// use chainrule_tensor::random::generator;
///
/// assert_eq!(generator(7), generator(7));
/// assert_ne!(generator(7), generator(8));
/// ```
#[must_use]
pub fn generator(seed: u64) -> Generator {
    Generator::seed_from_u64(seed)
}

/// The numbers below `n` in random order, each order as likely as any other.
///
/// ```
/// use chainrule_tensor::random::{generator, permutation};
///
/// let mut order = permutation(5, &mut generator(1));
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3, 4]);
/// ```
///
/// # Panics
/// If [memory] cannot hold them.
#[track_caller]
#[must_use]
pub fn permutation(n: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<usize> {
    if let Err(why) = memory::check::<usize>(n) {
        panic!("a permutation of {n} is too large: {why}");
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_of_three_is_as_likely() {
        let (mut rng, n) = (generator(3), 600_000);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..n {
            *counts.entry(permutation(3, &mut rng)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        let expected = f64::from(n) / 6.0;
        let chi_squared: f64 =
            counts.values().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        // Five degrees of freedom: one in 60,000 seeds lies above.
        assert!(chi_squared < 30.0, "{chi_squared}: {counts:?}");
    }

    #[test]
    fn the_stream_of_a_seed_stays_the_same() {
        // Published results name their seeds: these numbers must not change.
        assert_eq!(generator(0).next_u64(), 5_987_356_902_031_041_503);
        assert_eq!(permutation(6, &mut generator(0)), [3, 0, 5, 4, 2, 1]);
    }
}
