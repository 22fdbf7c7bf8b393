use std::sync::Arc;

use chainrule_graph::op::{Backward, Cotangent, Forward, Op, Reads};
use chainrule_graph::{DerivativeReads, Pointwise, Properties, Var};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, simd};

use super::{Activation, Selu, by_name};
use crate::config::{Entry, Setting};
use crate::{ConfigError, Configure, Layer};

/// Another activation of which each unit learns how much of it to take: `y = x + a (f(x) - x)`,
/// with the parameter `amount: [features]`, which begins at 1. It is computed as
/// `(1 - a) x + a f(x)`, so that it is `f(x)` to the last bit where `a` is 1.
///
/// With `a = 0` a unit is linear, with `a = 1` it is that activation. Derivatives: by `x`,
/// `1 + a (f' - 1)`; by `a`, the sum of `f(x) - x` times the upstream gradient. The activation, by
/// default SELU, must keep the shape.
///
/// ```
/// use chainrule_nn::activation::{Mish, Parametric};
/// use chainrule_nn::{Model, Sequential};
///
/// let model = Sequential::new().linear(4, 8).layer(Parametric::of(Mish));
/// let params = model.init([4], 0)?;
/// assert_eq!(params.get("1.amount").unwrap().values(), [1.0_f32; 8]);
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
///
/// As text: `parametric(of=mish)`.
///
/// Source: Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
/// Boosted Trees on Tabular Data", 2024.
#[derive(Debug)]
pub struct Parametric<T: Real = f32> {
    of: Of<T>,
    initial: f64,
}

#[derive(Debug)]
struct Of<T: Real> {
    activation: Box<dyn Activation<T>>,
    text: String,
}

impl<T: Real> Default for Parametric<T> {
    fn default() -> Self {
        let of = Of { activation: Box::new(Selu), text: "selu".to_owned() };
        Parametric { of, initial: 1.0 }
    }
}

impl<T: Real> Parametric<T> {
    /// Each unit learns how much of this activation to take.
    #[must_use]
    pub fn of(activation: impl Activation<T> + 'static) -> Self {
        let text = activation.kind().to_owned();
        Parametric { of: Of { activation: Box::new(activation), text }, initial: 1.0 }
    }
}

impl<T: Real> Entry for Of<T> {
    fn text(&self) -> &str {
        &self.text
    }

    fn choose(&mut self, text: &str) -> Result<(), ConfigError> {
        *self = Of { activation: by_name(text)?, text: text.to_owned() };
        Ok(())
    }
}

impl<T: Real> Configure for Parametric<T> {
    fn formula(&self) -> &'static str {
        "x + a (f(x) - x), with one a learned for each unit"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("of", Setting::Entry(&mut self.of)), ("initial", Setting::Number(&mut self.initial))]
    }

    fn check(&self) -> Result<(), String> {
        if !self.initial.is_finite() {
            return Err(format!("parametric: initial must be finite, but it is {}", self.initial));
        }
        if self.of.activation.divisor() != 1 {
            return Err(format!(
                "parametric: {} changes the number of features; take an activation that keeps it",
                self.of.text
            ));
        }
        self.of.activation.check()
    }
}

impl<T: Real> Layer<T> for Parametric<T> {
    fn kind(&self) -> &str {
        "parametric"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        if let Err(mistake) = self.check() {
            graph.fail(mistake);
            return x;
        }
        let amount = graph.param("amount", [x.features()], self.initial);
        match self.of.activation.pointwise().filter(|_| !self.is_random()) {
            Some(of) => graph.apply(Blend { of: Some(of) }, &[x, amount]),
            None => {
                let value = graph.scope("of", || self.of.activation.forward(x));
                graph.apply(Blend { of: None }, &[x, amount, value])
            }
        }
    }

    fn depth(&self) -> usize {
        1 + self.of.activation.depth()
    }
}

impl<T: Real> Parametric<T> {
    /// True if it is another function in training than [`Activation::pointwise`] says of
    /// evaluation.
    fn is_random(&self) -> bool {
        self.of.activation.kind() == "rrelu"
    }
}

impl<T: Real> Activation<T> for Parametric<T> {
    /// Those of the activation with `a = 1`, but for what a unit that takes another part has not.
    fn properties(&self) -> Properties {
        let of = self.of.activation.properties();
        Properties { kinks: of.kinks, gain: of.gain, ..Properties::default() }
    }
}

/// Computes the activation itself where it is element-wise; else its value is the third input.
#[derive(Debug)]
struct Blend<T: Real> {
    of: Option<Arc<dyn Pointwise<T>>>,
}

const X: usize = 0;
const AMOUNT: usize = 1;
const VALUE: usize = 2;

