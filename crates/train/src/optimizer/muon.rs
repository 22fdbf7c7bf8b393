use std::mem;

use chainrule_nn::Configure;
use chainrule_nn::config::Setting;
use chainrule_tensor::gemm::{Mat, MatMut, Precision, Put, gemm_on};
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::{Real, reduce, simd};

use super::{
    Adam, Optimizer, Parameter, Update, Whole, WholeUpdate, above_zero, adam, fraction,
    not_negative,
};
use crate::pattern::matches;

/// Muon: a step moves each matrix along the nearest matrix with orthogonal rows or columns, so that
/// it is as long in each direction. What is not a matrix moves as by [`AdamW`](super::AdamW).
///
/// For each matrix `W` with gradient `G`: `M = momentum M + (1 - momentum) G`;
/// `U = momentum M + (1 - momentum) G` with Nesterov's rule, else `U = M`;
/// `X = U / max(|U|, epsilon)`, then some times `X = a X + (b A + c A^2) X` with `A = X X^T`, which
/// brings all singular values near 1. At last `W -= learning_rate (adjust X + weight_decay W)`. As
/// an option says, `adjust` is `sqrt max(1, outputs / inputs)` (`original`),
/// `0.2 sqrt max(inputs, outputs)` (`match_rms_adamw`, for the learning rate of AdamW) or
/// `sqrt(outputs / inputs)` (`spectral_unclamped`), where `W` is `[inputs, outputs]`.
///
/// It is PyTorch's, which computes `X` in `bfloat16`; here it has the precision of the weights.
/// PyTorch leaves it to the caller to give vectors to AdamW, and often the first and the last layer
/// too: see [`on`](Muon::on).
///
/// ```
/// use chainrule_nn::{Model, Sequential};
/// use chainrule_train::optimizer::{Muon, State};
///
/// let params = Sequential::new().linear(4, 3).init([4], 0)?;
/// let state = State::<f32>::new(&Muon::default(), &params);
/// // The matrix remembers its momentum, the bias a moment of the squares too.
/// assert_eq!([state.slots()[0].len(), state.slots()[1].len()], [32, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Sources: Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024; Liu
/// and others, "Muon is Scalable for LLM Training", 2025.
#[derive(Clone, Debug, PartialEq)]
pub struct Muon {
    /// The length of a step; 1e-3 by default.
    pub learning_rate: f64,
    /// How long the mean of the gradient is remembered, in `[0, 1)`; 0.95 by default.
    pub momentum: f64,
    /// Looks ahead along the momentum. True by default.
    pub nesterov: bool,
    /// How much of each weight a step takes away, for a learning rate of 1; 0.1 by default.
    pub weight_decay: f64,
    /// The coefficients `a`, `b` and `c`; 3.4445, -4.775 and 2.0315 by default.
    pub coefficients: Vec<f64>,
    /// How often `X` is brought nearer to an orthogonal matrix, below 100; 5 by default.
    pub iterations: usize,
    /// The smallest norm that `U` is divided by; 1e-7 by default.
    pub epsilon: f64,
    /// How the step follows the shape: the index of `original`, `match_rms_adamw` or
    /// `spectral_unclamped`; 0 by default.
    pub adjust: usize,
    /// The matrices that it moves, by a pattern of their names; `*` by default. AdamW moves the
    /// others.
    pub on: String,
    /// A factor on the learning rate of what AdamW moves; 1 by default.
    pub adamw_factor: f64,
    /// AdamW's settings: `beta1`, `beta2`, `epsilon` and `weight_decay` count. Those of
    /// [`AdamW`](super::AdamW) by default.
    pub adamw: Adam,
}

/// The words for [`Muon::adjust`].
const ADJUST: &[&str] = &["original", "match_rms_adamw", "spectral_unclamped"];

