//! Random numbers from an explicit generator.

use rand::SeedableRng;

/// The generator of all random numbers in the workspace: xoshiro256++, small, fast, and the same on every platform.
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
