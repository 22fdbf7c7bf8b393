//! The gradient that a backward pass gave each parameter, and why where there is none.

mod cause;
mod trail;

use std::fmt;

use chainrule_tensor::{Real, Shape, reduce};

use crate::{Grads, Params, Plan, Reach, Workspace};

pub use cause::{Place, ZeroCause};
use trail::Trail;

/// The state of a parameter's gradient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has one, not all of it zero.
    Reached,
    /// The loss does not depend on the parameter.
    Unreached,
    /// The loss depends on it only through this operation, which lets no gradient through.
    Cut {
        /// The operation's name.
        op: String,
    },
    /// The gradient reaches it and is exactly zero in every element.
    Zero(ZeroCause),
}

/// One parameter of an [`Audit`].
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// The parameter's full name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// The state of its gradient.
    pub status: Status,
    /// The gradient's Euclidean norm; `None` where no gradient reaches it, which is not the same as
    /// zero.
    pub norm: Option<f64>,
}

/// The [`audit`] of every parameter, in order of declaration. Its `Display` is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// A row for each parameter.
    pub rows: Vec<AuditRow>,
}

/// The state of the gradient in `grads` of each parameter after a [`backward`](Plan::backward) with
/// this plan, and the reason where it is unreached, cut, or exactly zero.
///
/// Where a gradient is zero, a second way back through the values in `workspace` finds where it
/// vanishes: see [`ZeroCause`]. For a root that is not a scalar that way begins with ones, and kept
/// gradients are overwritten. It allocates: for diagnosis, not for every step.
///
/// ```
/// use chainrule_graph::{Graph, audit};
///
/// let graph = Graph::<f64>::new();
/// let (used, unused) = (graph.param("used", [2], 1.0), graph.param("unused", [3], 1.0));
/// let cut = graph.param("cut", [], 1.0);
/// let plan = graph.plan((used.square() * cut.detach()).sum(..))?;
///
/// let params = plan.init(0)?;
/// let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
/// plan.forward(&params, &mut workspace);
/// plan.backward(&params, &mut workspace, &mut grads);
/// # let _ = unused;
/// assert_eq!(
///     audit(&plan, &params, &mut workspace, &grads).to_string(),
///     "used    [2]  2.83e0  reached\n\
///      unused  [3]       -  unreached: the loss does not depend on it\n\
///      cut     []        -  cut: `detach` lets no gradient through\n"
/// );
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
///
/// # Panics
/// If parameters, workspace or gradients belong to something else than this plan.
#[track_caller]
#[must_use]
pub fn audit<T: Real>(
    plan: &Plan<T>,
    params: &Params<T>,
    workspace: &mut Workspace<T>,
    grads: &Grads<T>,
) -> Audit {
    assert!(
        **plan.layout() == **grads.layout(),
        "these gradients have another layout than the plan"
    );
    let mut trail = None;
    let mut rows = Vec::new();
    for (position, (entry, (name, reach))) in
        plan.layout().entries().iter().zip(plan.reach()).enumerate()
    {
        let gradient = &grads.values()[entry.range.clone()];
        let status = match reach {
            Reach::Unreached => Status::Unreached,
            Reach::Cut { op } => Status::Cut { op: op.clone() },
            Reach::Reached if gradient.is_empty() || !is_zero(gradient) => Status::Reached,
            Reach::Reached => {
                let trail = trail.get_or_insert_with(|| Trail::follow(plan, params, workspace));
                Status::Zero(trail.cause(position))
            }
        };
        let norm = (*reach == Reach::Reached).then(|| reduce::norm(gradient));
        rows.push(AuditRow { name: name.to_owned(), shape: entry.shape, status, norm });
    }
    Audit { rows }
}

/// Returns true if every element is zero; NaN is not.
fn is_zero<T: Real>(values: &[T]) -> bool {
    values.iter().all(|&x| x == T::ZERO)
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Reached => Reach::Reached.fmt(f),
            Status::Unreached => Reach::Unreached.fmt(f),
            Status::Cut { op } => Reach::Cut { op: op.clone() }.fmt(f),
            Status::Zero(cause) => write!(f, "zero: {cause}"),
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = |row: &AuditRow| {
            let norm = row.norm.map_or_else(|| "-".to_owned(), |norm| format!("{norm:.2e}"));
            [row.name.clone(), row.shape.to_string(), norm]
        };
        let widths = self.rows.iter().map(columns).fold([0; 3], |widths: [usize; 3], cells| {
            std::array::from_fn(|i| widths[i].max(cells[i].chars().count()))
        });
        for row in &self.rows {
            let ([name, shape, norm], [a, b, c]) = (columns(row), widths);
            writeln!(f, "{name:<a$}  {shape:<b$}  {norm:>c$}  {}", row.status)?;
        }
        Ok(())
    }
}
