use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, simd};

use super::{Layer, Listed, checked};
use crate::config::settings;

settings! {
    "scale": "s x, with one s learned for each feature";

    /// A learned factor for each feature of the last axis: `y = s x`, with the parameter
    /// `scale: [features]`. Derivatives: by `x`, `s`; by `s`, the sum of `x` times the upstream
    /// gradient.
    ///
    /// In front of a network, with a large learning rate, it learns which inputs count.
    ///
    /// ```
    /// use chainrule_nn::{Model, Scale, Sequential};
    ///
    /// let model = Sequential::new().layer(Scale::default()).linear(4, 2);
    /// let params = model.init([4], 0)?;
    /// assert_eq!(params.get("0.scale").unwrap().values(), [1.0_f32; 4]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// Source: Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    /// Boosted Trees on Tabular Data", 2024.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Scale {
        /// The factors' first value.
        pub initial: f64 = 1.0, finite();
    }
}

impl<T: Real> Layer<T> for Scale {
    fn kind(&self) -> &str {
        "scale"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        graph.apply(ScaleOp, &[x, graph.param("scale", [x.features()], self.initial)])
    }
}

impl<T: Real> Listed<T> for Scale {}

#[derive(Debug)]
struct ScaleOp;

const X: usize = 0;
const SCALE: usize = 1;

impl<T: Real> Op<T> for ScaleOp {
    fn name(&self) -> &str {
        "scale"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[X])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, scale) = (pass.inputs.get(X), pass.inputs.get(SCALE));
        let width = scale.len().max(1);
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, x) in pass.output.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    for ((y, &x), &s) in y.iter_mut().zip(x).zip(scale) {
                        *y = (s * x).flushed();
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, scale) = (pass.inputs.get(X), pass.inputs.get(SCALE));
        let (g, width) = (&*pass.upstream, scale.len().max(1));
        if let Some(dscale) = pass.cotangents.get(SCALE) {
            let dscale = dscale.accumulate();
            simd::dispatch(
                #[inline(always)]
                || {
                    for (g, x) in g.chunks_exact(width).zip(x.chunks_exact(width)) {
                        for ((d, &g), &x) in dscale.iter_mut().zip(g).zip(x) {
                            *d += g * x;
                        }
                    }
                },
            );
        }
        if let Some(dx) = pass.cotangents.get(X) {
            let dx = dx.accumulate();
            simd::dispatch(
                #[inline(always)]
                || {
                    for (dx, g) in dx.chunks_exact_mut(width).zip(g.chunks_exact(width)) {
                        for ((d, &g), &s) in dx.iter_mut().zip(g).zip(scale) {
                            *d = (*d + g * s).flushed();
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
    use crate::layer::check::{derivatives, evaluated};
    use chainrule_tensor::Tensor;

    #[test]
    fn each_feature_has_its_factor() {
        let x = Tensor::from_rows([[1.0, -2.0], [3.0, 0.5]]);
        let y = evaluated(&Scale::default(), &x, |params| {
            params.get_mut("scale").unwrap().copy_from_slice(&[2.0, -4.0]);
        });
        assert_eq!(y.values(), [2.0, 8.0, 6.0, -2.0]);
        for shape in [&[3, 4][..], &[2, 3, 2], &[1, 17]] {
            derivatives(&Scale { initial: 0.7 }, shape);
        }
    }
}
