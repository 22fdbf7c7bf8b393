use chainrule_tensor::{Dual, Tensor};

use super::SecondOrderError;
use crate::{BuildError, Grads, Graph, NodeId, Params, Plan, Var, Workspace};

/// A loss planned on dual numbers at one point: any number of Hessian-vector products, without
/// recording anew.
#[derive(Debug)]
pub struct Curvature {
    plan: Plan<Dual>,
    params: Params<Dual>,
    workspace: Workspace<Dual>,
    grads: Grads<Dual>,
    loss: NodeId,
}

/// The results of one pass forward and back.
#[derive(Clone, Debug, PartialEq)]
pub struct HessianVector {
    /// The loss `L`.
    pub loss: f64,
    /// Its derivative along the direction, `<grad L, v>`.
    pub slope: f64,
    /// The gradient.
    pub gradient: Vec<f64>,
    /// `H v`.
    pub product: Vec<f64>,
}

impl Curvature {
    /// Records `loss` in a graph with these parameters, for training.
    ///
    /// # Errors
    /// The first mistake of the recording, or a loss that is not a scalar.
    #[track_caller]
    pub fn record<F>(params: &Params<f64>, loss: F) -> Result<Self, BuildError>
    where
        F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
    {
        let graph = Graph::with_params(&params.cast());
        Curvature::of(loss(&graph), params)
    }

    /// Plans a loss that is already recorded, in a graph
    /// [with these parameters](Graph::with_params) and without inputs: data are constants. For
    /// layers as in evaluation, take a graph that is [`evaluating`](Graph::evaluating).
    ///
    /// # Errors
    /// The first mistake of the recording, or a loss that is not a scalar.
    ///
    /// # Panics
    /// If the graph has other parameters.
    #[track_caller]
    pub fn of(loss: Var<'_, Dual>, params: &Params<f64>) -> Result<Self, BuildError> {
        let plan = loss.graph().plan(loss)?;
        assert!(
            **plan.layout() == **params.layout(),
            "the loss is recorded with other parameters than these"
        );
        Ok(Curvature {
            workspace: plan.workspace(),
            params: params.cast(),
            grads: plan.grads(),
            loss: loss.id(),
            plan,
        })
    }

    /// The number of parameters, counted in scalars: the length of a direction.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.params.count()
    }

    /// The loss, its gradient and `H v`.
    ///
    /// # Errors
    /// [`SecondOrderError::Direction`] for a direction of another length than there are parameters.
    pub fn product(&mut self, direction: &[f64]) -> Result<HessianVector, SecondOrderError> {
        let parameters = self.parameters();
        if direction.len() != parameters {
            return Err(SecondOrderError::Direction { parameters, given: direction.len() });
        }
        Ok(self.along(|i| direction[i]))
    }

    /// The Hessian, `[n, n]` for `n` parameters, a product for each column. Symmetric up to
    /// rounding.
    #[must_use]
    pub fn hessian(&mut self) -> Tensor<f64> {
        let n = self.parameters();
        let mut hessian = Tensor::zeros([n, n]);
        for column in 0..n {
            let product = self.along(|i| f64::from(u8::from(i == column))).product;
            for (row, entry) in product.into_iter().enumerate() {
                hessian.values_mut()[row * n + column] = entry;
            }
        }
        hessian
    }

    /// One pass, with `direction(i)` the tangent of parameter `i`.
    fn along(&mut self, direction: impl Fn(usize) -> f64) -> HessianVector {
        let layout = std::sync::Arc::clone(self.params.layout());
        let values = self.params.values_mut();
        for (position, i) in
            layout.entries().iter().flat_map(|entry| entry.range.clone()).enumerate()
        {
            values[i].tangent = direction(position);
        }
        self.workspace.seed(0);
        self.plan.forward(&self.params, &mut self.workspace);
        self.plan.backward(&self.params, &mut self.workspace, &mut self.grads);
        let loss = self.workspace.value(self.loss).values()[0];
        let all =
            || layout.entries().iter().flat_map(|entry| &self.grads.values()[entry.range.clone()]);
        HessianVector {
            loss: loss.value,
            slope: loss.tangent,
            gradient: all().map(|g| g.value).collect(),
            product: all().map(|g| g.tangent).collect(),
        }
    }
}
