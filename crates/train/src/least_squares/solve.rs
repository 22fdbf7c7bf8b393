//! The iteration: steps within a trust region that grows and shrinks with how well the linear model
//! of the residuals predicts what they become.

use super::qr::{Qr, dot, norm};
use super::{LeastSquares, LeastSquaresStop, trust_region};

/// The first radius, as a multiple of the scaled parameters.
const FIRST_RADIUS: f64 = 0.1;
/// The share of the predicted decrease that a step must bring.
const ENOUGH: f64 = 1e-4;

/// Below this share of what rounding the parameters changes the residuals by, they are noise.
const NOISE: f64 = 1e4 * f64::EPSILON;
/// The cosine of the angle between residuals and Jacobian that is clearly none of a minimum.
const STEEP: f64 = 1e-3;

/// Residuals and their Jacobian as functions of the parameters.
pub(super) trait Residuals {
    /// The residuals.
    fn residuals(&mut self, parameters: &[f64]) -> &[f64];
    /// The columns of the Jacobian, one for each parameter.
    fn jacobian(&mut self, parameters: &[f64]) -> Vec<Vec<f64>>;
}

/// Where the iteration stands, and in the end where it has come to.
pub(super) struct Solved {
    pub(super) residuals: Vec<f64>,
    pub(super) jacobian: Vec<Vec<f64>>,
    /// True for each parameter that is held by one of its bounds.
    pub(super) held: Vec<bool>,
    pub(super) iterations: usize,
    pub(super) evaluations: usize,
    pub(super) jacobians: usize,
    pub(super) stop: LeastSquaresStop,
}

/// Moves `x`, which lies within `bounds` and has finite residuals, to a minimum.
///
/// # Errors
/// The first parameter by which a derivative is not finite there.
pub(super) fn solve(
    settings: &LeastSquares,
    most: usize,
    x: &mut [f64],
    residuals: Vec<f64>,
    bounds: &[(f64, f64)],
    problem: &mut impl Residuals,
) -> Result<Solved, usize> {
    let n = x.len();
    let mut at = Solved {
        jacobian: problem.jacobian(x),
        residuals,
        held: vec![false; n],
        iterations: 0,
        evaluations: 1,
        jacobians: 1,
        stop: LeastSquaresStop::Evaluations,
    };
    if let Some(column) = at.jacobian.iter().position(|column| !finite(column)) {
        return Err(column);
    }
    let mut scale = vec![0.0; n];
    let (mut radius, mut damping) = (0.0, 0.0);
    let mut trial = x.to_vec();
    loop {
        let cost = norm(&at.residuals);
        let lengths: Vec<f64> = at.jacobian.iter().map(|column| norm(column)).collect();
        for (scale, &length) in scale.iter_mut().zip(&lengths) {
            let never = at.iterations == 0 && length == 0.0;
            *scale = if never { 1.0 } else { length.max(*scale) };
        }
        let slopes: Vec<f64> = at.jacobian.iter().map(|c| dot(c, &at.residuals)).collect();
        for (j, &(low, high)) in bounds.iter().enumerate() {
            let out = (x[j] <= low && slopes[j] > 0.0) || (x[j] >= high && slopes[j] < 0.0);
            at.held[j] = out || low == high;
        }
        let free: Vec<usize> = (0..n).filter(|&j| !at.held[j]).collect();
        let cosine = |&j: &usize| {
            let flat = slopes[j] == 0.0 || lengths[j] == 0.0 || cost == 0.0;
            if flat { 0.0 } else { (slopes[j] / lengths[j] / cost).abs() }
        };
        let steepest = free.iter().map(cosine).fold(0.0, f64::max);
        if steepest <= settings.tolerance_gradient {
            at.stop = LeastSquaresStop::Gradient;
            return Ok(at);
        }
        if at.evaluations >= most {
            at.stop = LeastSquaresStop::Evaluations;
            return Ok(at);
        }
        let size = scaled_norm(x, &scale);
        if at.iterations == 0 && radius == 0.0 {
            radius = FIRST_RADIUS * if size > 0.0 { size } else { 1.0 };
        }
        let whole = factorise(&at, &free, &vec![0.0; n]);
        // Steps from here until one is accepted.
        loop {
            let within = Within { at: &at, x, bounds, scale: &scale, radius };
            let step;
            (step, damping) = within.step(&free, &whole, damping);
            for (j, &(low, high)) in bounds.iter().enumerate() {
                trial[j] = (x[j] + step[j]).clamp(low, high);
            }
            let length = scaled_norm(&step, &scale);
            if at.iterations == 0 {
                radius = radius.min(length);
            }
            let residuals = problem.residuals(&trial);
            let trial_cost = norm(residuals);
            let residuals = residuals.to_vec();
            at.evaluations += 1;
            // NaN is too far out as well.
            let too_far = trial_cost.is_nan() || 0.1 * trial_cost >= cost;
            let actual = if too_far { -1.0 } else { 1.0 - (trial_cost / cost).powi(2) };
            let change = product(&at, &step);
            let slope = dot(&change, &at.residuals) / cost / cost;
            let predicted = -(2.0 * slope + (norm(&change) / cost).powi(2));
            let ratio = if predicted > 0.0 { actual / predicted } else { 0.0 };
            let mut accepted = ratio >= ENOUGH;
            if accepted {
                let jacobian = problem.jacobian(&trial);
                at.jacobians += 1;
                accepted = jacobian.iter().all(|column| finite(column));
                if accepted {
                    x.copy_from_slice(&trial);
                    at.iterations += 1;
                    (at.jacobian, at.residuals) = (jacobian, residuals);
                }
            }
            if ratio <= 0.25 || !accepted {
                // The minimum of the parabola through what is known along the step.
                let parabola = 0.5 * slope / (slope + 0.5 * actual);
                let share = if too_far || parabola.is_nan() || parabola < 0.1 {
                    0.1
                } else {
                    parabola.min(0.5)
                };
                let share = if actual >= 0.0 { 0.5 } else { share };
                radius = share * radius.min(10.0 * length);
                damping /= share;
            } else if damping == 0.0 || ratio >= 0.75 {
                radius = 2.0 * length;
                damping *= 0.5;
            }
            let small = |tolerance: f64| {
                actual.abs() <= tolerance && predicted <= tolerance && ratio <= 2.0
            };
            let least = settings.tolerance_step.max(f64::EPSILON * f64::EPSILON);
            let rounding: f64 = x.iter().zip(&lengths).map(|(x, length)| x.abs() * length).sum();
            let stop = if small(settings.tolerance_cost) || small(f64::EPSILON) {
                Some(LeastSquaresStop::Cost)
            } else if radius <= least * size || radius < f64::MIN_POSITIVE {
                let stuck = !accepted && steepest > STEEP && cost > NOISE * rounding;
                Some(if stuck { LeastSquaresStop::Stuck } else { LeastSquaresStop::Step })
            } else if at.evaluations >= most {
                Some(LeastSquaresStop::Evaluations)
            } else {
                None
            };
            if let Some(stop) = stop {
                at.stop = stop;
                return Ok(at);
            }
            if accepted {
                break;
            }
        }
    }
}

