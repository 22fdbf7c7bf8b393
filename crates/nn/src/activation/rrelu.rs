use std::sync::Arc;

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Pointwise, Properties, Var};
use chainrule_tensor::{Real, Shape, random, simd};

use super::{Activation, LeakyRelu};
use crate::config::settings;
use crate::{Configure, Layer};

settings! {
    "rrelu": "x where x > 0, else a x, with a random in training", checked by ordered;

    /// The randomised leaky rectified linear unit: `y = x` above zero, `a x` at zero and below;
    /// derivative 1 or `a`. In training `a` is drawn anew for each element, in evaluation it is
    /// `(lower + upper) / 2`.
    ///
    /// The slopes are drawn uniformly from `lower` to `upper`, 1/8 and 1/3 by default as in
    /// PyTorch, from the workspace's generator
    /// ([`Workspace::seed`](chainrule_graph::Workspace::seed)). There is one for each element,
    /// whatever its sign, so that what is drawn later does not depend on the data. The gain is that
    /// of a leaky ReLU, `sqrt(2 / (1 + E[a^2]))`.
    ///
    /// Source: Xu, Wang, Chen and Li, "Empirical Evaluation of Rectified Activations in
    /// Convolutional Network", 2015.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RRelu {
        /// The least slope below zero.
        pub lower: f64 = 1.0 / 8.0;
        /// The largest slope below zero; must not be below the least.
        pub upper: f64 = 1.0 / 3.0;
    }
}

fn ordered(&RRelu { lower, upper }: &RRelu) -> Result<(), String> {
    if lower <= upper && (upper - lower).is_finite() {
        return Ok(());
    }
    Err(format!(
        "rrelu: lower must be at most upper, both finite, but they are {lower} and {upper}"
    ))
}

impl RRelu {
    fn mean(self) -> LeakyRelu {
        LeakyRelu { slope: f64::midpoint(self.lower, self.upper) }
    }
}

impl<T: Real> Layer<T> for RRelu {
    fn kind(&self) -> &str {
        "rrelu"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        if let Err(mistake) = self.check() {
            x.graph().fail(mistake);
        }
        if x.graph().is_training() {
            x.graph().apply(RReluOp(*self), &[x])
        } else {
            x.map(self.mean())
        }
    }
}

impl<T: Real> Activation<T> for RRelu {
    fn properties(&self) -> Properties {
        let RRelu { lower, upper } = *self;
        let mean_square = (lower * lower + lower * upper + upper * upper) / 3.0;
        Properties {
            range: (if upper > 0.0 { f64::NEG_INFINITY } else { 0.0 }, f64::INFINITY),
            kinks: vec![0.0],
            lipschitz: lower.abs().max(upper.abs()).max(1.0),
            can_die: lower == 0.0 && upper == 0.0,
            gain: (2.0 / (1.0 + mean_square)).sqrt(),
            ..Properties::default()
        }
    }

    fn pointwise(&self) -> Option<Arc<dyn Pointwise<T>>> {
        Some(Arc::new(self.mean()))
    }
}

/// Saves for each element what it was multiplied by: 1 or its slope.
#[derive(Debug)]
struct RReluOp(RRelu);

impl<T: Real> Op<T> for RReluOp {
    fn name(&self) -> &str {
        "rrelu"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let RRelu { lower, upper } = self.0;
        if lower < upper {
            random::uniform(pass.output, lower..upper, pass.generator)
                .expect("the slopes were checked");
        } else {
            pass.output.fill(T::from_f64(lower));
        }
        let (x, y, saved) = (pass.inputs.get(0), pass.output, pass.saved);
        simd::dispatch_with(
            #[inline(always)]
            |by| {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = if x > T::ZERO { T::ONE } else { *y };
                }
                // Empty when there is no way back.
                for (saved, &slope) in saved.iter_mut().zip(&*y) {
                    *saved = slope;
                }
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = by.flushed(*y * x);
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        if let Some(dx) = pass.cotangents.get(0) {
            dx.zip(pass.upstream, pass.saved, |g, slope| g * slope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    use crate::Model;
    use crate::activation::check;

    /// Values and gradients of a sum, in training, for a column of these inputs.
    fn train(layer: RRelu, x: &[f64], seed: u64) -> (Vec<f64>, Vec<f64>) {
        let graph = Graph::<f64>::new();
        let input = graph.input("x", [x.len()]).keep_gradient();
        let y = layer.forward(input).keep();
        let plan = graph.plan(y.sum(..)).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.seed(seed);
        ws.set(input, x).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        (ws.value(y).values().to_vec(), ws.gradient(input).values().to_vec())
    }

    #[test]
    fn slopes_are_drawn_for_each_element_and_serve_the_way_back_too() {
        let (y, dx) = train(RRelu::default(), &[-1.0; 30_000], 7);
        assert!(y.iter().zip(&dx).all(|(y, dx)| -y == *dx && (0.125..1.0 / 3.0).contains(dx)));
        // Uniform: mean 11/48, variance (5/24)^2 / 12; five standard errors each.
        let mean = dx.iter().sum::<f64>() / 30_000.0;
        let variance = dx.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 30_000.0;
        assert!((mean - 11.0 / 48.0).abs() < 5.0 * 0.0602 / 173.0, "{mean}");
        assert!((variance / (5.0_f64 / 24.0).powi(2) * 12.0 - 1.0).abs() < 0.03, "{variance}");
        assert_eq!(train(RRelu::default(), &[-1.0; 9], 7), train(RRelu::default(), &[-1.0; 9], 7));
        assert_ne!(train(RRelu::default(), &[-1.0; 9], 7), train(RRelu::default(), &[-1.0; 9], 8));
        let (y, dx) = train(RRelu { lower: 0.5, upper: 0.5 }, &[-2.0, 0.0, 3.0], 0);
        assert_eq!((y, dx), (vec![-1.0, 0.0, 3.0], vec![0.5, 0.5, 1.0]));
    }

    #[test]
    fn evaluation_takes_the_mean_slope() {
        let params = RRelu::default().init([3], 0).unwrap();
        let y: Tensor<f64> =
            RRelu::default().predict(&params, &Tensor::from_rows([[-4.8, 0.0, 2.0]])).unwrap();
        assert!((y.values()[0] + 1.1).abs() < 1e-15 && y.values()[1..] == [0.0, 2.0], "{y:?}");
        check::golden(&RRelu::default().mean(), &[(-4.8, -1.1, 11.0 / 48.0), (2.0, 2.0, 1.0)]);
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let x = Tensor::from_fn([3, 5], |i| (i as f64 * 0.77 + 0.3).sin());
        gradcheck(&[x], |_, x| RRelu::default().forward(x[0])).unwrap();
    }

    #[test]
    fn slopes_in_the_wrong_order_are_a_mistake() {
        check::refuses(
            &RRelu { lower: 0.5, upper: 0.25 },
            "rrelu: lower must be at most upper, both finite, but they are 0.5 and 0.25",
        );
    }
}
