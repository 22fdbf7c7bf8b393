//! `f32`: functions without branches or calls, in their families.

pub(crate) use super::circular::sin_cos;
pub(crate) use super::error_function::{erf, erfc};
pub(crate) use super::exponential::{exp, exp_m1};
pub(crate) use super::logarithm::{ln, ln_1p};
pub(crate) use super::sigmoidal::{sigmoid, tanh};
