use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, broadcast, simd};

use super::binary::broadcast_shape;
use super::{Backward, Cotangent, Forward, Op, Reads};
use crate::Var;

/// `a` where a condition is not zero, else `b`; the gradient goes to the one that was taken.
#[derive(Debug)]
struct Select;

const CONDITION: usize = 0;
const A: usize = 1;
const B: usize = 2;

impl<T: Real> Op<T> for Select {
    fn name(&self) -> &str {
        "select"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        broadcast_shape(inputs[CONDITION], broadcast_shape(inputs[A], inputs[B])?)
    }

    fn reads(&self) -> Reads {
        Reads::inputs(&[CONDITION])
    }

    fn differentiable(&self, input: usize) -> bool {
        input != CONDITION
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let [condition, a, b] = [CONDITION, A, B].map(|i| pass.inputs.get(i));
        let shapes = [CONDITION, A, B].map(|i| pass.inputs.shape(i));
        if shapes == [pass.shape; 3] {
            // What is chosen stays as it is: nothing to flush, and a zero keeps its sign.
            let output = pass.output;
            simd::dispatch(
                #[inline(always)]
                move || {
                    let choices = condition.iter().zip(a).zip(b);
                    for (out, ((&condition, &a), &b)) in output.iter_mut().zip(choices) {
                        *out = choose(condition, a, b);
                    }
                },
            );
            return;
        }
        broadcast::expand(Put::Set, pass.output, pass.shape, a, shapes[A]);
        broadcast::for_each(pass.shape, shapes[CONDITION], shapes[B], |i, condition_at, b_at| {
            pass.output[i] = choose(condition[condition_at], pass.output[i], b[b_at]);
        });
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (condition, condition_shape) =
            (pass.inputs.get(CONDITION), pass.inputs.shape(CONDITION));
        let (upstream, shape) = (&*pass.upstream, pass.shape);
        if let Some(da) = pass.cotangents.get(A) {
            let to = pass.inputs.shape(A);
            give(da, to, (condition, condition_shape), (upstream, shape), |condition, g| {
                choose(condition, g, T::ZERO)
            });
        }
        if let Some(db) = pass.cotangents.get(B) {
            let to = pass.inputs.shape(B);
            give(db, to, (condition, condition_shape), (upstream, shape), |condition, g| {
                choose(condition, T::ZERO, g)
            });
        }
    }
}

/// Adds what is `taken` of the upstream gradient to `dx`, of shape `to`. Generic over the choice:
/// a call of a function for each element took 2.5 times as long.
#[inline(always)]
fn give<T: Real>(
    dx: Cotangent<'_, T>,
    to: Shape,
    (condition, condition_shape): (&[T], Shape),
    (upstream, shape): (&[T], Shape),
    taken: impl Fn(T, T) -> T,
) {
    if to == shape && condition_shape == shape {
        return dx.zip(condition, upstream, taken);
    }
    let dx = dx.accumulate();
    broadcast::for_each(shape, condition_shape, to, |i, condition_at, x_at| {
        dx[x_at] += taken(condition[condition_at], upstream[i]);
    });
}

#[inline(always)]
fn choose<T: Real>(condition: T, a: T, b: T) -> T {
    if condition == T::ZERO {
        b
    } else if condition.is_nan() {
        condition
    } else {
        a
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The elements of `a` where `self`, the condition, is not zero, and those of `b` where it is;
    /// all three broadcast. Known as `where` in NumPy and PyTorch.
    ///
    /// The gradient goes to the one that was taken, and not to the condition. What was not taken
    /// may be infinite or NaN without harm, except that an operation *before* it multiplies its
    /// zero gradient with its own derivative. So keep the argument of a `sqrt` or `ln` in its
    /// domain, not only its result. Where the condition is NaN, so are the value and both
    /// gradients.
    ///
    /// Shapes that do not broadcast are a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    /// use chainrule_tensor::Tensor;
    ///
    /// // The Huber function with threshold 1.
    /// let graph = Graph::<f32>::new();
    /// let error = graph.input("error", [32]);
    /// let one = graph.constant(&Tensor::scalar(1.0));
    /// let huber = error.abs().greater(one).select(error.abs() - 0.5, error.square() * 0.5);
    /// assert_eq!(huber.shape(), [32].into());
    /// ```
    ///
    /// # Panics
    /// If a variable is of another graph.
    #[track_caller]
    #[must_use]
    pub fn select(self, a: Var<'g, T>, b: Var<'g, T>) -> Var<'g, T> {
        self.graph().record(Arc::new(Select), &[self, a, b], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        let zero = Tensor::scalar(0.0);
        for [condition, a, b] in [
            [&[2, 3][..], &[2, 3], &[2, 3]],
            [&[3], &[2, 3], &[2, 3]],
            [&[2, 1], &[1, 3], &[]],
            [&[2, 3], &[3], &[2, 1]],
            [&[], &[2], &[2]],
            [&[2, 3], &[], &[]],
        ] {
            // Conditions away from zero by more than the step of the differences.
            check(&[condition, a, b], |graph, x| {
                x[0].greater(graph.constant(&zero)).select(x[1].square(), x[2].sin())
            });
        }
    }

    #[test]
    fn what_was_not_taken_does_no_harm_and_nan_in_the_condition_is_seen() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let inputs = [
            Tensor::from(vec![1.0, 0.0, -2.0, nan]),
            Tensor::from(vec![1.0, nan, -0.0, 2.0]),
            Tensor::from(vec![inf, 4.0, nan, 2.0]),
        ];
        let (y, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].select(x[1], x[2]));
        assert_eq!(y.values()[..3], [1.0, 4.0, 0.0]);
        assert!(y.values()[2].is_sign_negative() && y.values()[3].is_nan());
        assert_eq!(gradients[0].values(), [0.0; 4]);
        assert_eq!(gradients[1].values()[..3], [1.0, 0.0, 1.0]);
        assert_eq!(gradients[2].values()[..3], [0.0, 1.0, 0.0]);
        assert!(gradients[1].values()[3].is_nan() && gradients[2].values()[3].is_nan());
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_mistakes() {
        let why =
            "do not broadcast: aligned at the last axis, lengths must be equal or one of them 1";
        let select = |shapes: &[&[usize]]| mistake(shapes, |_, x| x[0].select(x[1], x[2]));
        assert_eq!(select(&[&[2], &[2], &[3]]), format!("select: shapes [2] and [3] {why}"));
        assert_eq!(select(&[&[4], &[2, 1], &[3]]), format!("select: shapes [4] and [2, 3] {why}"));
    }
}
