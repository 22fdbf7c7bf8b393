#![doc = include_str!("../README.md")]

pub mod non_finite;
pub mod op;
pub mod second_order;

mod audit;
mod error;
mod export;
mod gradcheck;
mod graph;
mod layout;
mod params;
mod plan;
mod pointwise;
mod statistic;
#[cfg(test)]
mod testing;
mod var;
mod workspace;

pub use audit::{Audit, AuditRow, Place, Status, ZeroCause, audit};
pub use error::{BuildError, BuildErrorKind, InputError};
pub use gradcheck::{Gradcheck, GradcheckError, Gradchecked, gradcheck};
pub use graph::{Graph, LayerRecord, NodeId};
pub use layout::{Entry, Initialiser, Layout};
pub use non_finite::NonFinite;
pub use params::{Grads, Params};
pub use plan::{
    Derivatives, Observer, Plan, Reach, Source, Watched, WatchedBack, WatchedOp, on_backward,
    on_forward,
};
#[doc(hidden)]
pub use pointwise::kernels;
pub use pointwise::{DerivativeReads, Pointwise, Properties, Relu, Sigmoid, Tanh};
pub use var::Var;
pub use workspace::Workspace;
