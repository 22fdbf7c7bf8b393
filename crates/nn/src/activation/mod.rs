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
//! | [`LogSigmoid`] | `-ln(1 + e^-x)` | `1 - e^y` | the logarithm of a probability |
//! | [`HardSigmoid`] | `x / 6 + 1/2` within 0 and 1 | 1/6 or 0 | gates without an exponential |
//! | [`HardTanh`] | `x` within -1 and 1 | 1 or 0 | as tanh, without an exponential |
//! | [`Tanhshrink`] | `x - tanh x` | `tanh^2 x` | to suppress small values smoothly |
//! | [`Softsign`] | `x / (1 + abs x)` | `(1 - abs y)^2` | as tanh, saturating slowly |
//! | [`Softplus`] | `ln(1 + e^x)` | `1 - e^-y` | a positive output, such as a variance; a smooth ReLU |
//! | [`Relu6`] | `max(0, x)`, at most 6 | 0 or 1 | small devices with numbers of few bits |
//! | [`RRelu`] | `x` or `a x`, `a` random | 1 or `a` | as leaky ReLU, with noise against overfitting |
//! | [`Selu`] | `s x` or `s a (e^x - 1)` | `s` or `y + s a` | deep networks that keep mean 0 and variance 1 without normalisation |
//! | [`Celu`] | `x` or `a (e^(x / a) - 1)` | 1 or `y / a + 1` | as ELU, smooth for any `a` |
//! | [`Gelu`] | `x P(x)` | `P(x) + x p(x)` | transformers and their feed-forward parts |
//! | [`Silu`] | `x s`, `s` the sigmoid | `s (1 + x (1 - s))` | a smooth ReLU in deep networks |
//! | [`Mish`] | `x tanh(ln(1 + e^x))` | see there | as SiLU, a little deeper below zero |
//! | [`HardSwish`] | `x (x / 6 + 1/2)` within 0 and `x` | `x / 3 + 1/2`, 0 or 1 | as SiLU, without an exponential |
//! | [`HardShrink`] | `x` or, if small, 0 | 1 or 0 | sparse codes |
//! | [`SoftShrink`] | `x` moved towards 0 | 1 or 0 | sparse codes, without a jump |
//! | [`Threshold`] | `x` above a threshold, else a value | 1 or 0 | sparse codes of positive values |
//! | [`Softmin`] | `e^-x_i / sum e^-x_j` | `-y (g - sum g y)` | weights that favour the smallest |
//! | [`Glu`] | `a s(b)`, halves of the features | `s`, `y (1 - s)` | features that are gated by others |
//! | [`Maxout`] | the largest of `k` adjacent features | 1 or 0 | convex functions that are learned, with dropout |
//! | [`Parametric`] | `x + a (f(x) - x)`, `a` learned | `1 + a (f' - 1)` | units that choose how much of another activation to take |

#[macro_use]
mod pointwise_activation;

mod bounds;
mod celu;
#[cfg(test)]
mod check;
mod elu;
mod gain;
mod gelu;
mod glu;
mod hard_shrink;
mod hard_sigmoid;
mod hard_swish;
mod hard_tanh;
mod identity;
mod leaky_relu;
mod log_sigmoid;
mod log_softmax;
mod maxout;
mod mish;
mod parametric;
mod prelu;
mod relu;
mod relu6;
mod rrelu;
mod selu;
mod sigmoid;
mod silu;
mod soft_shrink;
mod softmax;
mod softmin;
mod softplus;
mod softsign;
mod tanh;
mod tanhshrink;
#[cfg(test)]
mod tests;
mod threshold;

use std::sync::Arc;

use chainrule_graph::{Pointwise, Properties};
use chainrule_tensor::Real;

use crate::config::{Aliases, Family};
use crate::{ConfigError, Configure, Layer};

pub use celu::Celu;
pub use elu::Elu;
pub use gelu::Gelu;
pub use glu::Glu;
pub use hard_shrink::HardShrink;
pub use hard_sigmoid::HardSigmoid;
pub use hard_swish::HardSwish;
pub use hard_tanh::HardTanh;
pub use identity::Identity;
pub use leaky_relu::LeakyRelu;
pub use log_sigmoid::LogSigmoid;
pub use log_softmax::LogSoftmax;
pub use maxout::Maxout;
pub use mish::Mish;
pub use parametric::Parametric;
pub use prelu::PRelu;
pub use relu::Relu;
pub use relu6::Relu6;
pub use rrelu::RRelu;
pub use selu::Selu;
pub use sigmoid::Sigmoid;
pub use silu::Silu;
pub use soft_shrink::SoftShrink;
pub use softmax::Softmax;
pub(crate) use softmax::{ROWS, less, max_and_sum_exp, softmax_rows};
pub use softmin::Softmin;
pub use softplus::Softplus;
pub use softsign::Softsign;
pub use tanh::Tanh;
pub use tanhshrink::Tanhshrink;
pub use threshold::Threshold;

/// A layer that is an activation, with what is known of it.
pub trait Activation<T: Real = f32>: Layer<T> + Configure {
    /// Range, kinks, saturation, initialisation gain.
    fn properties(&self) -> Properties;

    /// The element-wise function that it is, if it is one without parameters; that of evaluation,
    /// where training is random. By default none.
    fn pointwise(&self) -> Option<Arc<dyn Pointwise<T>>> {
        None
    }

    /// The number that the length of the last axis must be divisible by; the output's last axis is
    /// shorter by this factor. By default 1: any length, which stays.
    fn divisor(&self) -> usize {
        1
    }

    /// Returns true if it makes a distribution of the last axis, for the output of a model rather
    /// than for hidden layers. By default no.
    fn for_outputs(&self) -> bool {
        false
    }
}

/// Every activation with its default settings, in the order of the table above. Names, gradient
/// checks and command lines come from this list.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Activation<T>> {
    let entries: Vec<Box<dyn Activation<T>>> = vec![
        Box::new(Sigmoid),
        Box::new(Tanh),
        Box::new(Relu),
        Box::new(LeakyRelu::default()),
        Box::new(PRelu::default()),
        Box::new(Elu::default()),
        Box::new(Identity),
        Box::new(Softmax),
        Box::new(LogSoftmax),
        Box::new(LogSigmoid),
        Box::new(HardSigmoid),
        Box::new(HardTanh::default()),
        Box::new(Tanhshrink),
        Box::new(Softsign),
        Box::new(Softplus::default()),
        Box::new(Relu6),
        Box::new(RRelu::default()),
        Box::new(Selu),
        Box::new(Celu::default()),
        Box::new(Gelu::default()),
        Box::new(Silu),
        Box::new(Mish),
        Box::new(HardSwish),
        Box::new(HardShrink::default()),
        Box::new(SoftShrink::default()),
        Box::new(Threshold::default()),
        Box::new(Softmin),
        Box::new(Glu),
        Box::new(Maxout::default()),
        Box::new(Parametric::default()),
    ];
    Family::new("activation", |activation| activation.kind(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Activation<T>>> {
    family().all()
}

/// Other names of activations.
pub const ALIASES: Aliases = &[("swish", "silu"), ("hard_silu", "hard_swish")];

/// The activation that a text names, such as `leaky_relu` or `leaky_relu(slope=0.2)`; also by one
/// of [`ALIASES`], and whatever the capitals and underscores are: `LeakyReLU`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Activation<T>>, ConfigError> {
    family().by_name(text)
}
