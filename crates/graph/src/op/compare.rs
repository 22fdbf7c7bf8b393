use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, broadcast};

use super::binary::broadcast_shape;
use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// 1 where the left is greater, else 0; NaN if either is NaN. No gradient goes back.
#[derive(Debug)]
struct Greater;

impl<T: Real> Op<T> for Greater {
    fn name(&self) -> &str {
        "greater"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        broadcast_shape(inputs[0], inputs[1])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (a, b) = (pass.inputs.get(0), pass.inputs.get(1));
        let (a_shape, b_shape) = (pass.inputs.shape(0), pass.inputs.shape(1));
        broadcast::zip(Put::Set, pass.output, pass.shape, a, a_shape, b, b_shape, |a, b| {
            if a > b {
                T::ONE
            } else if a <= b {
                T::ZERO
            } else {
                T::NAN
            }
        });
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}

impl<'g, T: Real> Var<'g, T> {
    /// 1 where `self > other`, else 0, with broadcasting: a condition for [`select`](Var::select).
    /// NaN if either is NaN.
    ///
    /// No gradient goes back through it. Shapes that do not broadcast are a mistake that planning
    /// reports.
    #[track_caller]
    #[must_use]
    pub fn greater(self, other: Var<'g, T>) -> Var<'g, T> {
        self.graph().record(Arc::new(Greater), &[self, other], Location::caller())
    }

    /// 1 where `self < other`, else 0; otherwise as [`greater`](Var::greater).
    #[track_caller]
    #[must_use]
    pub fn less(self, other: Var<'g, T>) -> Var<'g, T> {
        other.greater(self)
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{mistake, value_and_gradients};

    #[test]
    fn strictly_greater_is_one_and_nan_stays() {
        let nan = f64::NAN;
        let inputs = [
            Tensor::from(vec![1.0, 2.0, 3.0, nan, 2.0]),
            Tensor::from(vec![2.0, 2.0, 2.0, 2.0, nan]),
        ];
        let (greater, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].greater(x[1]));
        assert_eq!(greater.values()[..3], [0.0, 0.0, 1.0]);
        assert!(greater.values()[3..].iter().all(|x| x.is_nan()));
        assert_eq!(gradients[0].values(), [0.0; 5]);
        let (less, _) = value_and_gradients(&inputs, None, |_, x| x[0].less(x[1]));
        assert_eq!(less.values()[..3], [1.0, 0.0, 0.0]);
        assert!(less.values()[3..].iter().all(|x| x.is_nan()));
    }

    #[test]
    fn operands_broadcast() {
        let inputs = [Tensor::from_rows([[1.0], [3.0]]), Tensor::from(vec![0.0, 2.0])];
        let (greater, _) = value_and_gradients(&inputs, None, |_, x| x[0].greater(x[1]));
        assert_eq!(greater, Tensor::from_rows([[1.0, 0.0], [1.0, 1.0]]));
        assert_eq!(
            mistake(&[&[2, 3], &[2]], |_, x| x[0].greater(x[1])),
            "greater: shapes [2, 3] and [2] do not broadcast: aligned at the last axis, lengths \
             must be equal or one of them 1"
        );
    }
}
