//! Element-wise functions: one definition serves as operation, as layer and as the fused end of an
//! affine operation.

#[doc(hidden)]
pub mod kernels;
mod map;
mod math;
mod relu;
mod sigmoid;
mod tanh;

use std::fmt::Debug;

use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;

pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use tanh::Tanh;

/// A differentiable function of one number, applied to each element.
///
/// An implementation states the function and its derivative; the kernels below them are compiled
/// for each implementation, vectorised, and need no change.
///
/// ```
/// use std::sync::Arc;
///
/// use chainrule_graph::{DerivativeReads, Pointwise, gradcheck};
/// use chainrule_tensor::{Real, Tensor};
///
/// /// `y = sin x`, with `dy/dx = cos x`.
/// #[derive(Debug)]
/// struct Sine;
///
/// impl<T: Real> Pointwise<T> for Sine {
///     fn name(&self) -> &'static str {
///         "sine"
///     }
///     fn value(&self, x: T) -> T {
///         x.sin()
///     }
///     fn derivative(&self, x: T) -> T {
///         x.cos()
///     }
///     fn derivative_reads(&self) -> DerivativeReads {
///         DerivativeReads::Input
///     }
/// }
///
/// gradcheck(&[Tensor::from(vec![-2.0, 0.0, 1.0])], |_, x| x[0].map(Sine))?;
/// # Ok::<(), chainrule_graph::GradcheckError>(())
/// ```
pub trait Pointwise<T: Real>: Debug + Send + Sync + 'static {
    /// The name, in messages, drawings and configuration.
    fn name(&self) -> &'static str;

    /// `f(x)`.
    fn value(&self, x: T) -> T;

    /// `f'`, from what [`derivative_reads`](Pointwise::derivative_reads) names: the input or the
    /// output.
    fn derivative(&self, at: T) -> T;

    /// States the value that [`derivative`](Pointwise::derivative) reads: input or output.
    fn derivative_reads(&self) -> DerivativeReads;

    /// The known facts of the function: its kinks, its range, where it saturates.
    fn properties(&self) -> Properties {
        Properties::default()
    }

    /// The gradient that goes back: `upstream * f'`. A function with a region of derivative zero
    /// selects instead of multiplying, so that an infinite upstream gradient does not become NaN
    /// there.
    #[inline(always)]
    fn pull_back(&self, upstream: T, at: T) -> T {
        upstream * self.derivative(at)
    }

    /// `y = f(x)` over slices of equal length.
    #[doc(hidden)]
    fn map(&self, x: &[T], y: &mut [T]) {
        kernels::map(
            y,
            x,
            #[inline(always)]
            |x| self.value(x),
        );
    }

    /// `z = f(z)` in place.
    #[doc(hidden)]
    fn map_in_place(&self, z: &mut [T]) {
        kernels::map_in_place(
            z,
            #[inline(always)]
            |x| self.value(x),
        );
    }

    /// `dx = upstream * f'` or `dx += upstream * f'` over slices of equal length.
    #[doc(hidden)]
    fn map_back(&self, put: Put, dx: &mut [T], upstream: &[T], at: &[T]) {
        kernels::map_back(
            put,
            dx,
            upstream,
            at,
            #[inline(always)]
            |g, at| self.pull_back(g, at),
        );
    }

    /// `z = f(z + bias)` for each row of `z`.
    #[doc(hidden)]
    fn bias_map(&self, z: &mut [T], bias: &[T]) {
        kernels::bias_map(
            z,
            bias,
            #[inline(always)]
            |x| self.value(x),
        );
    }

    /// `upstream = upstream * f'` in place, and its sum over the rows added to `bias`.
    #[doc(hidden)]
    fn bias_map_back(&self, upstream: &mut [T], at: &[T], bias: &mut [T]) {
        kernels::bias_map_back(
            upstream,
            at,
            bias,
            #[inline(always)]
            |g, at| self.pull_back(g, at),
        );
    }

    /// `upstream = upstream * f'` in place.
    #[doc(hidden)]
    fn map_back_in_place(&self, upstream: &mut [T], at: &[T]) {
        kernels::map_back_in_place(
            upstream,
            at,
            #[inline(always)]
            |g, at| self.pull_back(g, at),
        );
    }
}

