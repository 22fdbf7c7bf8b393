//! Second derivatives of a scalar loss with respect to the parameters: Hessian-vector products,
//! small Hessians, and the largest eigenvalue.
//!
//! Forward over reverse: the graph is recorded on [`Dual`] numbers and run forward and back once.
//! Where the parameters carry the direction `v` as their tangents, the gradient that comes back
//! carries `H v` as its own: `grad L(w + v e) = grad L(w) + H v e`. The product is exact up to
//! rounding, without differences, and costs a few times what a gradient does. Nothing but the type
//! of the numbers changes, so that every layer, loss and operation that is generic in `T: Real` has
//! second derivatives.
//!
//! Vectors hold the parameters one after the other in order of declaration, each in row-major
//! order: [`Params::count`] numbers, without the gaps of the flat vector.
//!
//! The loss is a function that is generic in its scalar, so that it can be recorded on dual
//! numbers; data enter it as constants with [`Tensor::cast`](chainrule_tensor::Tensor::cast):
//!
//! ```
//! use chainrule_graph::{Graph, Var, second_order};
//! use chainrule_tensor::{Real, Tensor};
//!
//! /// Logistic regression: the mean of `ln(1 + e^-yz)` over the samples, with `z = x w`.
//! fn loss<T: Real>(graph: &Graph<T>) -> Var<'_, T> {
//!     let x = Tensor::from_rows([[1.0, 2.0], [-1.0, 0.5], [0.5, -2.0]]);
//!     let y = Tensor::from_rows([[1.0], [-1.0], [-1.0]]);
//!     let w = graph.param("w", [2, 1], 0.1);
//!     let z = graph.constant(&x.cast()).matmul(w);
//!     ((-(z * graph.constant(&y.cast()))).exp() + T::ONE).ln().mean(..)
//! }
//!
//! let graph = Graph::<f64>::new();
//! let params = graph.plan(loss(&graph))?.init(0)?;
//!
//! let product = second_order::hessian_vector_product(&params, &[1.0, 0.0], loss)?;
//! let hessian = second_order::hessian(&params, loss)?;
//! assert_eq!(product.product, [hessian.at(&[0, 0]), hessian.at(&[1, 0])]);
//! assert!(second_order::sharpness(&params, loss)?.value > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! At a kink, such as that of a ReLU, the derivative is the chosen subgradient, and the second
//! derivative that of the piece on which it lies. Operations that draw random numbers draw the same
//! ones for every product.
//!
//! Source: Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994.

mod curvature;
mod eigenvalue;

use chainrule_tensor::{Dual, Tensor};

use crate::{BuildError, Graph, Params, Var};

pub use curvature::{Curvature, HessianVector};
pub use eigenvalue::{Eigenpair, PowerIteration};

/// Why there are no second derivatives.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecondOrderError {
    /// The loss could not be recorded.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A direction of another length than there are parameters.
    #[error(
        "a direction holds one number for each of the {parameters} parameters, but this one has \
         {given}"
    )]
    Direction {
        /// The number of parameters, counted in scalars.
        parameters: usize,
        /// The number of values given.
        given: usize,
    },
    /// A power iteration needs at least one parameter and finite products.
    #[error("the Hessian has no largest eigenvalue: {0}")]
    Eigenvalue(&'static str),
}

/// The loss, its gradient and `H v` for one direction `v`, at `params`. For several directions, see
/// [`Curvature`].
///
/// # Errors
/// The first mistake of the recording, a loss that is not a scalar, or a direction of the wrong
/// length.
#[track_caller]
pub fn hessian_vector_product<F>(
    params: &Params<f64>,
    direction: &[f64],
    loss: F,
) -> Result<HessianVector, SecondOrderError>
where
    F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
{
    Curvature::record(params, loss)?.product(direction)
}

/// The Hessian at `params`, `[n, n]` for `n` parameters: a product for each column.
///
/// # Errors
/// The first mistake of the recording, or a loss that is not a scalar.
#[track_caller]
pub fn hessian<F>(params: &Params<f64>, loss: F) -> Result<Tensor<f64>, SecondOrderError>
where
    F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
{
    Ok(Curvature::record(params, loss)?.hessian())
}

/// The largest eigenvalue of the Hessian at `params`, by [`PowerIteration`] with its default
/// settings: how sharp the minimum is. Gradient descent with a learning rate above `2 / sharpness`
/// leaves it.
///
/// # Errors
/// The first mistake of the recording, a loss that is not a scalar, or derivatives that are not
/// finite.
#[track_caller]
pub fn sharpness<F>(params: &Params<f64>, loss: F) -> Result<Eigenpair, SecondOrderError>
where
    F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
{
    Curvature::record(params, loss)?.largest_eigenvalue(PowerIteration::default())
}
