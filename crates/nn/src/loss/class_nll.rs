//! The negative log-likelihood of classes with weights, smoothing and an index to ignore, as one
//! operation on log-probabilities.

use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::softmax_cross_entropy::{class, samples_of};

/// For each row of log-probabilities `p` the value `-sum_c a_c p_c`, with
/// `a_c = w_c ((1 - s) q_c + s / C)`; gradient `-a`. The target is a class index, for which `q` is
/// one-hot, or the row `q` itself.
#[derive(Clone, Debug)]
pub(super) struct ClassNll<T> {
    name: &'static str,
    /// `s`
    smoothing: T,
    /// `w`, one for each class, or none for 1.
    weights: Vec<T>,
    /// The index whose rows cost nothing.
    ignore_index: Option<T>,
}

impl<T: Real> ClassNll<T> {
    /// The settings of a loss as numbers of this type.
    pub(super) fn new(
        name: &'static str,
        smoothing: f64,
        weights: &[f64],
        ignore_index: Option<f64>,
    ) -> Self {
        let weights = weights.iter().map(|&weight| T::from_f64(weight)).collect();
        ClassNll {
            name,
            smoothing: T::from_f64(smoothing),
            weights,
            ignore_index: ignore_index.map(T::from_f64),
        }
    }

    /// The values, one for each row.
    #[track_caller]
    pub(super) fn values<'g>(
        &self,
        log_probabilities: Var<'g, T>,
        target: Var<'g, T>,
    ) -> Var<'g, T> {
        if self.ignore_index.is_some() && log_probabilities.shape() == target.shape() {
            log_probabilities.graph().fail(format!(
                "{}: ignore_index is for class indices, but the target holds probabilities",
                self.name
            ));
        }
        log_probabilities.graph().apply(self.clone(), &[log_probabilities, target])
    }

    /// Over class indices the sum of the weights of those not ignored; over probabilities, and
    /// where each sample weighs the same, none: the number of samples.
    pub(super) fn divisor<'g>(self, logits: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        let by_index = target.shape() != logits;
        let even = self.weights.is_empty() && self.ignore_index.is_none();
        (by_index && !even).then(|| target.graph().apply(TotalWeight(self), &[target]))
    }

    fn weight(&self, class: usize) -> T {
        self.weights.get(class).copied().unwrap_or(T::ONE)
    }

    fn ignores(&self, label: T) -> bool {
        self.ignore_index == Some(label)
    }

    /// The share of each class in the target: `a`.
    fn shares<'a>(&'a self, target: RowTarget<'a, T>, classes: usize) -> impl Fn(usize) -> T + 'a {
        let (kept, spread) = (T::ONE - self.smoothing, self.smoothing / T::from_usize(classes));
        move |c| {
            let q = match target {
                RowTarget::Class(y) => T::from_f64(f64::from(u8::from(y == c))),
                RowTarget::Probabilities(q) => q[c],
                RowTarget::NoClass => T::NAN,
            };
            self.weight(c) * (kept * q + spread)
        }
    }

    /// The target of a row, none if it is to be ignored.
    fn row_target<'a>(
        &self,
        target: &'a [T],
        row: usize,
        classes: usize,
        by_index: bool,
    ) -> Option<RowTarget<'a, T>> {
        if !by_index {
            return Some(RowTarget::Probabilities(&target[row * classes..][..classes]));
        }
        let label = target[row];
        (!self.ignores(label))
            .then(|| class(label, classes).map_or(RowTarget::NoClass, RowTarget::Class))
    }
}

/// The target of one row.
#[derive(Clone, Copy)]
enum RowTarget<'a, T> {
    Class(usize),
    /// An index that is no class, which makes the row NaN.
    NoClass,
    Probabilities(&'a [T]),
}

const LOG_PROBABILITIES: usize = 0;
const TARGET: usize = 1;

impl<T: Real> Op<T> for ClassNll<T> {
    fn name(&self) -> &str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let samples = samples_of("log-probabilities", inputs[LOG_PROBABILITIES], inputs[TARGET])?;
        let classes = inputs[LOG_PROBABILITIES].as_rows().1;
        if !self.weights.is_empty() && self.weights.len() != classes {
            return Err(format!(
                "{} weights for {classes} classes; give one for each, or none",
                self.weights.len()
            ));
        }
        Ok(samples)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (p, target) = (pass.inputs.get(LOG_PROBABILITIES), pass.inputs.get(TARGET));
        let classes = pass.inputs.shape(LOG_PROBABILITIES).as_rows().1;
        let by_index = pass.inputs.shape(TARGET) != pass.inputs.shape(LOG_PROBABILITIES);
        for (row, (out, p)) in pass.output.iter_mut().zip(p.chunks_exact(classes)).enumerate() {
            let Some(row_target) = self.row_target(target, row, classes, by_index) else {
                *out = T::ZERO;
                continue;
            };
            let share = self.shares(row_target, classes);
            // A class of which nothing is taken costs nothing, even at a log-probability of minus
            // infinity; elsewhere the product keeps the tangent of a share of zero.
            let cost =
                |a: T, p: T| if a == T::ZERO && p.abs() == T::INFINITY { T::ZERO } else { -a * p };
            *out = p.iter().enumerate().map(|(c, &p)| cost(share(c), p)).sum();
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (p, target) = (pass.inputs.get(LOG_PROBABILITIES), pass.inputs.get(TARGET));
        let classes = pass.inputs.shape(LOG_PROBABILITIES).as_rows().1;
        let by_index = pass.inputs.shape(TARGET) != pass.inputs.shape(LOG_PROBABILITIES);
        let g = &*pass.upstream;
        if let Some(dp) = pass.cotangents.get(LOG_PROBABILITIES) {
            for (row, dp) in dp.accumulate().chunks_exact_mut(classes).enumerate() {
                let Some(row_target) = self.row_target(target, row, classes, by_index) else {
                    continue;
                };
                let share = self.shares(row_target, classes);
                dp.iter_mut().enumerate().for_each(|(c, dp)| *dp -= g[row] * share(c));
            }
        }
        if let Some(dq) = pass.cotangents.get(TARGET).filter(|_| !by_index) {
            let rows = dq.accumulate().chunks_exact_mut(classes).zip(p.chunks_exact(classes));
            for ((dq, p), &g) in rows.zip(g) {
                for (c, (dq, &p)) in dq.iter_mut().zip(p).enumerate() {
                    *dq -= g * (T::ONE - self.smoothing) * self.weight(c) * p;
                }
            }
        }
    }
}

/// The sum of the weights of the classes that the indices name, without those to be ignored; no
/// gradient.
#[derive(Debug)]
struct TotalWeight<T>(ClassNll<T>);

impl<T: Real> Op<T> for TotalWeight<T> {
    fn name(&self) -> &str {
        "total_weight"
    }

    fn shape(&self, _: &[Shape]) -> Result<Shape, String> {
        Ok(Shape::SCALAR)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let of = &self.0;
        let weight = |label: T| {
            let class =
                if of.weights.is_empty() { Some(0) } else { class(label, of.weights.len()) };
            class.map_or(f64::NAN, |class| of.weight(class).to_f64())
        };
        let total: f64 = pass.inputs[0]
            .iter()
            .filter(|&&label| !of.ignores(label))
            .map(|&label| weight(label))
            .sum();
        pass.output[0] = T::from_f64(total);
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}