impl Default for Muon {
    fn default() -> Self {
        Muon {
            learning_rate: 1e-3,
            momentum: 0.95,
            nesterov: true,
            weight_decay: 0.1,
            coefficients: vec![3.4445, -4.775, 2.0315],
            iterations: 5,
            epsilon: 1e-7,
            adjust: 0,
            on: "*".to_owned(),
            adamw_factor: 1.0,
            adamw: Adam { weight_decay: 1e-2, ..Adam::default() },
        }
    }
}

impl Muon {
    /// Muon with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Muon { learning_rate, ..Muon::default() }
    }

    /// The same for the matrices of these names alone, such as `1.*`; AdamW moves the others.
    #[must_use]
    pub fn on(self, pattern: impl Into<String>) -> Self {
        Muon { on: pattern.into(), ..self }
    }

    /// The factor on steps of a matrix of this shape.
    fn adjusted(&self, inputs: usize, outputs: usize) -> f64 {
        let ratio = outputs as f64 / inputs as f64;
        match self.adjust {
            0 => ratio.max(1.0).sqrt(),
            1 => 0.2 * (inputs.max(outputs) as f64).sqrt(),
            _ => ratio.sqrt(),
        }
    }
}

impl Configure for Muon {
    fn formula(&self) -> &'static str {
        "m = momentum m + (1 - momentum) g; w -= learning_rate (adjust orthogonal(m) + \
         weight_decay w) for matrices; \
         adamw for others"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("learning_rate", Setting::Number(&mut self.learning_rate)),
            ("momentum", Setting::Number(&mut self.momentum)),
            ("nesterov", Setting::Flag(&mut self.nesterov)),
            ("weight_decay", Setting::Number(&mut self.weight_decay)),
            ("coefficients", Setting::Numbers(&mut self.coefficients)),
            ("iterations", Setting::Count(&mut self.iterations)),
            ("epsilon", Setting::Number(&mut self.epsilon)),
            ("adjust", Setting::Choice(&mut self.adjust, ADJUST)),
            ("on", Setting::Text(&mut self.on)),
            ("adamw_factor", Setting::Number(&mut self.adamw_factor)),
            ("adamw_beta1", Setting::Number(&mut self.adamw.beta1)),
            ("adamw_beta2", Setting::Number(&mut self.adamw.beta2)),
            ("adamw_epsilon", Setting::Number(&mut self.adamw.epsilon)),
            ("adamw_weight_decay", Setting::Number(&mut self.adamw.weight_decay)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("muon", "learning_rate", self.learning_rate)?;
        fraction("muon", "momentum", self.momentum)?;
        not_negative("muon", "weight_decay", self.weight_decay)?;
        above_zero("muon", "epsilon", self.epsilon)?;
        if self.coefficients.len() != 3 || self.coefficients.iter().any(|x| !x.is_finite()) {
            return Err(format!(
                "muon: the coefficients must be three finite numbers, but they are {:?}",
                self.coefficients
            ));
        }
        if self.iterations >= 100 {
            return Err(format!(
                "muon: the iterations must be below 100, but they are {}",
                self.iterations
            ));
        }
        if self.adjust >= ADJUST.len() {
            return Err(format!(
                "muon: adjust must be below {}, but it is {}",
                ADJUST.len(),
                self.adjust
            ));
        }
        not_negative("muon", "the factor for AdamW", self.adamw_factor)?;
        let Adam { beta1, beta2, epsilon, weight_decay, .. } = self.adamw;
        adam::check("muon: adamw", [0.0, beta1, beta2, epsilon, weight_decay])
    }
}