impl<T: Real> Op<T> for Blend<T> {
    fn name(&self) -> &str {
        "parametric"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[X])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    /// The values of the activation.
    fn saves(&self, inputs: &[Shape]) -> usize {
        if self.of.is_some() { inputs[X].elements() } else { 0 }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, amount) = (pass.inputs.get(X), pass.inputs.get(AMOUNT));
        match &self.of {
            Some(of) => of.map(x, pass.output),
            None => pass.output.copy_from_slice(pass.inputs.get(VALUE)),
        }
        // Without a way back there is no place for it.
        if !pass.saved.is_empty() {
            pass.saved.copy_from_slice(pass.output);
        }
        let width = amount.len().max(1);
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, x) in pass.output.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    for ((y, &x), &a) in y.iter_mut().zip(x).zip(amount) {
                        // A part of nothing of an infinite number is nothing. Where numbers are
                        // finite the product stays, since a dual number of it has a slope.
                        let idle = a == T::ONE && !x.is_finite();
                        let line = if idle { T::ZERO } else { (T::ONE - a) * x };
                        let idle = a == T::ZERO && !y.is_finite();
                        let bent = if idle { T::ZERO } else { a * *y };
                        *y = (line + bent).flushed();
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, amount) = (pass.inputs.get(X), pass.inputs.get(AMOUNT));
        let value = if self.of.is_some() { pass.saved } else { pass.inputs.get(VALUE) };
        let (g, width) = (pass.upstream, amount.len().max(1));
        if let Some(damount) = pass.cotangents.get(AMOUNT) {
            let damount = damount.accumulate();
            simd::dispatch(
                #[inline(always)]
                || {
                    let rows = g.chunks_exact(width).zip(x.chunks_exact(width));
                    for ((g, x), value) in rows.zip(value.chunks_exact(width)) {
                        let each = damount.iter_mut().zip(g).zip(x).zip(value);
                        for (((d, &g), &x), &value) in each {
                            *d += g * (value - x);
                        }
                    }
                },
            );
        }
        let Some(of) = &self.of else {
            if let Some(dx) = pass.cotangents.get(X) {
                by_unit(dx, g, amount, |g, a| (T::ONE - a) * g);
            }
            if let Some(dvalue) = pass.cotangents.get(VALUE) {
                by_unit(dvalue, g, amount, |g, a| a * g);
            }
            return;
        };
        let Some(dx) = pass.cotangents.get(X) else { return };
        let (put, dx) = (dx.put, dx.values);
        let at = if of.derivative_reads() == DerivativeReads::Output { value } else { x };
        // The part that passes as it is, and what is left of the gradient for the activation.
        simd::dispatch(
            #[inline(always)]
            || {
                for (dx, g) in dx.chunks_exact_mut(width).zip(g.chunks_exact_mut(width)) {
                    for ((dx, g), &a) in dx.iter_mut().zip(g).zip(amount) {
                        let passed = *g - a * *g;
                        *dx = if put == Put::Set { passed } else { *dx + passed };
                        *g = a * *g;
                    }
                }
            },
        );
        of.map_back(Put::Add, dx, g, at);
    }
}

/// Adds `f(g, a)` of each gradient and of its unit's amount.
fn by_unit<T: Real>(to: Cotangent<'_, T>, g: &[T], amount: &[T], f: impl Fn(T, T) -> T) {
    let width = amount.len().max(1);
    let rows = to.accumulate().chunks_exact_mut(width).zip(g.chunks_exact(width));
    for (to, g) in rows {
        to.iter_mut().zip(g).zip(amount).for_each(|((to, &g), &a)| *to += f(g, a));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, activation};
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    #[test]
    fn each_unit_takes_its_part() {
        let layer = Parametric::<f64>::of(activation::Relu);
        let mut params = layer.init([3], 0).unwrap();
        params.get_mut("amount").unwrap().copy_from_slice(&[0.0, 1.0, 0.5]);
        let x = Tensor::from_rows([[-2.0, -2.0, -2.0], [3.0, 3.0, 3.0]]);
        let y = layer.predict(&params, &x).unwrap();
        assert_eq!(y.values(), [-2.0, 0.0, -1.0, 3.0, 3.0, 3.0]);
    }

    /// Kind: every activation that keeps the shape, by input and amount, twice on one input so that
    /// the second adds to the first.
    #[test]
    fn derivatives_of_every_activation_agree_with_differences() {
        let mut count = 0;
        for entry in activation::all::<f64>() {
            let text = format!("parametric(of={}, initial=0.7)", entry.kind());
            if entry.divisor() != 1 {
                assert!(by_name::<f64>(&text).is_err(), "{text}");
                continue;
            }
            let layer = by_name::<f64>(&text).unwrap();
            for shape in [&[4, 3][..], &[2, 2, 3]] {
                let x = Tensor::from_fn(shape, |i| (i as f64 * 0.77 + 0.31).sin() * 2.5);
                gradcheck(&[x], |graph, x| {
                    let both = ["a", "b"].map(|name| graph.scope(name, || layer.forward(x[0])));
                    both[0] + both[1]
                })
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            }
            count += 1;
        }
        assert!(count > 25, "{count}");
    }

    #[test]
    fn what_makes_no_sense_is_a_mistake() {
        let error = |text: &str| by_name::<f32>(text).unwrap_err().to_string();
        assert!(error("parametric(of=glu)").contains("glu changes the number of features"));
        assert!(error("parametric(initial=NaN)").contains("initial must be finite"));
        assert!(error("parametric(of=salu)").contains("did you mean `selu`?"));
        let graph = Graph::<f64>::new();
        let _ = Parametric::of(activation::Maxout::default()).forward(graph.input("x", [2, 4]));
        assert!(graph.check_error().is_err());
    }
}
