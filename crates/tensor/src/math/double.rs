//! `f64`: the standard library's functions, and the error function, which it lacks.

pub(crate) use super::error_function_double::{erf, erfc};

#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    x.exp()
}

#[inline(always)]
pub(crate) fn exp_m1(x: f64) -> f64 {
    x.exp_m1()
}

#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    x.ln()
}

#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    x.ln_1p()
}

#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// `1 / (1 + e^-x)`; the exponential's argument is never positive, so that nothing overflows.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

#[inline(always)]
pub(crate) fn sin_cos(x: f64) -> (f64, f64) {
    x.sin_cos()
}
