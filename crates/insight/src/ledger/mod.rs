//! The chain rule written out: a derivative as the product of local Jacobians along the paths from
//! the loss to a parameter.
//!
//! For a loss `L`, a parameter `w` and a path of values `L = v_0, v_1, .., v_k = w`, each computed
//! from the next, the path contributes `dv_0/dv_1 dv_1/dv_2 .. dv_(k-1)/dv_k`, and `dL/dw` is the
//! sum over all paths. Written out so, a product that many paths share is evaluated for each of
//! them: `n` branches in sequence make `2^n` paths. Backpropagation keeps, for each value, the sum
//! over all ways from the loss to it, in a table: one local derivative for each edge.
//!
//! A local Jacobian is `[values out, values in]`. Its size is the Frobenius norm, the root of the
//! sum of all squares: the norm of a product is at most the product of the norms. Up to 256 values
//! out it is computed row by row. Beyond, it is estimated from 64 random rows of signs `s`, since
//! `E |s J|^2 = |J|^2` (Hutchinson, "A stochastic estimator of the trace of the influence matrix",
//! 1989).

mod display;
mod jacobian;
mod paths;

use chainrule_graph::{BuildError, InputError, Params, Plan, Reach, Var, Workspace};
use chainrule_tensor::{Real, Shape, reduce};

use paths::Edges;

/// The derivative of a loss with respect to one parameter, written out. Its `Display` is a table
/// and a product for each path.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// The operation that gives the loss.
    pub loss: String,
    /// The parameter's name.
    pub parameter: String,
    /// Its shape, and that of the derivative.
    pub shape: Shape,
    /// The derivative's Euclidean norm.
    pub norm: f64,
    /// The local derivatives on the way, from the loss on: one for each edge of the graph.
    pub locals: Vec<Local>,
    /// How many operations lie on the way.
    pub operations: usize,
    /// How many paths there are.
    pub paths: f64,
    /// The first of them, at most as many as were asked for.
    pub listed: Vec<Path>,
    /// How many local derivatives are evaluated with a table: one for each edge.
    pub with_table: u64,
    /// How many are evaluated without: one for each edge and each path from the loss to it.
    pub without_table: f64,
}

/// One local derivative: of an operation's value with respect to one of its operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// The operation, with its layer.
    pub value: String,
    /// The operand: another operation, or the parameter.
    pub operand: String,
    /// The shape of the operation's value.
    pub value_shape: Shape,
    /// The shape of the operand.
    pub operand_shape: Shape,
    /// The Frobenius norm of the Jacobian.
    pub norm: f64,
    /// True if that norm is an estimate.
    pub estimated: bool,
}

impl Local {
    /// The shape of the Jacobian, `[values out, values in]`.
    #[must_use]
    pub fn jacobian(&self) -> [usize; 2] {
        [self.value_shape.elements(), self.operand_shape.elements()]
    }
}

/// One path from the loss to the parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its local derivatives, from the loss on, as positions in [`Ledger::locals`].
    pub locals: Vec<usize>,
    /// Its part of the derivative: the product of its Jacobians, in row-major order.
    pub product: Vec<f64>,
    /// The Euclidean norm of that.
    pub norm: f64,
    /// The product of the norms of its Jacobians, which `norm` cannot exceed where none of them is
    /// an estimate.
    pub bound: f64,
}

/// Why a derivative cannot be written out.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The recording has a mistake, or the loss is not a scalar.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An input does not fit.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no such parameter.
    #[error(
        "there is no parameter `{name}`{}; the parameters are: {known}",
        chainrule_config::did_you_mean(.name, .known.split(", "))
    )]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No gradient reaches the parameter.
    #[error("the derivative with respect to `{name}` is no product of others: it is {reach}")]
    Unreached {
        /// The parameter.
        name: String,
        /// Why.
        reach: Reach,
    },
}

