//! The step within a trust region: the damping for which the damped step is as long as the radius.
//!
//! Source: Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978, section 5.

use super::qr::{Qr, norm};

/// How far the length of a step may be from the radius, as a share of it.
const NEAR: f64 = 0.1;
/// The damping is found in two or three rounds; so many only where rounding hides it.
const ROUNDS: usize = 10;

/// `p` with the least `|J p - b|` among those with `|D p|` up to about `radius`, and its damping;
/// `damping` is a guess at that.
pub(super) fn step(qr: &Qr, scale: &[f64], radius: f64, mut damping: f64) -> (Vec<f64>, f64) {
    let scaled =
        |step: &[f64]| -> Vec<f64> { step.iter().zip(scale).map(|(p, d)| p * d).collect() };
    let newton = qr.solve();
    let scaled_newton = scaled(&newton);
    let length = norm(&scaled_newton);
    let mut excess = length - radius;
    if excess <= NEAR * radius {
        return (newton, 0.0);
    }

    // Newton's step for the damping from 0 is a lower bound, where the rank is full.
    let full = qr.rank(0.0) == qr.n;
    let slope = |damped: Option<&_>, scaled_step: &[f64], length: f64| {
        let v: Vec<f64> = scaled_step.iter().zip(scale).map(|(p, d)| d * p / length).collect();
        norm(&qr.forward(damped, &v)).powi(2)
    };
    let mut low = if full { excess / radius / slope(None, &scaled_newton, length) } else { 0.0 };
    let gradient: Vec<f64> = qr.gradient().iter().zip(scale).map(|(g, d)| g / d).collect();
    let steepest = norm(&gradient);
    let mut high = steepest / radius;
    if high == 0.0 {
        high = f64::MIN_POSITIVE / radius.min(NEAR);
    }
    damping = damping.max(low).min(high);
    if damping == 0.0 {
        damping = steepest / length;
    }
    let mut round = 0;
    loop {
        round += 1;
        if damping == 0.0 {
            damping = f64::MIN_POSITIVE.max(0.001 * high);
        }
        let solved = qr.damped(scale, damping);
        let scaled_step = scaled(&solved.step);
        let length = norm(&scaled_step);
        let before = excess;
        excess = length - radius;
        let vanishing = low == 0.0 && excess <= before && before < 0.0;
        if excess.abs() <= NEAR * radius || vanishing || round == ROUNDS {
            return (solved.step, damping);
        }
        let correction = excess / radius / slope(Some(&solved), &scaled_step, length);
        if excess > 0.0 {
            low = low.max(damping);
        } else {
            high = high.min(damping);
        }
        damping = low.max(damping + correction);
    }
}
