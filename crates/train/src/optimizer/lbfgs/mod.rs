mod fit;
mod line_search;

use chainrule_config::{Family, settings};
use std::collections::VecDeque;
use std::str::FromStr;

use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::{Real, simd};

use crate::TrainError;
use line_search::{Line, Point, strong_wolfe};

/// After how many steps that bring nothing but rounding the end is reached, whatever the
/// tolerances.
const IDLE: usize = 20;

settings! {
    "lbfgs":
        "d = -H g with H from the last steps; w += t d, with t by a line search: a function of \
         all data";

    /// L-BFGS: minimises a function of all weights at once by an approximation of its second
    /// derivative. Its line search satisfies the strong Wolfe conditions, as PyTorch's `LBFGS` with
    /// `line_search_fn="strong_wolfe"`.
    ///
    /// The direction is `-H g`, where `H` approximates the inverse of the second derivative from
    /// the last steps `s` and the changes `y` of the gradient.
    /// `H = (1 - r s y^T) H (1 - r y s^T) + r s s^T` with `r = 1 / s^T y`, from
    /// `H = (s^T y / y^T y)` onwards. The step `t` along a direction `d` satisfies
    /// `f(x + t d) <= f(x) + 1e-4 t g^T d` and `|g(x + t d)^T d| <= 0.9 |g^T d|`. Where the loss
    /// moves by no more than its rounding, `epsilon^0.75` of it, the slopes alone decide:
    /// `g(x + t d)^T d <= -0.9998 g^T d` in place of the first condition.
    ///
    /// It needs the exact loss over all data, several times for each step, and is the method of
    /// choice for small data and small networks. It is a function and not an
    /// [`Optimizer`](super::Optimizer), since it decides itself where to evaluate. Sums over all
    /// weights are in `f64`. Memory: up to `2 history + 8` vectors as long as the weights.
    ///
    /// A step enters the memory if the function bends upward along it: `s^T y > epsilon |s| |y|`,
    /// with the machine epsilon of the weights. That is the same in any units of weights and loss,
    /// where a fixed bound (PyTorch's 1e-10) forgets every step of a function whose weights or
    /// values are small.
    ///
    /// The two tolerances are absolute, as PyTorch's are, and fit losses and weights around 1.
    /// Where those are small, it ends too early: from 54 starts of certified least-squares problems
    /// it comes to the certified sum, to 6 digits, 23 times. With tolerances of 0 it goes on until
    /// rounding is all that is left, and comes there 48 times.
    ///
    /// As text: `"lbfgs(max_iterations=100, history=10)".parse::<Lbfgs>()`.
    ///
    /// ```
    /// use chainrule_train::optimizer::Lbfgs;
    ///
    /// // Rosenbrock's valley, (1 - x)^2 + 100 (y - x^2)^2.
    /// let mut weights = [-1.2_f64, 1.0];
    /// let settings = Lbfgs { max_iterations: 100, ..Lbfgs::default() };
    /// let minimum = settings.minimise(&mut weights, |w, gradient| {
    ///     let (x, y) = (w[0], w[1]);
    ///     let valley = y - x * x;
    ///     gradient.copy_from_slice(&[-2.0 * (1.0 - x) - 400.0 * x * valley, 200.0 * valley]);
    ///     (1.0 - x).powi(2) + 100.0 * valley * valley
    /// })?;
    /// assert!(minimum.loss < 1e-8 && (weights[0] - 1.0).abs() < 1e-3);
    /// # Ok::<(), chainrule_train::TrainError>(())
    /// ```
    ///
    /// Sources: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization",
    /// 1989; Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5, 3.6 and 7.5; Hager
    /// and Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line
    /// search", 2005, equation 4.1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Lbfgs {
        /// The first step that a line search tries, above 0. The very first is at most
        /// `1 / sum |g|` of it.
        pub learning_rate: f64 = 1.0, above(0.0);
        /// The most steps.
        pub max_iterations: usize = 20;
        /// The most evaluations, at least 1, which may end a line search early; each search makes
        /// one of its own. `None`, the default, means 5/4 of the steps.
        pub max_evaluations: Option<usize> = None, at_least(1);
        /// Ends when no element of the gradient is larger; absolute.
        pub tolerance_gradient: f64 = 1e-7, at_least(0.0);
        /// Ends when a step moves no weight by more, or changes the loss by less, whichever comes
        /// first; absolute.
        pub tolerance_change: f64 = 1e-9, at_least(0.0);
        /// How many steps the approximation remembers, at least 1.
        pub history: usize = 100, at_least(1);
        /// True if [`fit`](Lbfgs::fit) trains a model although the loss does not depend on some
        /// parameter, or only through an operation that lets no gradient through. False by default:
        /// that is an error.
        pub allow_unreached: bool = false;
    }
}