/// For an `impl<T: Real> Pointwise<T>` of a `Copy` type with settings: the same kernels on a copy
/// of it, whose settings are loaded once instead of for each element.
#[macro_export]
macro_rules! pointwise_by_value {
    () => {
        fn map(&self, x: &[T], y: &mut [T]) {
            let f = *self;
            $crate::kernels::map(
                y,
                x,
                #[inline(always)]
                move |x| $crate::Pointwise::<T>::value(&f, x),
            );
        }
        fn map_in_place(&self, z: &mut [T]) {
            let f = *self;
            $crate::kernels::map_in_place(
                z,
                #[inline(always)]
                move |x| $crate::Pointwise::<T>::value(&f, x),
            );
        }
        fn map_back(&self, put: $crate::kernels::Put, dx: &mut [T], upstream: &[T], at: &[T]) {
            let f = *self;
            $crate::kernels::map_back(
                put,
                dx,
                upstream,
                at,
                #[inline(always)]
                move |g, at| $crate::Pointwise::<T>::pull_back(&f, g, at),
            );
        }
        fn bias_map(&self, z: &mut [T], bias: &[T]) {
            let f = *self;
            $crate::kernels::bias_map(
                z,
                bias,
                #[inline(always)]
                move |x| $crate::Pointwise::<T>::value(&f, x),
            );
        }
        fn bias_map_back(&self, upstream: &mut [T], at: &[T], bias: &mut [T]) {
            let f = *self;
            $crate::kernels::bias_map_back(
                upstream,
                at,
                bias,
                #[inline(always)]
                move |g, at| $crate::Pointwise::<T>::pull_back(&f, g, at),
            );
        }
        fn map_back_in_place(&self, upstream: &mut [T], at: &[T]) {
            let f = *self;
            $crate::kernels::map_back_in_place(
                upstream,
                at,
                #[inline(always)]
                move |g, at| $crate::Pointwise::<T>::pull_back(&f, g, at),
            );
        }
    };
}

/// The value that the derivative of a [`Pointwise`] function is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivativeReads {
    /// The input `x`, which is then kept for the way back.
    Input,
    /// The output `y = f(x)`, as in `tanh' = 1 - y^2`; the input may be overwritten.
    Output,
    /// Neither: the derivative is the same everywhere.
    Nothing,
}

/// The known facts of a [`Pointwise`] function beyond its values; initialisers, gradient checks and
/// diagnosis read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Properties {
    /// The infimum and supremum of the values.
    pub range: (f64, f64),
    /// The inputs at which the derivative, or the value itself, jumps. There
    /// [`derivative`](Pointwise::derivative) gives the chosen subgradient.
    pub kinks: Vec<f64>,
    /// The Lipschitz constant, which is the largest `|f'|`; infinite if there is none, as where the
    /// function jumps.
    pub lipschitz: f64,
    /// The inputs outside of which the function saturates: `|f'|` is below 5 % of its maximum
    /// there, and above just within. The bounds may be infinite.
    pub responsive: (f64, f64),
    /// True if the derivative is exactly zero over a whole half-line, so that a unit can stop
    /// learning for good.
    pub can_die: bool,
    /// The factor by which initialisers scale weights in front of this function:
    /// `1 / sqrt(E[f(z)^2])` or PyTorch's value.
    pub gain: f64,
}

impl Default for Properties {
    /// Of a function of which nothing is known: no kinks, no bounds, gain 1.
    fn default() -> Self {
        Properties {
            range: (f64::NEG_INFINITY, f64::INFINITY),
            kinks: Vec::new(),
            lipschitz: f64::INFINITY,
            responsive: (f64::NEG_INFINITY, f64::INFINITY),
            can_die: false,
            gain: 1.0,
        }
    }
}