impl<T: Real> Optimizer<T> for Muon {
    fn name(&self) -> &'static str {
        "muon"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        adam::slots(false)
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        let (&[rows, columns], true) = (&*parameter.shape, matches(&self.on, &parameter.name))
        else {
            return None;
        };
        let (size, side) = (rows * columns, rows.min(columns));
        Some(Whole { slots: vec![size, 0], scratch: 2 * size + 2 * side * side })
    }

    fn step(&self, update: Update<'_, T>) {
        let learning_rate = update.learning_rate * self.adamw_factor;
        adam::step(
            &Adam { amsgrad: false, ..self.adamw },
            true,
            Update { learning_rate, ..update },
        );
    }

    fn step_whole(&self, WholeUpdate { parameter, update, scratch, pool }: WholeUpdate<'_, T>) {
        let Update { learning_rate, momentum, weights, gradient, slots: [mean, _], .. } = update
        else {
            unreachable!("the state was made for two slots")
        };
        let &[rows, columns] = &*parameter.shape else { unreachable!("it asks for matrices") };
        if weights.is_empty() {
            return;
        }
        let momentum = momentum.unwrap_or(self.momentum);
        let [keep, new] = [momentum, 1.0 - momentum].map(T::from_f64);
        let (x, rest) = scratch.split_at_mut(weights.len());
        let (next, rest) = rest.split_at_mut(weights.len());
        simd::dispatch(
            #[inline(always)]
            || {
                for ((x, &g), m) in x.iter_mut().zip(gradient).zip(mean.iter_mut()) {
                    *m = (keep * *m + new * g).flushed();
                    *x = if self.nesterov { keep * *m + new * g } else { *m };
                }
            },
        );
        // In `f64`, where a norm whose inverse is no number of `T` still divides.
        let norm = reduce::norm(x).max(self.epsilon);
        x.iter_mut().for_each(|x| *x = T::from_f64(x.to_f64() / norm).flushed());
        let coefficients =
            [self.coefficients[0], self.coefficients[1], self.coefficients[2]].map(T::from_f64);
        let x = orthogonal(pool, [x, next], rest, [rows, columns], coefficients, self.iterations);
        let shrink = T::from_f64(1.0 - learning_rate * self.weight_decay);
        let rate = T::from_f64(learning_rate * self.adjusted(rows, columns));
        simd::dispatch(
            #[inline(always)]
            || {
                for (w, &x) in weights.iter_mut().zip(x.iter()) {
                    *w = (*w * shrink - rate * x).flushed();
                }
            },
        );
    }
}

