use std::panic::Location;

use chainrule_tensor::Shape;
use chainrule_tensor::memory::TooLarge;

/// Why a model cannot be planned: the first mistake made while recording it, with the place where
/// it was made.
///
/// Recording never fails on the spot, so that no `?` stands behind each operator;
/// [`Graph::plan`](crate::Graph::plan) returns the first mistake, and everything recorded after it
/// is ignored.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}{} (recorded at {location})", in_layer(.layer))]
pub struct BuildError {
    /// The fault.
    pub kind: BuildErrorKind,
    /// The layer in which it happened, as a path of scopes; empty outside of any.
    pub layer: String,
    /// The line of the caller.
    pub location: &'static Location<'static>,
}

fn in_layer(layer: &str) -> String {
    if layer.is_empty() { String::new() } else { format!(" in layer `{layer}`") }
}

/// The kinds of mistake behind a [`BuildError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// The operands of an operation do not fit.
    #[error("{op}: {why}")]
    Shape {
        /// The operation.
        op: String,
        /// The shapes, and the rule that they break.
        why: String,
    },
    /// The root of a plan for `backward` has more than one element.
    #[error(
        "plan: the loss has shape {shape}, but only a scalar has a gradient; reduce it with \
         `mean(..)` or `sum(..)`, or plan it with \
         `plan_with_upstream`"
    )]
    NotScalar {
        /// The root's shape.
        shape: Shape,
    },
    /// A parameter that the given layout does not hold.
    #[error("there is no parameter `{name}`; the parameters given are: {known}")]
    UnknownParameter {
        /// The full name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A statistic that the given layout does not hold.
    #[error("there is no statistic `{name}`; the statistics given are: {known}")]
    UnknownStatistic {
        /// The full name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A statistic of another shape than the one asked for, or than its new value.
    #[error("statistic `{name}` is given the shape {asked}, but it has shape {held}")]
    StatisticShape {
        /// The full name.
        name: String,
        /// The shape asked for or given.
        asked: Shape,
        /// The shape it has.
        held: Shape,
    },
    /// A parameter declared twice, or held by the given layout, with another shape.
    #[error("parameter `{name}` is asked for with shape {asked}, but it has shape {held}")]
    ParameterShape {
        /// The full name.
        name: String,
        /// The shape asked for.
        asked: Shape,
        /// The shape it has.
        held: Shape,
    },
    /// An initialiser that cannot fill a parameter of this shape.
    #[error("parameter `{name}` of shape {shape} cannot be initialised: {why}")]
    Initialiser {
        /// The full name.
        name: String,
        /// The parameter's shape.
        shape: Shape,
        /// The initialiser's reason.
        why: String,
    },
    /// Memory cannot hold a value of this shape.
    #[error("{name}: shape {shape} is too large: {why}")]
    Memory {
        /// The parameter, statistic, input or operation.
        name: String,
        /// Its shape.
        shape: Shape,
        /// How much it asks for.
        why: TooLarge,
    },
    /// A mistake that a layer or a loss found.
    #[error("{0}")]
    Model(String),
}

/// Why values cannot become an input of a [`Workspace`](crate::Workspace).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Another number of values than the input holds.
    #[error("input `{name}` has shape {shape}, {} values; {given} were given", shape.elements())]
    Length {
        /// The input's name.
        name: String,
        /// The input's shape.
        shape: Shape,
        /// The number of values given.
        given: usize,
    },
    /// A class index outside of `0..classes`, or not a whole number.
    #[error("input `{name}`: the label of sample {sample} is {label}, but classes are the whole \
             numbers from 0 to {}", classes - 1)]
    Class {
        /// The input's name.
        name: String,
        /// The sample's position in the batch.
        sample: usize,
        /// The label, as text.
        label: String,
        /// The number of classes.
        classes: usize,
    },
}