/// The result of [`Lbfgs`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// The loss at the last weights.
    pub loss: f64,
    /// The number of steps made.
    pub iterations: usize,
    /// How often the function was evaluated.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: LbfgsStop,
}

/// Why [`Lbfgs`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LbfgsStop {
    /// The gradient is as good as zero.
    Gradient,
    /// The last step has moved no weight by more than the tolerance, or changed the loss by less;
    /// or the last 20 steps have brought nothing beyond rounding.
    Change,
    /// The direction leads downhill by no more than the tolerance.
    Slope,
    /// All steps were made.
    Iterations,
    /// All evaluations were made.
    Evaluations,
    /// The function has no minimum: along the last direction the loss falls to minus infinity, or
    /// falls until the weights or the gradient overflow. The weights are the best ones before that.
    Unbounded,
}

impl Lbfgs {
    /// L-BFGS with this many steps, and as many evaluations as they need.
    #[must_use]
    pub fn new(max_iterations: usize) -> Self {
        Lbfgs { max_iterations, max_evaluations: Some(usize::MAX), ..Lbfgs::default() }
    }

    /// Moves the weights to a minimum of a function. `evaluate` is given weights, writes the
    /// gradient there, and gives the loss; where that is NaN or infinite, the line search turns
    /// back. A function without a minimum ends with [`LbfgsStop::Unbounded`]. The weights are
    /// finite at the end, whatever ends it.
    ///
    /// # Errors
    /// Settings that make no sense, and a loss or a gradient that is not finite at the first
    /// weights.
    pub fn minimise<T: Real>(
        &self,
        weights: &mut [T],
        mut evaluate: impl FnMut(&[T], &mut [T]) -> f64,
    ) -> Result<Minimum, TrainError> {
        self.check().map_err(TrainError::Setting)?;
        let most = self.max_evaluations.unwrap_or(self.max_iterations.saturating_mul(5) / 4);
        let len = weights.len();
        let mut points = [(); 3].map(|()| Point::new(len));
        let [mut direction, mut trial, mut before] = [(); 3].map(|()| vec![T::ZERO; len]);
        points[0].loss = evaluate(weights, &mut points[0].gradient);
        if !(points[0].loss.is_finite() && points[0].gradient.iter().all(|g| g.is_finite())) {
            let loss = points[0].loss;
            return Err(TrainError::Setting(format!(
                "lbfgs: the loss is {loss} at the first weights, or its gradient is not finite: \
                 start elsewhere"
            )));
        }
        let mut minimum = Minimum {
            loss: points[0].loss,
            iterations: 0,
            evaluations: 1,
            stop: LbfgsStop::Iterations,
        };
        if largest(&points[0].gradient) <= self.tolerance_gradient {
            return Ok(Minimum { stop: LbfgsStop::Gradient, ..minimum });
        }
        let mut memory = Memory { pairs: VecDeque::new(), scale: 1.0, history: self.history };
        let mut step = 0.0;
        // The least loss so far, and the number of steps since.
        let (mut best, mut idle) = (minimum.loss, 0);
        while minimum.iterations < self.max_iterations {
            minimum.iterations += 1;
            let gradient = &points[0].gradient;
            step = if minimum.iterations == 1 {
                let sum: f64 = gradient.iter().map(|g| g.to_f64().abs()).sum();
                // Above 0 also where the sum overflows, since no search gets away from 0.
                (1.0 / sum).clamp(f64::MIN_POSITIVE, 1.0) * self.learning_rate
            } else {
                memory.add(&direction, step, gradient, &before);
                self.learning_rate
            };
            memory.direction(gradient, &mut direction);
            before.copy_from_slice(gradient);
            let loss_before = points[0].loss;
            points[0].slope = dot(gradient, &direction);
            if points[0].slope > -self.tolerance_change {
                return Ok(Minimum { stop: LbfgsStop::Slope, ..minimum });
            }
            let mut line = Line {
                origin: weights,
                direction: &direction,
                trial: &mut trial,
                evaluate: &mut evaluate,
                evaluations: 0,
                loss: loss_before,
                unbounded: false,
            };
            strong_wolfe(&mut line, &mut points, step, most.saturating_sub(minimum.evaluations));
            minimum.evaluations += line.evaluations;
            let unbounded = line.unbounded;
            step = points[0].at;
            move_along(weights, &direction, step);
            minimum.loss = points[0].loss;
            idle = if minimum.loss < best { 0 } else { idle + 1 };
            best = Real::minimum(best, minimum.loss);

            let moved = largest(&direction) * step.abs();
            minimum.stop = if unbounded {
                LbfgsStop::Unbounded
            } else if minimum.iterations == self.max_iterations {
                LbfgsStop::Iterations
            } else if minimum.evaluations >= most {
                LbfgsStop::Evaluations
            } else if largest(&points[0].gradient) <= self.tolerance_gradient {
                LbfgsStop::Gradient
            } else if moved <= self.tolerance_change
                || (minimum.loss - loss_before).abs() < self.tolerance_change
                || idle == IDLE
            {
                LbfgsStop::Change
            } else {
                continue;
            };
            break;
        }
        Ok(minimum)
    }
}