/// Writes out the derivative of a loss under recording with respect to the parameter of this name,
/// at `params`; `fill` sets the inputs. At most 16 paths are listed; all are counted.
///
/// ```
/// use chainrule_graph::Graph;
/// use chainrule_insight::ledger;
///
/// // A ladder of three diamonds: each value is used twice by the next.
/// let graph = Graph::<f64>::new();
/// let w = graph.param("w", [], 2.0);
/// let loss = (0..3).fold(w, |x, _| x + x);
/// let params = graph.plan(loss)?.init(0)?;
///
/// let ledger = ledger::explain(loss, "w", &params, |_| Ok(()))?;
/// assert_eq!((ledger.operations, ledger.paths), (3, 8.0));
/// assert_eq!((ledger.with_table, ledger.without_table), (6, 14.0));
/// // Each path contributes 1, together 8.
/// assert!(ledger.listed.iter().all(|path| path.product == [1.0]));
/// assert_eq!(ledger.norm, 8.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A mistake in the recording, an input that does not fit, or a parameter that is unknown or that
/// no gradient reaches.
///
/// # Panics
/// If the parameters have another layout than the recording.
#[track_caller]
pub fn explain<T: Real>(
    loss: Var<'_, T>,
    parameter: &str,
    params: &Params<T>,
    fill: impl FnOnce(&mut Workspace<T>) -> Result<(), InputError>,
) -> Result<Ledger, LedgerError> {
    // The plan that runs each operation on its own takes roots of any shape.
    loss.graph().plan(loss)?;
    let plan = loss.graph().plan_unfused(loss)?;
    let mut workspace = plan.workspace();
    fill(&mut workspace)?;
    plan.forward(params, &mut workspace);
    Ledger::of(&plan, params, &mut workspace, parameter, 16)
}

impl Ledger {
    /// [`explain`] for a plan whose inputs are set and that has run forward, listing up to `most`
    /// paths. What the plan has fused counts as one operation.
    ///
    /// # Errors
    /// A parameter that is unknown or that no gradient reaches.
    ///
    /// # Panics
    /// If the root is not a scalar, or parameters or workspace belong to something else.
    #[track_caller]
    pub fn of<T: Real>(
        plan: &Plan<T>,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        parameter: &str,
        most: usize,
    ) -> Result<Ledger, LedgerError> {
        let layout = plan.layout();
        let (name, unknown) = (parameter.to_owned(), || {
            let known: Vec<_> = layout.entries().iter().map(|entry| entry.name.as_str()).collect();
            LedgerError::Unknown { name: parameter.to_owned(), known: known.join(", ") }
        });
        let position = layout.position(parameter).ok_or_else(unknown)?;
        if let Some((_, reach)) =
            plan.reach().nth(position).filter(|(_, reach)| **reach != Reach::Reached)
        {
            return Err(LedgerError::Unreached { name, reach: reach.clone() });
        }
        let mut grads = plan.grads();
        let edges = Edges::find(plan, params, workspace, &mut grads, position);
        let norm = grads.get(parameter).map_or(0.0, |gradient| reduce::norm(gradient.values()));
        let shape = layout.entries()[position].shape;
        let locals = jacobian::locals(plan, params, workspace, &edges, parameter);
        let listed =
            edges.paths(plan, params, workspace, most).into_iter().map(|(locals_of, product)| {
                Path {
                    norm: reduce::norm(&product),
                    bound: locals_of.iter().map(|&local| locals[local].norm).product(),
                    locals: locals_of,
                    product,
                }
            });
        Ok(Ledger {
            loss: edges
                .root()
                .and_then(|root| plan.steps().nth(root))
                .unwrap_or(parameter)
                .to_owned(),
            parameter: name,
            shape,
            norm,
            operations: edges.operations(),
            paths: edges.count,
            with_table: edges.edges.len() as u64,
            without_table: edges.without_table,
            listed: listed.collect(),
            locals,
        })
    }
}

#[cfg(test)]
mod tests;
