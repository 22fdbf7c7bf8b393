//! The line search: a step along a direction that satisfies the strong Wolfe conditions.
//!
//! Source: Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, with the
//! safeguards of PyTorch's `_strong_wolfe`; and Hager and Zhang, "A new conjugate gradient method
//! with guaranteed descent and an efficient line search", 2005, equation 4.1, for steps that are
//! hidden behind rounding.

use std::mem::swap;

use chainrule_tensor::Real;

use super::{dot, largest};

/// How much of the decrease that the slope promises a step must bring.
const DECREASE: f64 = 1e-4;
/// How much of the slope a step may leave.
const SLOPE: f64 = 0.9;
/// By what part of themselves weights may still move between the ends of what is enclosed before it
/// is narrowed no further, whatever the tolerances outside of the search are. Without it a search
/// could go on for ever. For weights above 1 it is the difference itself, as in PyTorch.
const NARROWEST: f64 = 1e-9;
/// How near the ends may come to each other, as a part of the farther one, where numbers are so
/// large that the ends can move the weights no less.
const NEAREST: f64 = 1e-15;

/// A place on the line, and what the function does there.
#[derive(Clone)]
pub(super) struct Point<T: Real> {
    pub(super) at: f64,
    pub(super) loss: f64,
    /// The derivative along the line.
    pub(super) slope: f64,
    pub(super) gradient: Vec<T>,
}

impl<T: Real> Point<T> {
    pub(super) fn new(len: usize) -> Self {
        Point { at: 0.0, loss: 0.0, slope: 0.0, gradient: vec![T::ZERO; len] }
    }
}

/// A function seen along a line.
pub(super) struct Line<'a, T: Real, F> {
    pub(super) origin: &'a [T],
    pub(super) direction: &'a [T],
    pub(super) trial: &'a mut [T],
    pub(super) evaluate: &'a mut F,
    pub(super) evaluations: usize,
    /// At the origin.
    pub(super) loss: f64,
    /// True if the loss falls without end along it.
    pub(super) unbounded: bool,
}

impl<T: Real, F: FnMut(&[T], &mut [T]) -> f64> Line<'_, T, F> {
    fn look(&mut self, at: f64, point: &mut Point<T>) {
        let t = T::from_f64(at);
        let places = self.trial.iter_mut().zip(self.origin).zip(self.direction);
        places.for_each(|((trial, &x), &d)| *trial = x + t * d);
        self.evaluations += 1;
        point.at = at;
        point.loss = (self.evaluate)(self.trial, &mut point.gradient);
        point.slope = dot(&point.gradient, self.direction);
        let falls = point.slope == f64::NEG_INFINITY && point.loss < self.loss;
        self.unbounded |= point.loss == f64::NEG_INFINITY || falls;
        // What is not a number is too far out, and so is what no step may lead to.
        let finite = point.loss.is_finite()
            && point.slope.is_finite()
            && self.trial.iter().all(|x| x.is_finite());
        if !finite {
            point.loss = f64::INFINITY;
        }
    }

    /// By how much of itself a unit of the line moves the weight that it moves most. It is that
    /// part of 1 where a weight is larger, and of the largest weight where it is 0, or of the first
    /// step where all are.
    fn reach(&self, first: f64) -> f64 {
        let size = match largest(self.origin) {
            0.0 => first * largest(self.direction),
            size => size,
        };
        let moves = self.origin.iter().zip(self.direction).map(|(x, d)| {
            let weight = if *x == T::ZERO { size } else { x.to_f64().abs() };
            d.to_f64().abs() / weight.min(1.0)
        });
        moves.fold(0.0, |most: f64, part| Real::maximum(most, part))
    }

    /// Returns true if a place is beyond the largest numbers.
    fn overflows(&self, at: f64) -> bool {
        let t = T::from_f64(at);
        self.origin.iter().zip(self.direction).any(|(&x, &d)| !(x + t * d).is_finite())
    }
}

