use std::fmt;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real};

use super::is_zero;
use crate::plan::WatchedBack;
use crate::pointwise::{DerivativeReads, Pointwise};

/// Why a gradient that reaches a parameter is exactly zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZeroCause {
    /// Every unit of an activation behind it is inactive, for every sample that a gradient reaches:
    /// they are where the function is flat, such as a ReLU below zero.
    Dead {
        /// The activation.
        at: Place,
        /// How many units it has.
        units: usize,
    },
    /// Every unit of an activation behind it is so far in saturation that the derivative underflows
    /// to zero.
    Saturated {
        /// The activation.
        at: Place,
        /// How many units it has.
        units: usize,
    },
    /// The weights that its influence goes through are all zero.
    ZeroWeights {
        /// The name of those weights.
        parameter: String,
        /// The operation that multiplies by them.
        at: Place,
    },
    /// All that it, or its influence, is multiplied with is zero.
    ZeroInput {
        /// The operation that multiplies.
        at: Place,
    },
    /// It gets gradients, and they add up to zero.
    Cancelled {
        /// The operation that adds, or one of those whose gradients cancel.
        at: Place,
    },
    /// None of these: it vanishes in this operation.
    Unknown {
        /// The operation, if there is one.
        at: Option<Place>,
    },
}

/// An operation and its layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The operation's name, of a fused one that of the part that counts.
    pub op: String,
    /// The layer's path; empty outside of layers.
    pub layer: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.op)?;
        if self.layer.is_empty() { Ok(()) } else { write!(f, " of layer `{}`", self.layer) }
    }
}

impl fmt::Display for ZeroCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |units: &usize| {
            if *units == 1 { "the only unit".to_owned() } else { format!("all {units} units") }
        };
        match self {
            ZeroCause::Dead { at, units } => write!(f, "{} of {at} inactive", all(units)),
            ZeroCause::Saturated { at, units } => {
                write!(f, "{} of {at} saturated, the derivative underflows to zero", all(units))
            }
            ZeroCause::ZeroWeights { parameter, at } => {
                write!(f, "the weights `{parameter}` in {at} behind it are all zero")
            }
            ZeroCause::ZeroInput { at } => {
                write!(f, "the values that it meets in {at} are all zero")
            }
            ZeroCause::Cancelled { at } => write!(f, "its gradients cancel out, from {at} on"),
            ZeroCause::Unknown { at: Some(at) } => {
                write!(f, "it vanishes in {at} for an unknown reason")
            }
            ZeroCause::Unknown { at: None } => f.write_str("for an unknown reason"),
        }
    }
}

/// Why an operation makes nothing of an upstream gradient that is not zero.
pub(super) fn cause<T: Real>(watched: WatchedBack<'_, T>, input: usize) -> ZeroCause {
    let at = |op: &str| Place { op: op.to_owned(), layer: watched.op.layer().to_owned() };
    let op = &watched.op.step.op;
    // The activation first: what it lets through is what the rest of the operation sees.
    let mut seen = None;
    if let Some(function) = op.pointwise().or(op.fused()) {
        let passed = behind(&**function, watched);
        if is_zero(&passed) {
            return flat(&**function, watched, at(function.name()));
        }
        seen = Some(passed);
    }
    let first = first(watched);
    if first.op == "affine" && input == 2 {
        return ZeroCause::Cancelled { at: first };
    }
    // A softmax that gives each row to one class is no element-wise function, but as flat as a
    // saturated one.
    let decided = |&y: &T| y == T::ZERO || y == T::ONE;
    let (inputs, output) = (watched.op.step.operands.len(), watched.output());
    if inputs == 1 && !output.is_empty() && output.iter().all(decided) {
        return ZeroCause::Saturated { at: first, units: watched.op.shape().as_rows().1 };
    }
    let product = matches!(&*first.op, "affine" | "matmul" | "mul") && inputs > 1 && input <= 1;
    let unknown = ZeroCause::Unknown { at: Some(first.clone()) };
    if !product || !seen.as_deref().unwrap_or(watched.upstream).iter().any(|&g| g != T::ZERO) {
        return unknown;
    }
    let other = 1 - input;
    if !watched.input(other).is_some_and(is_zero) {
        return unknown;
    }
    match watched.op.parameter(other) {
        Some(parameter) => ZeroCause::ZeroWeights { parameter: parameter.to_owned(), at: first },
        None => ZeroCause::ZeroInput { at: first },
    }
}

/// The operation, without a function fused onto it.
pub(super) fn first<T: Real>(watched: WatchedBack<'_, T>) -> Place {
    let name = watched.op.name();
    let op =
        if watched.op.is_fused() { name.split(" + ").next().unwrap_or_default() } else { name };
    Place { op: op.to_owned(), layer: watched.op.first_layer().to_owned() }
}

/// The values that the derivative of a function reads.
fn read<'a, T: Real>(function: &dyn Pointwise<T>, watched: WatchedBack<'a, T>) -> &'a [T] {
    match function.derivative_reads() {
        DerivativeReads::Input => watched.op.inputs(watched.op.step.op.reads()).get(0),
        DerivativeReads::Output => watched.output(),
        DerivativeReads::Nothing => watched.upstream,
    }
}

/// The upstream gradient behind the function.
fn behind<T: Real>(function: &dyn Pointwise<T>, watched: WatchedBack<'_, T>) -> Aligned<T> {
    let mut passed = Aligned::zeros(watched.upstream.len());
    function.map_back(Put::Set, &mut passed, watched.upstream, read(function, watched));
    passed
}

/// Which kind of flatness stops every gradient, if it is the function's own and not a product that
/// underflows.
fn flat<T: Real>(function: &dyn Pointwise<T>, watched: WatchedBack<'_, T>, at: Place) -> ZeroCause {
    let slopes =
        watched.upstream.iter().zip(read(function, watched)).filter(|(g, _)| **g != T::ZERO);
    let mut flat = slopes.map(|(_, &x)| function.derivative(x) == T::ZERO);
    let properties = function.properties();
    let saturates =
        [properties.range.0, properties.range.1, properties.responsive.0, properties.responsive.1];
    let (_, units) = watched.op.shape().as_rows();
    match flat.all(|flat| flat) {
        true if properties.can_die => ZeroCause::Dead { at, units },
        true if saturates.iter().any(|bound| bound.is_finite()) => {
            ZeroCause::Saturated { at, units }
        }
        _ => ZeroCause::Unknown { at: Some(at) },
    }
}
