//! Reductions over slices: sums, extrema and log-sum-exp over everything or over any set of axes,
//! and the position of the maximum.
//!
//! A reduction over axes is told by two shapes of equal rank. `shape` is that of the operand,
//! `reduced` is the same with length 1 at each reduced axis (see [`Axes::reduced`]). Nothing here
//! allocates. NaN is never lost: where one goes in, NaN comes out.

mod argmax;
mod axes;
mod extremum;
mod finite;
mod log_sum_exp;
mod nest;
mod sum;
mod tensor;

pub use argmax::argmax;
pub use axes::Axes;
pub use extremum::{max, min};
pub use finite::all_finite;
pub use log_sum_exp::log_sum_exp;
pub(crate) use sum::scaled_sum;
pub use sum::{mean, norm, sum, sum_of_squares, wide_sum, wide_sum_of_squares};
