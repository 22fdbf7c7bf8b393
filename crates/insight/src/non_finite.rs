//! Which operation first turned finite numbers into NaN or infinity: a step of training made again,
//! operation by operation.
//!
//! The trainer looks at every loss and every gradient, which costs one pass over the numbers. Where
//! one is not finite it stops with the parameters of the last good step. It makes the same pass
//! again with the full trace, and names the operation in its error. [`find`] makes that step anew,
//! with the operations that a plan fuses taken apart, and gives the operation to run alone:
//!
//! ```
//! use chainrule_data::{Dataset, Targets};
//! use chainrule_graph::Var;
//! use chainrule_insight::non_finite::{self, Origin};
//! use chainrule_nn::{Model, Sequential, loss::CustomLoss};
//! use chainrule_tensor::Tensor;
//! use chainrule_train::{TrainError, Trainer, optimizer::Sgd};
//!
//! // The logarithm of a probability that has become zero.
//! let data = Dataset::new(
//!     Tensor::from_rows([[1.0], [-200.0], [2.0]]),
//!     Targets::Values(Tensor::ones([3, 1])),
//! )?;
//! let model = Sequential::new().linear(1, 1).sigmoid();
//! let loss = CustomLoss::new("naive", |p: Var<'_>, t: Var<'_>| -(t * p.ln()));
//! let mut params = model.init([1], 0)?;
//! params.get_mut("0.weight").unwrap()[0] = 1.0;
//!
//! let error = Trainer::new(&model, &loss, Sgd::new(0.1))
//!     .in_order()
//!     .fit(&mut params, &data, None)
//!     .unwrap_err();
//! let TrainError::NonFiniteLoss { samples, .. } = error else { panic!("another error") };
//! let found =
//!     non_finite::find(&model, &loss, &params, &data, &samples, 0)?.expect("the same step again");
//! assert!(matches!(&found.report.origin, Origin::Forward { at, .. } if at.op == "ln"));
//! assert_eq!((found.report.value, found.report.samples), (f64::NEG_INFINITY, vec![1]));
//! assert_eq!((found.report.given[0].min, found.report.given[0].shape), (0.0, [3, 1].into()));
//! assert_eq!(found.replay.unwrap().run().values()[1], f32::NEG_INFINITY);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use chainrule_data::Dataset;
use chainrule_graph::{BuildError, Graph, Params};
use chainrule_nn::{Layer, Loss};
use chainrule_tensor::{Real, reduce};

pub use chainrule_graph::non_finite::{Located, NonFinite, Origin, Range, Replay, locate};

use crate::pass::Pass;

/// Makes one step of training up to its gradient, for the samples at these positions of the data,
/// and finds where NaN or infinity began. `None` if loss and gradient are finite. Samples in the
/// report are positions in the data.
///
/// First the cheap check, then the full trace on the second pass. Layers behave as in training, and
/// draw their random numbers from `seed`.
///
/// # Errors
/// The first mistake in the model or the loss.
///
/// # Panics
/// If a position is beyond the data.
#[track_caller]
pub fn find<T: Real>(
    model: &dyn Layer<T>,
    loss: &dyn Loss<T>,
    params: &Params<T>,
    data: &Dataset<T>,
    rows: &[usize],
    seed: u64,
) -> Result<Option<Located<T>>, BuildError> {
    let graph = Graph::with_params(params);
    let pass = Pass::record(&graph, model, loss, data, rows.len());
    let plan = graph.plan_unfused(pass.loss)?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    workspace.seed(seed);
    pass.fill(&mut workspace, data, rows);
    plan.forward(params, &mut workspace);
    if reduce::all_finite(workspace.value(pass.loss).values()) {
        plan.backward(params, &mut workspace, &mut grads);
        if reduce::all_finite(grads.values()) {
            return Ok(None);
        }
    }
    let located = locate(&plan, params, &mut workspace);
    Ok(located.map(|located| Located { report: located.report.in_data(rows), ..located }))
}
