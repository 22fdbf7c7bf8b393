use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::{Real, Shape, reduce, simd};

use super::{Optimizer, Parameter, Update, Whole, WholeUpdate, bounded, gradient_limit};

settings! {
    "adafactor":
        "u = g / sqrt(r c / mean r); w -= min(learning_rate, 1 / sqrt t) rms w u / max(1, rms u / \
         threshold)", checked by decaying;

    /// Adafactor: of a matrix it remembers the mean squares of rows and of columns alone, in place
    /// of one for each weight; as in PyTorch.
    ///
    /// For each parameter `w` with gradient `g` in step `t`, let `b = t^beta2_decay` and
    /// `a = min(learning_rate, 1 / sqrt t) max(epsilon2, rms w)`, where `rms x` is the root of the
    /// mean square. First `w -= learning_rate weight_decay w`. Of a matrix follow
    /// `r = r + b (mean of g^2 over each row - r)`, `c = c + b (mean of g^2 over each column - c)`
    /// and `v = r c / max(mean r, epsilon1)`, of others `v = v + b (g^2 - v)`. Then
    /// `u = g / sqrt max(v, epsilon1^2)` and `w -= a u / max(1, rms u / threshold)`.
    ///
    /// Parameters of more than two axes are matrices of the last two, each for itself. `epsilon1`
    /// is the distance from 1 to the next number, 1.2e-7 in `f32`, unless it is given.
    ///
    /// ```
    /// use chainrule_train::optimizer::{Adafactor, Parameters, State};
    ///
    /// let matrix = Parameters::new([("weight", [300, 200].into())]);
    /// let state = State::<f32>::new(&Adafactor::default(), matrix);
    /// assert_eq!(state.slots().iter().map(|slot| slot.len()).collect::<Vec<_>>(), [300, 200]);
    /// ```
    ///
    /// Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    /// 2018, algorithms 4 and 5.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Adafactor {
        /// The largest step, for a parameter whose root mean square is 1.
        pub learning_rate: f64 = 1e-2, at_least(0.0);
        /// How fast squares are forgotten the slower, at most 0.
        pub beta2_decay: f64 = -0.8;
        /// Keeps divisors away from zero; none means the distance from 1 to the next number.
        pub epsilon1: Option<f64> = None, above(0.0);
        /// The smallest root mean square that a parameter counts as.
        pub epsilon2: f64 = 1e-3, at_least(0.0);
        /// The largest root mean square of `u`, at least 1.
        pub threshold: f64 = 1.0, at_least(1);
        /// How much of each weight a step takes away, for a learning rate of 1 (decoupled).
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

fn decaying(adafactor: &Adafactor) -> Result<(), String> {
    let decay = adafactor.beta2_decay;
    if decay <= 0.0 && decay.is_finite() {
        return Ok(());
    }
    Err(format!("adafactor: beta2_decay must be finite and not above 0, but it is {decay}"))
}

impl Adafactor {
    /// Adafactor with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adafactor { learning_rate, ..Adafactor::default() }
    }
}

impl<T: Real> Optimizer<T> for Adafactor {
    fn name(&self) -> &'static str {
        "adafactor"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["row_mean", "column_mean"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        let (size, slots) = (parameter.range.len(), means(parameter.shape));
        Some(Whole { slots: slots.to_vec(), scratch: size })
    }

    fn step_whole(&self, WholeUpdate { parameter, update, scratch: u, .. }: WholeUpdate<'_, T>) {
        let Update { step, learning_rate, weights, gradient, slots: [rows, columns], .. } = update
        else {
            unreachable!("the state was made for two slots")
        };
        if weights.is_empty() {
            return;
        }
        let rms = |values: &[T]| reduce::norm(values) / (values.len() as f64).sqrt();
        let rate = learning_rate.min(1.0 / (step as f64).sqrt()) * rms(weights).max(self.epsilon2);
        let new = T::from_f64((step as f64).powf(self.beta2_decay));
        let epsilon1 = self.epsilon1.map_or(T::EPSILON, T::from_f64);
        let limit = gradient_limit();
        simd::dispatch(
            #[inline(always)]
            || u.iter_mut().zip(gradient).for_each(|(u, &g)| *u = bounded(g, limit)),
        );
        if columns.is_empty() {
            simd::dispatch(
                #[inline(always)]
                || {
                    for (u, v) in u.iter_mut().zip(rows.iter_mut()) {
                        *v = (*v + new * (*u * *u - *v)).flushed();
                        *u /= v.sqrt().maximum(epsilon1);
                    }
                },
            );
        } else {
            let [height, width] = sides(parameter.shape);
            let means = rows.chunks_exact_mut(height).zip(columns.chunks_exact_mut(width));
            for (u, (rows, columns)) in u.chunks_exact_mut(height * width).zip(means) {
                divide_by_factors(u, rows, columns, new, epsilon1);
            }
        }
        let shorter = (rms(u) / self.threshold).max(1.0);
        let shrink = T::from_f64(1.0 - learning_rate * self.weight_decay);
        let rate = T::from_f64(rate / shorter);
        simd::dispatch(
            #[inline(always)]
            || {
                for (w, &u) in weights.iter_mut().zip(u.iter()) {
                    *w = (*w * shrink - rate * u).flushed();
                }
            },
        );
    }
}