impl FromStr for Lbfgs {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let entries = vec![Box::new(Lbfgs::default())];
        Family::new("optimizer of a function", |_: &Self| "lbfgs", entries).only(text)
    }
}

/// The last steps, from which the second derivative is approximated.
struct Memory<T: Real> {
    pairs: VecDeque<Pair<T>>,
    /// The number that stands for the inverse of the second derivative before any pair.
    scale: f64,
    history: usize,
}

struct Pair<T: Real> {
    /// `s`.
    step: Vec<T>,
    /// `y`.
    change: Vec<T>,
    /// `1 / s^T y`.
    weight: f64,
    /// The share that the first loop leaves to the second.
    share: f64,
}

impl<T: Real> Memory<T> {
    /// Remembers a step of `step` along `direction`, unless the function bends the wrong way there.
    fn add(&mut self, direction: &[T], step: f64, gradient: &[T], before: &[T]) {
        let step = T::from_f64(step);
        let oldest = if self.pairs.len() == self.history { self.pairs.pop_front() } else { None };
        let mut pair = oldest.unwrap_or_else(|| {
            let [step, change] = [(); 2].map(|()| vec![T::ZERO; gradient.len()]);
            Pair { step, change, weight: 0.0, share: 0.0 }
        });
        let differences = pair.change.iter_mut().zip(gradient).zip(before);
        differences.for_each(|((y, &now), &before)| *y = now - before);
        pair.step.iter_mut().zip(direction).for_each(|(s, &d)| *s = d * step);
        let [curvature, change, moved] = [
            dot(&pair.change, &pair.step),
            dot(&pair.change, &pair.change),
            dot(&pair.step, &pair.step),
        ];
        let (weight, scale) = (1.0 / curvature, curvature / change);
        // Both roots apart, since the product of the squares may leave the range of numbers.
        let bends = curvature > T::EPSILON.to_f64() * moved.sqrt() * change.sqrt();
        if bends && weight.is_finite() && scale.is_finite() {
            (pair.weight, self.scale) = (weight, scale);
            self.pairs.push_back(pair);
        }
    }

