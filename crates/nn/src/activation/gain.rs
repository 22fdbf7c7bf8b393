use chainrule_graph::Pointwise;

/// The initialisation gain `1 / sqrt(E[f(z)^2])` for a standard normal `z`: weights scaled by it
/// keep the mean square of the values from layer to layer. 1 where that expectation is too small to
/// be scaled up, or infinite.
///
/// A Gauss-Legendre rule of two points on each of many short intervals, which end at the kinks:
/// right to 9 digits.
pub(super) fn second_moment_gain(function: &(impl Pointwise<f64> + ?Sized), kinks: &[f64]) -> f64 {
    const FAR: f64 = 12.0;
    const STEPS: u32 = 512;
    // The distance of the two points from the middle of an interval, in halves of its width.
    const POINT: f64 = 0.577_350_269_189_625_8;
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let mut edges: Vec<f64> = kinks.iter().copied().filter(|kink| kink.abs() < FAR).collect();
    edges.extend([-FAR, FAR]);
    edges.sort_by(f64::total_cmp);
    let mut moment = 0.0;
    for pair in edges.windows(2) {
        let half = (pair[1] - pair[0]) / f64::from(2 * STEPS);
        for step in 0..STEPS {
            let middle = pair[0] + f64::from(2 * step + 1) * half;
            for x in [middle - POINT * half, middle + POINT * half] {
                moment += half * function.value(x).powi(2) * density(x);
            }
        }
    }
    if (1e-6..f64::INFINITY).contains(&moment) { 1.0 / moment.sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::{Identity, Relu, Threshold};

    #[test]
    fn known_moments() {
        assert!((second_moment_gain(&Identity, &[]) - 1.0).abs() < 1e-9);
        assert!((second_moment_gain(&Relu, &[0.0]) - std::f64::consts::SQRT_2).abs() < 1e-9);
        assert_eq!(second_moment_gain(&Threshold { threshold: 20.0, value: 0.0 }, &[20.0]), 1.0);
    }
}
