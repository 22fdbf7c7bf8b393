//! `f32`: placeholders.

#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    x.exp()
}

#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    x.exp_m1()
}

#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    x.ln()
}

#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    x.ln_1p()
}

#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    x.tanh()
}

/// `1 / (1 + e^-x)`; the exponential's argument is never positive, so that nothing overflows.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}
