use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::reduce::{self, Axes};
use chainrule_tensor::{Real, Shape, broadcast};

use super::{reduced, removed};
use crate::Var;
use crate::op::{Backward, Forward, Op, Reads};

/// `ln sum e^x` along some axes; the gradient is shared as the softmax says.
#[derive(Debug)]
struct LogSumExp {
    axes: Axes,
}

impl<T: Real> Op<T> for LogSumExp {
    fn name(&self) -> &str {
        "log_sum_exp"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        removed(self.axes, inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    /// The softmax, in place of the input.
    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (shape, x) = (pass.inputs.shape(0), pass.inputs.get(0));
        let kept = reduced(self.axes, shape);
        reduce::log_sum_exp(pass.output, kept, x, shape);
        if !pass.saved.is_empty() {
            broadcast::zip(
                Put::Set,
                pass.saved,
                shape,
                x,
                shape,
                pass.output,
                kept,
                #[inline(always)]
                |x, y| (x - y).exp(),
            );
            if pass.output.contains(&T::INFINITY) {
                alone_at_infinity(pass.saved, x, shape, kept);
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let shape = pass.inputs.shape(0);
        if let Some(dx) = pass.cotangents.get(0) {
            let kept = reduced(self.axes, shape);
            broadcast::zip(
                dx.put,
                dx.values,
                shape,
                pass.saved,
                shape,
                pass.upstream,
                kept,
                |share, g| share * g,
            );
        }
    }
}

/// The share of one infinite value is 1, the limit; of several there is none, and theirs stays NaN.
#[cold]
fn alone_at_infinity<T: Real>(shares: &mut [T], x: &[T], shape: Shape, kept: Shape) {
    let infinite: Vec<T> =
        x.iter().map(|&x| if x == T::INFINITY { T::ONE } else { T::ZERO }).collect();
    let mut counts = vec![T::ZERO; kept.elements()];
    broadcast::fold(Put::Set, &mut counts, kept, &infinite, shape);
    let mut alone = vec![T::ZERO; x.len()];
    broadcast::zip(Put::Set, &mut alone, shape, &infinite, shape, &counts, kept, |x, count| {
        if x == T::ONE && count == T::ONE { T::ONE } else { T::ZERO }
    });
    shares
        .iter_mut()
        .zip(alone)
        .filter(|(_, alone)| *alone == T::ONE)
        .for_each(|(share, one)| *share = one);
}

impl<'g, T: Real> Var<'g, T> {
    /// `ln sum e^x` along some axes, which go, without overflow; derivative the softmax,
    /// `e^(x - y)`.
    ///
    /// `-inf` where all elements are, or over an empty axis; `inf` where one is; NaN where one is.
    /// Where it is infinite its derivative is NaN.
    ///
    /// A missing axis, or one named twice, is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// // The logarithm of the softmax over the last axis.
    /// let graph = Graph::<f32>::new();
    /// let logits = graph.input("logits", [32, 10]);
    /// let log_probabilities = logits - logits.log_sum_exp(1).reshape([32, 1]);
    /// assert_eq!(log_probabilities.shape(), [32, 10].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn log_sum_exp(self, axes: impl Into<Axes>) -> Var<'g, T> {
        self.graph().record(Arc::new(LogSumExp { axes: axes.into() }), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        for axes in [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2], &[]] {
            check(&[&[2, 3, 4]], |_, x| x[0].log_sum_exp(axes).square());
        }
        check(&[&[]], |_, x| x[0].log_sum_exp(..).square());
    }

    #[test]
    fn large_logits_neither_overflow_nor_lose_the_softmax() {
        let x = Tensor::from_rows([[1000.0, 1000.0], [-1000.0, -1000.0 + 3.0_f64.ln()]]);
        let (y, gradients) = value_and_gradients(&[x], None, |_, x| x[0].log_sum_exp(1));
        let expected = [1000.0 + 2.0_f64.ln(), -1000.0 + 4.0_f64.ln()];
        assert!(y.values().iter().zip(expected).all(|(y, e)| (y - e).abs() < 1e-12), "{y:?}");
        let shares = gradients[0].values().iter().zip([0.5, 0.5, 0.25, 0.75]);
        // Rounding at 1000 is 1e-13, and the share inherits it as a relative error.
        shares.for_each(|(share, expected)| assert!((share - expected).abs() < 1e-12, "{share}"));
    }

    #[test]
    fn infinite_and_nan_elements_are_not_lost() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::from_rows([[-inf, 0.0], [-inf, -inf], [inf, 0.0], [nan, 0.0]]);
        let (y, gradients) = value_and_gradients(&[x], None, |_, x| x[0].log_sum_exp(1));
        assert_eq!(y.values()[..3], [0.0, -inf, inf]);
        assert!(y.values()[3].is_nan());
        assert_eq!(gradients[0].row(0), [0.0, 1.0]);
        assert!(gradients[0].row(1).iter().all(|g| g.is_nan()));
        assert_eq!(gradients[0].row(2), [1.0, 0.0]);
        // Of two infinite ones the shares depend on the way there.
        let (y, gradients) =
            value_and_gradients(&[Tensor::from(vec![inf, 1.0, inf])], None, |_, x| {
                x[0].log_sum_exp(0)
            });
        assert_eq!((y.values()[0], gradients[0].values()[1]), (inf, 0.0));
        assert!(gradients[0].values()[0].is_nan() && gradients[0].values()[2].is_nan());
    }

    #[test]
    fn wrong_axes_are_mistakes() {
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].log_sum_exp(2)),
            "log_sum_exp: [2, 3] has no axis 2"
        );
    }
}