/// The last two axes.
fn sides(shape: Shape) -> [usize; 2] {
    [shape[shape.rank() - 2], shape[shape.rank() - 1]]
}

/// How many means are remembered: of rows and of columns, or of each weight.
fn means(shape: Shape) -> [usize; 2] {
    if shape.rank() < 2 || shape.elements() == 0 {
        return [shape.elements(), 0];
    }
    let [height, width] = sides(shape);
    [shape.elements() / width, shape.elements() / height]
}

/// Takes the mean squares of a matrix into those of its rows and columns, and divides it by the
/// root of their product.
fn divide_by_factors<T: Real>(u: &mut [T], rows: &mut [T], columns: &mut [T], new: T, epsilon1: T) {
    let width = columns.len();
    // Divided first, so that sums of the largest squares are finite.
    let of_column = T::from_f64(1.0 / rows.len() as f64);
    let keep = T::ONE - new;
    columns.iter_mut().for_each(|c| *c *= keep);
    for (row, r) in u.chunks_exact(width).zip(rows.iter_mut()) {
        let norm = reduce::norm(row) / (width as f64).sqrt();
        *r = (keep * *r + new * T::from_f64(norm * norm)).flushed();
        simd::dispatch(
            #[inline(always)]
            || {
                for (c, &g) in columns.iter_mut().zip(row) {
                    *c += new * (g * g * of_column);
                }
            },
        );
    }
    columns.iter_mut().for_each(|c| *c = c.flushed());
    let mean =
        T::from_f64(rows.iter().map(|r| r.to_f64() / rows.len() as f64).sum()).maximum(epsilon1);
    for (row, &r) in u.chunks_exact_mut(width).zip(rows.iter()) {
        // Two roots, since the product of two large means overflows.
        let (r, columns) = ((r / mean).sqrt(), &*columns);
        simd::dispatch(
            #[inline(always)]
            || {
                for (u, &c) in row.iter_mut().zip(columns) {
                    *u /= (r * c.sqrt()).maximum(epsilon1);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;
    use crate::optimizer::{Parameters, State};

    #[test]
    fn golden_path() {
        // Of a single weight u is 1 at first: a step of a tenth of the weight. Then v = 4 + 2^-0.8
        // (1.8^2 - 4).
        let v: f64 = 4.0 + 2.0_f64.powf(-0.8) * (1.8 * 1.8 - 4.0);
        assert_path(&Adafactor::new(0.1), &[0.9, 0.9 - 0.1 * 0.9 * (1.8 / v.sqrt())]);
        // From 1 the rate falls as one over the root of the step.
        assert_path(&Adafactor { weight_decay: 0.5, ..Adafactor::new(0.1) }, &[0.95 - 0.1]);
    }

    #[test]
    fn squares_of_rank_one_are_remembered_whole() {
        let (r, c) = ([1.0, 2.0, 0.5], [3.0, 0.1]);
        let gradient: Vec<f64> = r.iter().flat_map(|r| c.map(|c| r * c)).collect();
        let adafactor = Adafactor::new(0.1);
        let parameters = Parameters::new([("", [3, 2].into())]);
        let (mut weights, mut state) = ([1.0_f64; 6], State::new(&adafactor, parameters));
        // The direction is then the sign.
        state.step(&adafactor, &mut weights, &gradient);
        assert!(weights.iter().all(|w| (w - 0.9).abs() < 1e-14), "{weights:?}");
    }

    #[test]
    fn matrices_of_the_last_two_axes_are_each_for_themselves() {
        let adafactor = Adafactor { threshold: 100.0, epsilon2: 1.0, ..Adafactor::new(0.1) };
        let gradient: Vec<f64> = (0..12).map(|i| (f64::from(i) * 1.3).sin()).collect();
        let moved = |shape: Shape, gradient: &[f64]| {
            let mut weights = vec![0.0; gradient.len()];
            let mut state = State::new(&adafactor, Parameters::new([("", shape)]));
            (0..3).for_each(|_| state.step(&adafactor, &mut weights, gradient));
            weights
        };
        let together = moved([2, 3, 2].into(), &gradient);
        let apart =
            [moved([3, 2].into(), &gradient[..6]), moved([3, 2].into(), &gradient[6..])].concat();
        for (got, expected) in together.iter().zip(apart) {
            assert!((got - expected).abs() < 1e-13, "{got} is not {expected}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |adafactor: Adafactor| Configure::check(&adafactor).unwrap_err();
        let low = Adafactor { threshold: 0.5, ..Adafactor::default() };
        assert_eq!(check(low), "adafactor: threshold must be finite and at least 1, but it is 0.5");
        let rising = Adafactor { beta2_decay: 0.1, ..Adafactor::default() };
        assert_eq!(
            check(rising),
            "adafactor: beta2_decay must be finite and not above 0, but it is 0.1"
        );
    }
}