    /// `-H g`, by two loops over the memory.
    fn direction(&mut self, gradient: &[T], direction: &mut [T]) {
        direction.iter_mut().zip(gradient).for_each(|(d, &g)| *d = -g);
        for pair in self.pairs.iter_mut().rev() {
            pair.share = dot(&pair.step, direction) * pair.weight;
            move_along(direction, &pair.change, -pair.share);
        }
        let scale = T::from_f64(self.scale);
        direction.iter_mut().for_each(|d| *d *= scale);
        for pair in &self.pairs {
            let share = dot(&pair.change, direction) * pair.weight;
            move_along(direction, &pair.step, pair.share - share);
        }
    }
}

/// `x += t d`.
fn move_along<T: Real>(x: &mut [T], direction: &[T], t: f64) {
    let t = T::from_f64(t);
    x.iter_mut().zip(direction).for_each(|(x, &d)| *x += t * d);
}

/// The sum of products, in `f64`.
fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    simd::dispatch(
        #[inline(always)]
        || {
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
            let mut lanes = [0.0; 8];
            for (a, b) in a.iter().zip(b) {
                for lane in 0..8 {
                    lanes[lane] += a[lane].to_f64() * b[lane].to_f64();
                }
            }
            let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a.to_f64() * b.to_f64());
            lanes.iter().sum::<f64>() + rest.sum::<f64>()
        },
    )
}