/// Looks for a step, beginning with `first`. On entry `points[0]` is the origin, with its loss,
/// slope and gradient; on return it is the place found, the best one there if the evaluations ran
/// out.
pub(super) fn strong_wolfe<T: Real, F: FnMut(&[T], &mut [T]) -> f64>(
    line: &mut Line<'_, T, F>,
    points: &mut [Point<T>; 3],
    first: f64,
    most: usize,
) {
    let [low, high, trial] = points;
    low.at = 0.0;
    let (loss, slope) = (low.loss, low.slope);
    // By what a loss may seem to rise. Near a minimum in a direction that is steep beside the
    // others, what a step brings is hidden behind that; the slopes still show it.
    let noise = T::EPSILON.to_f64().powf(0.75) * loss.abs();
    let sufficient = |point: &Point<T>| {
        point.loss <= loss + DECREASE * point.at * slope
            || point.loss <= loss + noise && point.slope <= (2.0 * DECREASE - 1.0) * slope
    };
    let flat = |point: &Point<T>| point.slope.abs() <= -SLOPE * slope;
    // Steps outward, from `low` to `high`, until they enclose a minimum. The origin's gradient must
    // survive, since it is what comes back if all else is worse.
    let origin = low.clone();
    line.look(first, high);
    let mut rounds = 0;
    let mut enclosed = false;
    while rounds < most && !line.unbounded {
        if !sufficient(high) || (rounds > 1 && high.loss >= low.loss) {
            enclosed = true;
            break;
        }
        if flat(high) {
            swap(low, high);
            return;
        }
        if high.slope >= 0.0 {
            enclosed = true;
            break;
        }
        let (nearest, farthest) = (high.at + 0.01 * (high.at - low.at), high.at * 10.0);
        let next = interpolate(low, high, nearest, farthest);
        swap(low, high);
        if line.overflows(next) {
            // The loss has fallen all the way.
            line.unbounded = true;
            return;
        }
        line.look(next, high);
        rounds += 1;
    }
    if !enclosed && !line.unbounded {
        *low = origin;
    }
    if low.loss > high.loss {
        swap(low, high);
    }

    // Narrows what they enclose; `low` is the better end.
    let mut stalled = false;
    let reach = line.reach(first);
    while rounds < most && !line.unbounded && (high.at - low.at).abs() * reach >= NARROWEST {
        let (left, right) = (low.at.min(high.at), low.at.max(high.at));
        let margin = 0.1 * (right - left);
        if margin <= NEAREST * right {
            break;
        }
        let mut at = interpolate(low, high, left, right);
        // Too near to an end for the second time, or on it: a tenth of the way inward.
        if (right - at).min(at - left) < margin {
            if stalled || at >= right || at <= left {
                at = if (at - right).abs() < (at - left).abs() {
                    right - margin
                } else {
                    left + margin
                };
                stalled = false;
            } else {
                stalled = true;
            }
        } else {
            stalled = false;
        }
        line.look(at, trial);
        rounds += 1;
        if !sufficient(trial) || trial.loss >= low.loss {
            swap(high, trial);
            if low.loss > high.loss {
                swap(low, high);
            }
            continue;
        }
        let done = flat(trial);
        if !done && trial.slope * (high.at - low.at) >= 0.0 {
            swap(high, low);
        }
        swap(low, trial);
        if done {
            break;
        }
    }
}

/// The minimum of the cubic through two points with their slopes, kept within bounds; the middle of
/// them if it has none.
fn interpolate<T: Real>(a: &Point<T>, b: &Point<T>, least: f64, most: f64) -> f64 {
    let (a, b) = if a.at <= b.at { (a, b) } else { (b, a) };
    let bend = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.at - b.at);
    let square = bend * bend - a.slope * b.slope;
    let root = square.sqrt();
    let minimum =
        b.at - (b.at - a.at) * ((b.slope + root - bend) / (b.slope - a.slope + 2.0 * root));
    if square >= 0.0 && !minimum.is_nan() {
        minimum.max(least).min(most)
    } else {
        (least + most) / 2.0
    }
}
