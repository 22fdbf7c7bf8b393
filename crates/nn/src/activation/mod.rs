//! Activations: what makes a network more than one affine map.
//!
//! | activation | `f(x)` | derivative | when to choose it |
//! |---|---|---|---|
//! | [`Sigmoid`] | `1 / (1 + e^-x)` | `y (1 - y)`, at most 1/4 | gates and probabilities; in deep hidden layers its gradient vanishes |
//! | [`Tanh`] | `tanh x` | `1 - y^2`, at most 1 | small or recurrent networks; zero-centred, but saturates too |
//! | [`Relu`] | `max(0, x)` | 0 or 1 | the default of deep networks; a unit that is never positive is dead |
//! | [`LeakyRelu`] | `x` or `a x` | 1 or `a` | as ReLU, without dead units |
//! | [`PRelu`] | `x` or `a x`, `a` learned | 1 or `a` | as leaky ReLU, when the slope should fit the data |
//! | [`Elu`] | `x` or `alpha (e^x - 1)` | 1 or `y + alpha` | smooth, mean output near zero, no dead units |
//! | [`Identity`] | `x` | 1 | the output of a regression |
//! | [`Softmax`] | `e^x_i / sum e^x_j` | `y (g - sum g y)` | probabilities of classes, at inference |
//! | [`LogSoftmax`] | `x_i - ln sum e^x_j` | `g - softmax sum g` | logarithms of probabilities |

#[cfg(test)]
mod check;
mod elu;
mod identity;
mod leaky_relu;
mod log_softmax;
mod prelu;
mod relu;
mod sigmoid;
mod softmax;
mod tanh;

use chainrule_graph::{Pointwise, Properties, Var};
use chainrule_tensor::Real;

use crate::config::choose;
use crate::{ConfigError, Configure, Layer};

pub use elu::Elu;
pub use identity::Identity;
pub use leaky_relu::LeakyRelu;
pub use log_softmax::LogSoftmax;
pub use prelu::PRelu;
pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use softmax::Softmax;
pub(crate) use softmax::{row_max, softmax_rows, sum_exp};
pub use tanh::Tanh;

/// A layer that is an activation, with what is known of it.
pub trait Activation<T: Real = f32>: Layer<T> + Configure {
    /// Range, kinks, saturation, initialisation gain.
    fn properties(&self) -> Properties;
}

/// Every activation with its default settings, in the order of the table above. Names, gradient checks and command
/// lines come from this list.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Activation<T>>> {
    vec![
        Box::new(Sigmoid),
        Box::new(Tanh),
        Box::new(Relu),
        Box::new(LeakyRelu::default()),
        Box::new(PRelu::default()),
        Box::new(Elu::default()),
        Box::new(Identity),
        Box::new(Softmax),
        Box::new(LogSoftmax),
    ]
}

/// The activation that a text names, such as `leaky_relu` or `leaky_relu(slope=0.2)`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Activation<T>>, ConfigError> {
    choose("activation", all(), |activation| activation.kind().to_owned(), text)
}

/// Makes an element-wise function an activation layer.
macro_rules! pointwise_activation {
    ($type:ty) => {
        impl<T: Real> Layer<T> for $type {
            fn kind(&self) -> &str {
                Pointwise::<T>::name(self)
            }
            fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
                x.map(*self)
            }
        }

        impl<T: Real> Activation<T> for $type {
            fn properties(&self) -> Properties {
                Pointwise::<T>::properties(self)
            }
        }
    };
}

pointwise_activation!(Sigmoid);
pointwise_activation!(Tanh);
pointwise_activation!(Relu);
pointwise_activation!(LeakyRelu);
pointwise_activation!(Identity);