fn finite(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// `|D v|`.
fn scaled_norm(v: &[f64], scale: &[f64]) -> f64 {
    norm(&v.iter().zip(scale).map(|(v, d)| v * d).collect::<Vec<_>>())
}

/// `J p`.
fn product(at: &Solved, step: &[f64]) -> Vec<f64> {
    let mut change = vec![0.0; at.residuals.len()];
    for (column, &p) in at.jacobian.iter().zip(step).filter(|(_, p)| **p != 0.0) {
        change.iter_mut().zip(column).for_each(|(change, v)| *change += p * v);
    }
    change
}

/// The factorised problem of the parameters `free`, where the others make the step `fixed`. Where
/// there are fewer residuals than parameters, residuals of 0 make up for them.
fn factorise(at: &Solved, free: &[usize], fixed: &[f64]) -> Qr {
    let rows = at.residuals.len().max(free.len());
    let padded = |mut values: Vec<f64>| {
        values.resize(rows, 0.0);
        values
    };
    let change = product(at, fixed);
    let b = at.residuals.iter().zip(change).map(|(r, change)| -r - change).collect();
    let columns = free.iter().map(|&j| padded(at.jacobian[j].clone())).collect();
    Qr::new(columns, padded(b))
}

/// The region that a step must stay within.
struct Within<'a> {
    at: &'a Solved,
    x: &'a [f64],
    bounds: &'a [(f64, f64)],
    scale: &'a [f64],
    radius: f64,
}

impl Within<'_> {
    /// The step of the parameters `free`, whose problem is `whole`, and its damping. A parameter
    /// that would leave its bounds goes up to them, and the step of the others is found anew.
    fn step(&self, free: &[usize], whole: &Qr, guess: f64) -> (Vec<f64>, f64) {
        let (x, bounds) = (self.x, self.bounds);
        let mut step = vec![0.0; x.len()];
        let (mut free, mut narrowed, mut first) = (free.to_vec(), None, None);
        loop {
            let qr = narrowed.as_ref().unwrap_or(whole);
            let scale: Vec<f64> = free.iter().map(|&j| self.scale[j]).collect();
            let (part, damping) = trust_region::step(qr, &scale, self.radius, guess);
            let damping = *first.get_or_insert(damping);
            free.iter().zip(&part).for_each(|(&j, &p)| step[j] = p);
            let to = |j: usize| (x[j] + step[j]).clamp(bounds[j].0, bounds[j].1);
            let leaves = |&j: &usize| to(j) != x[j] + step[j];
            let (out, rest): (Vec<usize>, Vec<usize>) = free.iter().partition(|j| leaves(j));
            if out.is_empty() {
                return (step, damping);
            }
            let ends: Vec<f64> = out.iter().map(|&j| to(j) - x[j]).collect();
            out.iter().zip(ends).for_each(|(&j, end)| step[j] = end);
            if rest.is_empty() {
                return (step, damping);
            }
            rest.iter().for_each(|&j| step[j] = 0.0);
            narrowed = Some(factorise(self.at, &rest, &step));
            free = rest;
        }
    }
}
