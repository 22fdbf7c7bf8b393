use std::fmt;

use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::{Loss, TargetKind};

/// A loss of one's own, written as a function of prediction and target; its gradient comes from the graph.
///
/// ```
/// use chainrule_graph::gradcheck;
/// use chainrule_nn::loss::{CustomLoss, Loss, Reduction};
/// use chainrule_tensor::Tensor;
///
/// // Too much costs three times as much as too little.
/// let pinball = CustomLoss::new("pinball", |prediction, target| {
///     let excess = prediction - target;
///     (excess * 3.0).maximum(-excess)
/// });
/// let (prediction, target) = (Tensor::from(vec![1.0, 2.0]), Tensor::from(vec![1.5, 0.5]));
/// gradcheck(&[prediction, target], |_, x| pinball.forward(x[0], x[1], Reduction::Mean))?;
/// # Ok::<(), chainrule_graph::GradcheckError>(())
/// ```
///
/// For a derivative of one's own, write the loss as an [`Op`](chainrule_graph::op::Op) and apply it in the function.
pub struct CustomLoss<F> {
    name: String,
    kinds: Option<Vec<TargetKind>>,
    function: F,
}

impl<F> CustomLoss<F> {
    /// The loss whose values before reduction are `function(prediction, target)`.
    #[must_use]
    pub fn new<T: Real>(name: &str, function: F) -> Self
    where
        F: for<'g> Fn(Var<'g, T>, Var<'g, T>) -> Var<'g, T>,
    {
        CustomLoss { name: name.to_owned(), kinds: None, function }
    }

    /// Accepts only targets of these kinds; by default any.
    #[must_use]
    pub fn accepting(mut self, kinds: &[TargetKind]) -> Self {
        self.kinds = Some(kinds.to_vec());
        self
    }
}

impl<T: Real, F> Loss<T> for CustomLoss<F>
where
    F: for<'g> Fn(Var<'g, T>, Var<'g, T>) -> Var<'g, T> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn accepts(&self, target: TargetKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&target))
    }

    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        (self.function)(prediction, target)
    }
}

impl<F> fmt::Debug for CustomLoss<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomLoss").field("name", &self.name).field("kinds", &self.kinds).finish_non_exhaustive()
    }
}
