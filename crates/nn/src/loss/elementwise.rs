use std::fmt;

use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Cotangent, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::Domain;

/// A loss that gives each element a value of its own, `l(p, t)`.
///
/// An implementation states the value and its two derivatives; [`elementwise_loss`] makes it one
/// operation, of one pass over the elements each way. With closures instead of an implementation it
/// is [`CustomLoss::with_gradient`](super::CustomLoss::with_gradient).
pub trait Elementwise<T: Real>: fmt::Debug + Send + Sync + 'static {
    /// The name, in messages and drawings.
    fn name(&self) -> &str;

    /// The predictions and targets that it takes; by default any numbers.
    fn domain(&self) -> Domain {
        Domain::VALUES
    }

    /// `l(p, t)`.
    fn value(&self, prediction: T, target: T) -> T;

    /// The derivatives by the prediction and by the target.
    fn gradient(&self, prediction: T, target: T) -> (T, T);

    /// The values over slices of equal length.
    #[doc(hidden)]
    fn all_values(&self, out: &mut [T], predictions: &[T], targets: &[T]) {
        kernels::values(
            out,
            predictions,
            targets,
            #[inline(always)]
            |p, t| self.value(p, t),
        );
    }

    /// The gradients by the prediction or by the target, over slices of equal length.
    #[doc(hidden)]
    fn all_gradients(&self, to: Cotangent<'_, T>, by: By, upstream: &[T], at: [&[T]; 2]) {
        kernels::gradients(
            to,
            by,
            upstream,
            at,
            #[inline(always)]
            |p, t| self.gradient(p, t),
        );
    }
}

/// The operand that a gradient is taken by.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Prediction,
    Target,
}

/// For an `impl<T: Real> Elementwise<T>` of a `Copy` type with settings: the same loops on a copy
/// of it, whose settings are loaded once instead of for each element.
macro_rules! elementwise_by_value {
    () => {
        fn all_values(&self, out: &mut [T], predictions: &[T], targets: &[T]) {
            let loss = *self;
            super::elementwise::kernels::values(
                out,
                predictions,
                targets,
                #[inline(always)]
                move |p, t| Elementwise::<T>::value(&loss, p, t),
            );
        }
        fn all_gradients(
            &self,
            to: chainrule_graph::op::Cotangent<'_, T>,
            by: super::elementwise::By,
            upstream: &[T],
            at: [&[T]; 2],
        ) {
            let loss = *self;
            super::elementwise::kernels::gradients(
                to,
                by,
                upstream,
                at,
                #[inline(always)]
                move |p, t| Elementwise::<T>::gradient(&loss, p, t),
            );
        }
    };
}

/// The loops of a loss, over a closure.
pub(super) mod kernels {
    use chainrule_graph::op::Cotangent;
    use chainrule_tensor::gemm::Put;
    use chainrule_tensor::{Real, elementwise};

    use super::By;

    #[inline(always)]
    pub(crate) fn values<T: Real>(
        out: &mut [T],
        predictions: &[T],
        targets: &[T],
        value: impl Fn(T, T) -> T,
    ) {
        elementwise::zip(Put::Set, out, predictions, targets, value);
    }

    #[inline(always)]
    pub(crate) fn gradients<T: Real>(
        to: Cotangent<'_, T>,
        by: By,
        upstream: &[T],
        [predictions, targets]: [&[T]; 2],
        gradient: impl Fn(T, T) -> (T, T),
    ) {
        let Cotangent { values, put } = to;
        match by {
            By::Prediction => elementwise::zip3(
                put,
                values,
                upstream,
                predictions,
                targets,
                #[inline(always)]
                |g, p, t| g * gradient(p, t).0,
            ),
            By::Target => elementwise::zip3(
                put,
                values,
                upstream,
                predictions,
                targets,
                #[inline(always)]
                |g, p, t| g * gradient(p, t).1,
            ),
        }
    }
}

/// Records an element-wise loss. Prediction and target must have the same shape: nothing is
/// broadcast.
///
/// ```
/// use chainrule_graph::gradcheck;
/// use chainrule_nn::loss::{Elementwise, elementwise_loss};
/// use chainrule_tensor::{Real, Tensor};
///
/// /// `ln(1 + (p - t)^2)`: far outliers hardly count.
/// #[derive(Debug)]
/// struct Cauchy;
///
/// impl<T: Real> Elementwise<T> for Cauchy {
///     fn name(&self) -> &str {
///         "cauchy"
///     }
///     fn value(&self, p: T, t: T) -> T {
///         ((p - t) * (p - t)).ln_1p()
///     }
///     fn gradient(&self, p: T, t: T) -> (T, T) {
///         let slope = T::TWO * (p - t) / (T::ONE + (p - t) * (p - t));
///         (slope, -slope)
///     }
/// }
///
/// let (p, t) = (Tensor::from(vec![0.5, -2.0]), Tensor::from(vec![0.5, 1.0]));
/// gradcheck(&[p, t], |_, x| elementwise_loss(Cauchy, x[0], x[1]))?;
/// # Ok::<(), chainrule_graph::GradcheckError>(())
/// ```
#[track_caller]
pub fn elementwise_loss<'g, T: Real>(
    loss: impl Elementwise<T>,
    prediction: Var<'g, T>,
    target: Var<'g, T>,
) -> Var<'g, T> {
    prediction.graph().apply(ElementwiseOp(loss), &[prediction, target])
}

#[derive(Debug)]
struct ElementwiseOp<L>(L);

const PREDICTION: usize = 0;
const TARGET: usize = 1;

impl<T: Real, L: Elementwise<T>> Op<T> for ElementwiseOp<L> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        same_shape(inputs[PREDICTION], inputs[TARGET])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        self.0.all_values(pass.output, pass.inputs.get(PREDICTION), pass.inputs.get(TARGET));
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let at = [PREDICTION, TARGET].map(|i| pass.inputs.get(i));
        if let Some(dp) = pass.cotangents.get(PREDICTION) {
            self.0.all_gradients(dp, By::Prediction, pass.upstream, at);
        }
        if let Some(dt) = pass.cotangents.get(TARGET) {
            self.0.all_gradients(dt, By::Target, pass.upstream, at);
        }
    }
}

/// The shape that prediction and target have in common.
pub(super) fn same_shape(prediction: Shape, target: Shape) -> Result<Shape, String> {
    if prediction == target {
        return Ok(prediction);
    }
    Err(format!(
        "prediction {prediction} and target {target} must have the same shape; reshape one of them \
         if they mean the same"
    ))
}

/// Makes an element-wise function of prediction and target a [`Loss`](super::Loss), which reports
/// settings that make no sense.
macro_rules! elementwise_loss {
    ($type:ty) => {
        impl<T: chainrule_tensor::Real> $crate::Loss<T> for $type {
            fn name(&self) -> &str {
                $crate::loss::Elementwise::<T>::name(self)
            }

            fn domain(&self) -> $crate::loss::Domain {
                $crate::loss::Elementwise::<T>::domain(self)
            }

            #[track_caller]
            fn values<'g>(
                &self,
                prediction: chainrule_graph::Var<'g, T>,
                target: chainrule_graph::Var<'g, T>,
            ) -> chainrule_graph::Var<'g, T> {
                use $crate::loss::{Elementwise, checks, elementwise_loss};
                checks::require(prediction, $crate::Configure::check(self));
                let (name, domain) = (Elementwise::<T>::name(self), Elementwise::<T>::domain(self));
                checks::expect(name, domain.predictions, prediction);
                elementwise_loss(*self, prediction, target)
            }
        }
    };
}