/// Brings the singular values of a matrix in the first of two memories, of norm 1 at most, near 1;
/// gives the memory in which it then is. With `A` of the shorter side, so that products are small:
/// `X = X (a + b A + c A^2)` where the matrix has more rows than columns.
fn orthogonal<'a, T: Real>(
    pool: &Pool,
    [mut x, mut next]: [&'a mut [T]; 2],
    scratch: &mut [T],
    [rows, columns]: [usize; 2],
    [a, b, c]: [T; 3],
    iterations: usize,
) -> &'a [T] {
    let (side, tall) = (rows.min(columns), rows > columns);
    let (gram, factor) = scratch[..2 * side * side].split_at_mut(side * side);
    for _ in 0..iterations {
        let matrix = Mat::new(x, rows, columns);
        let (left, right) = if tall { (matrix.t(), matrix) } else { (matrix, matrix.t()) };
        gemm_on(
            pool,
            Precision::F32,
            Put::Set,
            MatMut::new(gram, side, side),
            left,
            right,
            |_, _| {},
        );
        let square = Mat::new(gram, side, side);
        gemm_on(
            pool,
            Precision::F32,
            Put::Set,
            MatMut::new(factor, side, side),
            square,
            square,
            |_, _| {},
        );
        factor.iter_mut().zip(&*gram).for_each(|(f, &g)| *f = b * g + c * *f);
        factor.iter_mut().step_by(side + 1).for_each(|f| *f += a);
        let factor = Mat::new(factor, side, side);
        let (left, right) = if tall { (matrix, factor) } else { (factor, matrix) };
        gemm_on(
            pool,
            Precision::F32,
            Put::Set,
            MatMut::new(next, rows, columns),
            left,
            right,
            |_, _| {},
        );
        mem::swap(&mut x, &mut next);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::{assert_path, down_a_parabola};
    use crate::optimizer::{AdamW, Parameters, State};

    fn matrices<const N: usize>(shapes: [[usize; 2]; N]) -> Parameters {
        Parameters::new(shapes.map(|shape| ("weight", shape.into())))
    }

    #[test]
    fn golden_path() {
        // What is not a matrix moves as by AdamW.
        assert_path(&Muon::new(0.1), &down_a_parabola(&AdamW::new(0.1), 5));
        // A matrix of one row becomes a unit vector times p(p(...)) with p(s) = a s + b s^3 + c
        // s^5.
        let muon = Muon { momentum: 0.0, weight_decay: 0.5, iterations: 1, ..Muon::new(0.1) };
        let (mut weights, mut state) = ([1.0_f64, 2.0], State::new(&muon, matrices([[1, 2]])));
        state.step(&muon, &mut weights, &[3.0, -4.0]);
        let slope = (3.4445 - 4.775 + 2.0315) * 2.0_f64.sqrt();
        let expected = [0.95 - 0.1 * slope * 0.6, 1.9 + 0.1 * slope * 0.8];
        for (got, expected) in weights.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
    }

    #[test]
    fn steps_are_orthogonal_up_to_what_the_coefficients_promise() {
        for [rows, columns] in [[3, 5], [5, 3], [4, 4], [40, 7]] {
            let muon = Muon { momentum: 0.0, weight_decay: 0.0, ..Muon::new(1.0) };
            let muon = Muon { iterations: 60, coefficients: vec![1.875, -1.25, 0.375], ..muon };
            let (mut weights, shape) = (vec![0.0_f64; rows * columns], matrices([[rows, columns]]));
            let gradient: Vec<f64> =
                (0..rows * columns).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
            State::new(&muon, shape).step(&muon, &mut weights, &gradient);
            let adjust = (columns as f64 / rows as f64).max(1.0);
            let (side, tall) = (rows.min(columns), rows > columns);
            for (i, j) in (0..side).flat_map(|i| (0..side).map(move |j| (i, j))) {
                let at = |i: usize, k: usize| {
                    if tall { weights[k * columns + i] } else { weights[i * columns + k] }
                };
                let product: f64 = (0..rows.max(columns)).map(|k| at(i, k) * at(j, k)).sum();
                let expected = if i == j { adjust } else { 0.0 };
                assert!(
                    (product - expected).abs() < 1e-9,
                    "{rows} x {columns}: {product} at {i}, {j}"
                );
            }
        }
    }

    #[test]
    fn a_pattern_says_which_matrices_it_moves() {
        let (muon, adamw) = (Muon::new(0.1).on("hidden"), AdamW::new(0.1));
        let shape = chainrule_tensor::Shape::from([2, 2]);
        let (mut weights, mut plain) = ([1.0_f64; 8], [1.0_f64; 8]);
        let gradient = [0.5, -1.0, 2.0, 0.1, 0.5, -1.0, 2.0, 0.1];
        State::new(&muon, Parameters::new([("hidden", shape), ("last", shape)])).step(
            &muon,
            &mut weights,
            &gradient,
        );
        State::new(&adamw, 8).step(&adamw, &mut plain, &gradient);
        assert_eq!(weights[4..], plain[4..]);
        assert_ne!(weights[..4], plain[..4]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |muon: Muon| Configure::check(&muon).unwrap_err();
        let two = Muon { coefficients: vec![1.0, 2.0], ..Muon::default() };
        assert_eq!(
            check(two),
            "muon: the coefficients must be three finite numbers, but they are [1.0, 2.0]"
        );
        let many = Muon { iterations: 100, ..Muon::default() };
        assert_eq!(check(many), "muon: the iterations must be below 100, but they are 100");
        let adamw = Muon { adamw: Adam { beta1: 1.0, ..Adam::default() }, ..Muon::default() };
        assert_eq!(check(adamw), "muon: adamw: beta1 must lie in [0, 1), but it is 1");
    }
}
