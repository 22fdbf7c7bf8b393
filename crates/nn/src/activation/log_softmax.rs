use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::{Real, Shape, simd};

use super::Activation;
use super::softmax::{last_axis, less, max_and_sum_exp};
use crate::Layer;
use crate::config::formula;

/// Logarithms of probabilities over the last axis: `y_i = x_i - max x - ln sum_j e^(x_j - max x)`;
/// gradient `g - softmax(x) sum g`.
///
/// Exact where the logarithm of a softmax would be `-inf`. In front of a cross-entropy loss leave
/// it out: the losses take logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSoftmax;

impl<T: Real> Layer<T> for LogSoftmax {
    fn kind(&self) -> &str {
        "log_softmax"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.graph().apply(LogSoftmaxOp, &[x])
    }
}

impl<T: Real> Activation<T> for LogSoftmax {
    fn properties(&self) -> Properties {
        Properties { range: (f64::NEG_INFINITY, 0.0), ..Properties::default() }
    }

    fn for_outputs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct LogSoftmaxOp;

impl<T: Real> Op<T> for LogSoftmaxOp {
    fn name(&self) -> &str {
        "log_softmax"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        last_axis(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::OUTPUT
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (_, classes) = pass.shape.as_rows();
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, x) in
                    pass.output.chunks_exact_mut(classes).zip(pass.inputs[0].chunks_exact(classes))
                {
                    let (max, sum) = max_and_sum_exp(x);
                    let log_sum = sum.ln();
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = less(x, max) - log_sum;
                    }
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (_, classes) = pass.shape.as_rows();
        let Some(dx) = pass.cotangents.get(0) else { return };
        let dx = dx.accumulate();
        simd::dispatch_with(
            #[inline(always)]
            |by| {
                let rows = dx.chunks_exact_mut(classes).zip(pass.output.chunks_exact(classes));
                for ((dx, y), g) in rows.zip(pass.upstream.chunks_exact(classes)) {
                    let total: T = g.iter().copied().sum();
                    for ((dx, &g), &y) in dx.iter_mut().zip(g).zip(y) {
                        *dx = by.flushed(*dx + g - y.exp() * total);
                    }
                }
            },
        );
    }
}

formula!(LogSoftmax: "x_i - ln sum_j e^x_j");

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    use crate::Model;

    #[test]
    fn far_logits_stay_finite() {
        let x = Tensor::from_rows([[-1e4, 0.0, 1e4]]);
        let params = LogSoftmax.init(3, 0).unwrap();
        let y: Tensor<f64> = LogSoftmax.predict(&params, &x).unwrap();
        assert_eq!(y.values(), [-2e4, -1e4, 0.0]);
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        for shape in [Shape::new(&[1, 2]), Shape::new(&[3, 4]), Shape::new(&[2, 2, 5])] {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7).cos() * 3.0);
            gradcheck(&[x], |_, x| LogSoftmax.forward(x[0])).unwrap();
        }
    }
}
