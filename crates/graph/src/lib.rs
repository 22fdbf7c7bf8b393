//! Reverse-mode automatic differentiation for [chainrule](https://docs.rs/chainrule): record, plan, replay.
//!
//! A [`Graph`] records operations on [`Var`]s. [`Graph::plan`] turns the recording into an immutable [`Plan`]: the operations that are needed, in
//! order, fused where that pays, on buffers that are reused. A [`Workspace`] holds all that changes. [`Plan::forward`] and
//! [`Plan::backward`] then run as often as wanted, without allocating and without failing.

pub mod op;

mod error;
mod export;
mod gradcheck;
mod graph;
mod layout;
mod params;
mod plan;
mod pointwise;
#[cfg(test)]
mod testing;
mod var;
mod workspace;

pub use error::{BuildError, BuildErrorKind, InputError};
pub use gradcheck::{Gradcheck, GradcheckError, Gradchecked, gradcheck};
pub use graph::{Graph, LayerRecord, NodeId};
pub use layout::{Entry, Initialiser, Layout};
pub use params::{Grads, Params};
pub use plan::{Derivatives, Plan, Reach, Traced};
pub use pointwise::{DerivativeReads, Pointwise, Properties};
pub use var::Var;
pub use workspace::Workspace;
