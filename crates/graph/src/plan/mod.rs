//! The immutable program that a recording becomes.

mod adjoints;
mod buffers;
mod build;
mod copy;
mod draft;
mod flow;
mod replay;
mod sources;
mod values;
mod walk;
mod watch;

use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real, Shape};

use crate::BuildError;
use crate::layout::Layout;
use crate::op::Op;
use crate::params::{Grads, Params};
use crate::workspace::Workspace;

pub use sources::Source;
pub use walk::{Observer, on_backward, on_forward};
pub use watch::{Watched, WatchedBack, WatchedOp};

/// A recording turned into a program: which operations are needed, in what order, on which buffers.
///
/// It never changes and can be shared between threads; all that changes is in the [`Workspace`],
/// the [`Params`] and the [`Grads`]. Replaying it neither allocates nor fails.
#[derive(Debug)]
pub struct Plan<T: Real = f32> {
    layout: Arc<Layout>,
    pub(crate) constants: Vec<Aligned<T>>,
    pub(crate) steps: Vec<PlanStep<T>>,
    /// The copies that [`Plan::update_statistics`] makes.
    updates: Vec<Update>,
    bindings: Arc<Bindings>,
    pub(crate) value_lens: Vec<usize>,
    adjoint_lens: Vec<usize>,
    /// The step whose value is the first root; none where that is an input.
    pub(crate) root: Option<usize>,
    /// The number of elements of the root; none where the plan has no way back.
    pub(crate) root_len: Option<usize>,
    /// Where the gradient with respect to the root goes to begin with; `Unwanted` where it reaches
    /// nothing.
    upstream: Slot,
    reach: Vec<Reach>,
    derivatives: Derivatives,
}

/// One operation of a plan.
#[derive(Debug)]
pub(crate) struct PlanStep<T: Real> {
    pub(crate) op: Arc<dyn Op<T>>,
    /// The operation without the function that was fused onto it, where one was.
    unfused: Option<Arc<dyn Op<T>>>,
    /// The node whose value it makes.
    node: u32,
    pub(crate) operands: Vec<Operand>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) output: usize,
    pub(crate) shape: Shape,
    /// The number of elements of the value.
    pub(crate) len: usize,
    /// The buffer and the number of values that the operation leaves for its way back.
    saved: Option<(usize, usize)>,
    back: Option<Back>,
    pub(crate) layer: String,
    /// The layer of the operation that a function was fused onto; the same where there is none.
    pub(crate) first_layer: String,
    pub(crate) location: &'static Location<'static>,
}

/// The new value of a statistic after a pass.
#[derive(Debug)]
struct Update {
    range: Range<usize>,
    /// The workspace's buffer that holds it.
    value: usize,
}

/// The way back through one operation.
#[derive(Debug)]
struct Back {
    upstream: usize,
    /// Where the upstream gradient is kept for the outside, before the operation may overwrite it.
    kept: Option<usize>,
    slots: Vec<Slot>,
    /// The slot that several of the slots share: cleared beforehand, so that they can add in any
    /// order.
    shared: Vec<Slot>,
}

/// Where an operation finds an input.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Value { buffer: usize, len: usize },
    Param(Range<usize>),
    Statistic(Range<usize>),
    Constant(usize),
}

/// Where an operation leaves the gradient with respect to an input. Whether it is the first to do
/// so is known when planning.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Unwanted,
    Adjoint { buffer: usize, len: usize, put: Put },
    Grad { range: Range<usize>, put: Put },
}

impl Slot {
    /// The way in which the gradient is left there, as the first or added: `None` if nobody wants
    /// it.
    fn put(&mut self) -> Option<&mut Put> {
        match self {
            Slot::Unwanted => None,
            Slot::Adjoint { put, .. } | Slot::Grad { put, .. } => Some(put),
        }
    }

    /// Makes the gradient zero if nothing has been left there yet.
    fn clear<T: Real>(&self, adjoints: &mut [Aligned<T>], grads: &mut [T], accumulate: bool) {
        match self {
            Slot::Adjoint { buffer, len, put: Put::Set } => adjoints[*buffer][..*len].fill(T::ZERO),
            Slot::Grad { range, put: Put::Set } if !accumulate => {
                grads[range.clone()].fill(T::ZERO)
            }
            _ => {}
        }
    }
}

/// The values that the outside may reach in a workspace, by node.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) graph: u32,
    pub(crate) nodes: Vec<Binding>,
}

#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) is_input: bool,
    pub(crate) is_param: bool,
    pub(crate) classes: Option<usize>,
    pub(crate) value: Option<usize>,
    pub(crate) gradient: Option<usize>,
}

/// The way in which the gradient of a loss reaches a parameter, if it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It does.
    Reached,
    /// The loss does not depend on the parameter.
    Unreached,
    /// The loss depends on it only through this operation, which lets no gradient through.
    Cut {
        /// The operation's name.
        op: String,
    },
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reach::Reached => f.write_str("reached"),
            Reach::Unreached => f.write_str("unreached: the loss does not depend on it"),
            Reach::Cut { op } => write!(f, "cut: `{op}` lets no gradient through"),
        }
    }
}

/// How many local derivatives one backward pass evaluates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derivatives {
    /// With the table of adjoints: one for each edge of the graph.
    pub memoised: u64,
    /// With the chain rule written out for each path from the loss to a leaf, without a table:
    /// grows exponentially with the number of branches in sequence.
    pub expanded: f64,
}

impl<T: Real> Plan<T> {
    /// A workspace for this plan: the last allocation before any number of passes.
    #[must_use]
    pub fn workspace(&self) -> Workspace<T> {
        let most_inputs = self.steps.iter().map(|step| step.operands.len()).max().unwrap_or(0);
        Workspace::new(
            Arc::clone(&self.bindings),
            &self.value_lens,
            &self.adjoint_lens,
            most_inputs,
        )
    }

    /// The first values of the parameters that the recording declared.
    ///
    /// # Errors
    /// An initialiser that cannot fill its parameter.
    #[track_caller]
    pub fn init(&self, seed: u64) -> Result<Params<T>, BuildError> {
        Params::init(Arc::clone(&self.layout), seed)
    }

    /// A gradient of the right layout, with zeros.
    #[must_use]
    pub fn grads(&self) -> Grads<T> {
        Grads::zeros(Arc::clone(&self.layout))
    }

    /// The parameters that the recording declared or was given.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// How the gradient reaches each parameter, if it does, in the order of the
    /// [`layout`](Plan::layout). A plan for inference reaches none.
    pub fn reach(&self) -> impl Iterator<Item = (&str, &Reach)> {
        self.layout.entries().iter().map(|entry| entry.name.as_str()).zip(&self.reach)
    }

    /// The parameters that training with this plan would never change, and why: those that are not
    /// [`Reach::Reached`].
    pub fn unreached(&self) -> impl Iterator<Item = (&str, &Reach)> {
        self.reach().filter(|(_, reach)| **reach != Reach::Reached)
    }

    /// How many local derivatives a backward pass evaluates, and how many it would without a table.
    #[must_use]
    pub fn derivatives(&self) -> Derivatives {
        self.derivatives
    }

    /// The names of the operations in the order in which they run, after fusion.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.op.name())
    }

    /// The bytes that a workspace of this plan takes for values and for their gradients.
    #[must_use]
    pub fn workspace_bytes(&self) -> (usize, usize) {
        let bytes = |lens: &[usize]| lens.iter().sum::<usize>() * size_of::<T>();
        (bytes(&self.value_lens), bytes(&self.adjoint_lens))
    }
}