/// The largest magnitude.
fn largest<T: Real>(values: &[T]) -> f64 {
    values.iter().fold(0.0, |largest: f64, x| Real::maximum(largest, x.to_f64().abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum (1 - x_i)^2 + 100 (x_{i+1} - x_i^2)^2`.
    fn rosenbrock(w: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut loss = 0.0;
        for i in 0..w.len() - 1 {
            let valley = w[i + 1] - w[i] * w[i];
            loss += (1.0 - w[i]).powi(2) + 100.0 * valley * valley;
            gradient[i] += -2.0 * (1.0 - w[i]) - 400.0 * w[i] * valley;
            gradient[i + 1] += 200.0 * valley;
        }
        loss
    }

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end_in_two_and_ten_dimensions() {
        for start in [vec![-1.2, 1.0], vec![-0.5; 10]] {
            let mut weights = start;
            let exact = Lbfgs { tolerance_change: 1e-16, ..Lbfgs::new(200) };
            let minimum = exact.minimise(&mut weights, rosenbrock).unwrap();
            assert!(minimum.loss < 1e-12, "{minimum:?}");
            assert!(weights.iter().all(|w| (w - 1.0).abs() < 1e-5), "{weights:?}");
            assert!(minimum.iterations < 100 && minimum.evaluations < 150, "{minimum:?}");
            assert!(
                matches!(minimum.stop, LbfgsStop::Gradient | LbfgsStop::Change | LbfgsStop::Slope),
                "{minimum:?}"
            );
        }
    }

    #[test]
    fn a_quadratic_function_in_single_precision_takes_a_few_steps() {
        let mut weights = [3.0_f32, -2.0, 5.0];
        let minimum = Lbfgs::new(50).minimise(&mut weights, |w, gradient| {
            let curvature = [1.0, 10.0, 100.0];
            for i in 0..3 {
                gradient[i] = curvature[i] * (w[i] - 1.0);
            }
            (0..3).map(|i| f64::from(0.5 * curvature[i] * (w[i] - 1.0).powi(2))).sum()
        });
        let iterations = minimum.unwrap().iterations;
        assert!(iterations < 20, "{iterations}");
        assert!(weights.iter().all(|w| (w - 1.0).abs() < 1e-3), "{weights:?}");
    }

    #[test]
    fn a_function_that_is_not_finite_beyond_a_wall_is_minimised_before_it() {
        // x - ln x, from near the wall at 0.
        let mut weights = [0.01_f64];
        let minimum = Lbfgs::new(100).minimise(&mut weights, |w, gradient| {
            gradient[0] = 1.0 - 1.0 / w[0];
            w[0] - w[0].ln()
        });
        assert!((weights[0] - 1.0).abs() < 1e-4, "{weights:?} {minimum:?}");
    }

    #[test]
    fn without_tolerances_every_search_comes_to_an_end() {
        let endless = Lbfgs { tolerance_gradient: 0.0, tolerance_change: 0.0, ..Lbfgs::new(300) };
        let mut weights = [-1.2, 1.0];
        let minimum = endless.minimise(&mut weights, rosenbrock).unwrap();
        assert!(minimum.loss < 1e-20 && minimum.evaluations < 100 * 300, "{minimum:?}");
        // A kink, along which no step satisfies both conditions.
        let mut weights = [0.3_f64];
        let minimum = endless.minimise(&mut weights, |w, gradient| {
            gradient[0] = if w[0] > 0.0 { 1.0 } else { -1.0 };
            w[0].abs()
        });
        assert!(weights[0].abs() < 1e-6, "{weights:?} {minimum:?}");
    }

    /// Kind "once more": the same valley in other units of weights and loss (sblauth/cashocs#35).
    #[test]
    fn units_of_weights_and_loss_do_not_matter() {
        for weight in [1e-12, 1e-6, 1.0] {
            for loss in [1e-12, 1.0, 1e12] {
                let exact =
                    Lbfgs { tolerance_gradient: 0.0, tolerance_change: 0.0, ..Lbfgs::new(100) };
                let mut weights = [-1.2 * weight, weight];
                let minimum = exact.minimise(&mut weights, |w, gradient| {
                    let value = rosenbrock(&[w[0] / weight, w[1] / weight], gradient);
                    gradient.iter_mut().for_each(|g| *g *= loss / weight);
                    value * loss
                });
                let reached = minimum.unwrap().loss / loss;
                assert!(reached < 1e-12, "{reached} with weights of {weight} and losses of {loss}");
            }
        }
    }

    /// Kind "once more": functions that fall without end, in both precisions (scipy/scipy#9640).
    #[test]
    fn a_function_without_a_minimum_is_told_and_leaves_finite_weights() {
        fn falls<T: Real>(name: &str, start: f64, f: impl Fn(f64) -> [f64; 2]) {
            for iterations in [1, 2, 50] {
                for learning_rate in [1e-3, 1.0, 1e30] {
                    let mut weights = [T::from_f64(start)];
                    let lbfgs = Lbfgs { learning_rate, ..Lbfgs::new(iterations) };
                    let minimum = lbfgs.minimise(&mut weights, |w, gradient| {
                        let [value, slope] = f(w[0].to_f64());
                        gradient[0] = T::from_f64(slope);
                        value
                    });
                    let (minimum, w) = (minimum.unwrap(), weights[0].to_f64());
                    assert!(w.is_finite() && minimum.loss.is_finite(), "{name}: {w}, {minimum:?}");
                    assert_eq!(minimum.loss, f(w)[0], "{name}");
                    let told = minimum.stop == LbfgsStop::Unbounded;
                    assert!(
                        told || minimum.iterations == iterations,
                        "{name}, {learning_rate}: {w}, {minimum:?}"
                    );
                }
            }
        }
        fn all<T: Real>() {
            falls::<T>("-x", 0.0, |x| [-x, -1.0]);
            falls::<T>("-1e-3 x", 0.0, |x| [-1e-3 * x, -1e-3]);
            falls::<T>("-x^2", 0.5, |x| [-x * x, -2.0 * x]);
            falls::<T>("x^3", -0.5, |x| [x.powi(3), 3.0 * x * x]);
        }
        all::<f32>();
        all::<f64>();
    }

    /// Kind "once more": limits of nothing and of the largest number.
    #[test]
    fn every_limit_ends_without_a_panic() {
        let counts = [0, 1, 2, usize::MAX / 2, usize::MAX];
        for max_iterations in counts {
            for max_evaluations in counts.map(Some).into_iter().chain([None]) {
                for history in [1, 2, usize::MAX] {
                    let lbfgs =
                        Lbfgs { max_iterations, max_evaluations, history, ..Lbfgs::default() };
                    let mut weights = [-1.2, 1.0];
                    let minimum = lbfgs.minimise(&mut weights, rosenbrock);
                    if max_evaluations == Some(0) {
                        let error = minimum.unwrap_err().to_string();
                        assert_eq!(error, "lbfgs: max_evaluations must be at least 1, but it is 0");
                        continue;
                    }
                    let minimum = minimum.unwrap();
                    assert!(minimum.iterations <= max_iterations, "{lbfgs:?}: {minimum:?}");
                    assert_eq!(minimum.loss, rosenbrock(&weights, &mut [0.0; 2]), "{lbfgs:?}");
                }
            }
        }
        for learning_rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error =
                Lbfgs { learning_rate, ..Lbfgs::default() }.minimise(&mut [-1.2, 1.0], rosenbrock);
            assert!(
                error.unwrap_err().to_string().contains("learning_rate must be finite and above 0")
            );
        }
        for learning_rate in [f64::MIN_POSITIVE, 1e-300, 1e300, f64::MAX] {
            let mut weights = [-1.2, 1.0];
            Lbfgs { learning_rate, ..Lbfgs::default() }.minimise(&mut weights, rosenbrock).unwrap();
            assert!(weights.iter().all(|w| w.is_finite()), "{learning_rate}: {weights:?}");
        }
    }

    #[test]
    fn settings_are_read_from_text() {
        let text = "lbfgs(learning_rate=0.5, max_iterations=7, max_evaluations=9, \
                    tolerance_gradient=0.1, \
                    tolerance_change=0.2, history=3, allow_unreached=true)";
        let expected = Lbfgs {
            learning_rate: 0.5,
            max_iterations: 7,
            max_evaluations: Some(9),
            tolerance_gradient: 0.1,
            tolerance_change: 0.2,
            history: 3,
            allow_unreached: true,
        };
        assert_eq!(text.parse::<Lbfgs>().unwrap(), expected);
        assert_eq!("L_BFGS".parse::<Lbfgs>().unwrap(), Lbfgs::default());
        let error = "lbfgs(history=0)".parse::<Lbfgs>().unwrap_err().to_string();
        assert_eq!(error, "lbfgs: history must be at least 1, but it is 0");
    }

    #[test]
    fn limits_and_mistakes_are_told() {
        let mut weights = [-1.2, 1.0];
        let few = Lbfgs { max_iterations: 3, ..Lbfgs::default() }
            .minimise(&mut weights, rosenbrock)
            .unwrap();
        assert!(few.evaluations <= 3 * 5 / 4 + 1, "{few:?}");
        let at_the_end = Lbfgs::default().minimise(&mut [1.0, 1.0], rosenbrock).unwrap();
        assert_eq!((at_the_end.iterations, at_the_end.stop), (0, LbfgsStop::Gradient));
        let error = Lbfgs { history: 0, ..Lbfgs::default() }
            .minimise(&mut weights, rosenbrock)
            .unwrap_err();
        assert_eq!(error.to_string(), "lbfgs: history must be at least 1, but it is 0");
        let error = Lbfgs::default().minimise(&mut [f64::NAN, 1.0], rosenbrock).unwrap_err();
        assert_eq!(
            error.to_string(),
            "lbfgs: the loss is NaN at the first weights, or its gradient is not finite: start \
             elsewhere"
        );
    }
}
