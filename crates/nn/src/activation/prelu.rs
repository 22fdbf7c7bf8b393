use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, broadcast, simd};

use super::Activation;
use crate::Layer;
use crate::config::settings;

settings! {
    "prelu": "x where x > 0, else a x, with a learned";

    /// The parametric rectified linear unit: `y = x` above zero, `a x` at zero and below, with the
    /// slope `a` a parameter of the model, named `slope`.
    ///
    /// Derivatives: by `x`, 1 or `a`; by `a`, the sum of `x` times the upstream gradient where `x`
    /// is not positive. One slope for all features by default, or one for each channel. A channel
    /// is each feature of `[batch, features]`, and with more axes each place of the second,
    /// `[batch, channels, ..]`, as in PyTorch. First value 0.25, as there.
    ///
    /// Source: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
    ///
    /// ```
    /// use chainrule_nn::activation::PRelu;
    /// use chainrule_nn::{Model, Sequential};
    ///
    /// let model = Sequential::new().linear(4, 8).layer(PRelu::per_channel());
    /// let params = model.init([4], 0)?;
    /// assert_eq!(params.get("1.slope").unwrap().values(), [0.25_f32; 8]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct PRelu {
        /// True if each channel has a slope of its own.
        pub per_channel: bool = false;
        /// The slopes' first value.
        pub initial: f64 = 0.25;
    }
}

impl PRelu {
    /// One learned slope for each channel.
    #[must_use]
    pub fn per_channel() -> Self {
        PRelu { per_channel: true, ..PRelu::default() }
    }
}

impl<T: Real> Layer<T> for PRelu {
    fn kind(&self) -> &str {
        "prelu"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let rank = x.shape().rank();
        if self.per_channel && rank > 2 {
            // The kernel takes channels as the last axis.
            let to_last: Vec<usize> = [0].into_iter().chain(2..rank).chain([1]).collect();
            let back: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
            return with_slopes(x.permute(&to_last), x.shape()[1], self.initial).permute(&back);
        }
        with_slopes(x, if self.per_channel { x.features() } else { 1 }, self.initial)
    }
}

/// One slope, or as many as the last axis has places.
fn with_slopes<T: Real>(x: Var<'_, T>, slopes: usize, initial: f64) -> Var<'_, T> {
    x.graph().apply(PReluOp, &[x, x.graph().param("slope", [slopes], initial)])
}

impl<T: Real> Activation<T> for PRelu {
    fn properties(&self) -> Properties {
        Properties {
            kinks: vec![0.0],
            gain: (2.0 / (1.0 + self.initial * self.initial)).sqrt(),
            ..Properties::default()
        }
    }
}

#[derive(Debug)]
struct PReluOp;

const X: usize = 0;
const SLOPE: usize = 1;

impl<T: Real> Op<T> for PReluOp {
    fn name(&self) -> &str {
        "prelu"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[X])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, slope) = (pass.inputs.get(X), pass.inputs.get(SLOPE));
        let f = |x, slope| if x > T::ZERO { x } else { slope * x };
        broadcast::zip(
            Put::Set,
            pass.output,
            pass.shape,
            x,
            pass.shape,
            slope,
            pass.inputs.shape(SLOPE),
            f,
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, slope) = (pass.inputs.get(X), pass.inputs.get(SLOPE));
        let g = &*pass.upstream;
        if let Some(dx) = pass.cotangents.get(X) {
            let pull = |g: T, x: T, slope: T| if x > T::ZERO { g } else { slope * g };
            match slope {
                &[slope] => dx.zip(g, x, |g, x| pull(g, x, slope)),
                slopes => {
                    let width = slopes.len().max(1);
                    let rows = dx.accumulate().chunks_exact_mut(width);
                    simd::dispatch_with(
                        #[inline(always)]
                        |by| {
                            for ((dx, g), x) in
                                rows.zip(g.chunks_exact(width)).zip(x.chunks_exact(width))
                            {
                                for (((dx, &g), &x), &slope) in
                                    dx.iter_mut().zip(g).zip(x).zip(slopes)
                                {
                                    *dx = by.flushed(*dx + pull(g, x, slope));
                                }
                            }
                        },
                    );
                }
            }
        }
        if let Some(dslope) = pass.cotangents.get(SLOPE) {
            let pull = |g: T, x: T| if x > T::ZERO { T::ZERO } else { g * x };
            let dslope = dslope.accumulate();
            let width =
                if dslope.len() == 1 { pass.shape.as_rows().1 } else { dslope.len() }.max(1);
            simd::dispatch(
                #[inline(always)]
                || {
                    for (g, x) in g.chunks_exact(width).zip(x.chunks_exact(width)) {
                        match &mut *dslope {
                            [dslope] => {
                                *dslope += g.iter().zip(x).map(|(&g, &x)| pull(g, x)).sum::<T>()
                            }
                            dslopes => {
                                for ((dslope, &g), &x) in dslopes.iter_mut().zip(g).zip(x) {
                                    *dslope += pull(g, x);
                                }
                            }
                        }
                    }
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    #[test]
    fn derivatives_by_input_and_slope_agree_with_differences() {
        for layer in [PRelu::default(), PRelu::per_channel()] {
            for shape in [Shape::new(&[4]), Shape::new(&[3, 5]), Shape::new(&[2, 3, 4])] {
                let x = Tensor::from_fn(shape, |i| (i as f64 * 0.77 + 0.3).sin());
                gradcheck(&[x], |_, x| layer.forward(x[0]))
                    .unwrap_or_else(|error| panic!("{layer:?} {shape}: {error}"));
            }
        }
    }

    #[test]
    fn with_more_axes_the_second_has_the_slopes() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2, 2, 1, 3]);
        let y = PRelu::per_channel().forward(x);
        let plan = graph.plan_with_upstream(y).unwrap();
        let (mut params, mut ws, mut grads) =
            (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        params.get_mut("slope").unwrap().copy_from_slice(&[0.5, 2.0]);
        ws.set(x, &[-1.0; 12]).unwrap();
        plan.forward(&params, &mut ws);
        let rows = [[-0.5; 3], [-2.0; 3], [-0.5; 3], [-2.0; 3]];
        assert_eq!(ws.value(y).values(), rows.concat());
        let upstream: Vec<f64> = (0..12).map(f64::from).collect();
        plan.backward_with(&params, &mut ws, &mut grads, &upstream);
        assert_eq!(grads.get("slope").unwrap().values(), [-24.0, -42.0]);
    }

    #[test]
    fn at_zero_the_derivative_is_the_slope_and_the_slope_gets_nothing() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [3]).keep_gradient();
        let plan = graph.plan(PRelu::default().forward(x).sum(..)).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &[-2.0, 0.0, 3.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(ws.gradient(x).values(), [0.25, 0.25, 1.0]);
        assert_eq!(grads.get("slope").unwrap().values(), [-2.0]);
    }
}
