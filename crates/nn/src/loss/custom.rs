use std::fmt;

use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

use super::{Elementwise, Loss, TargetKind, elementwise_loss};

/// A loss of one's own, written as a function of prediction and target; its gradient comes from the
/// graph.
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
/// With derivatives of one's own, an element-wise loss is
/// [`with_gradient`](CustomLoss::with_gradient); any other is an [`Op`](chainrule_graph::op::Op),
/// applied in the function. [`gradcheck`](chainrule_graph::gradcheck) checks all of them alike.
///
/// Its mean is over all values, unless [`divided_by`](CustomLoss::divided_by) states otherwise.
pub struct CustomLoss<F, D = ByValues> {
    name: String,
    kinds: Option<Vec<TargetKind>>,
    function: F,
    divisor: D,
}

impl<F> CustomLoss<F> {
    /// The loss whose values before reduction are `function(prediction, target)`.
    #[must_use]
    pub fn new<T: Real>(name: &str, function: F) -> Self
    where
        F: for<'g> Fn(Var<'g, T>, Var<'g, T>) -> Var<'g, T>,
    {
        CustomLoss { name: name.to_owned(), kinds: None, function, divisor: ByValues }
    }

    /// Makes the mean the sum of the values by `divisor(target)`, a scalar that is finite and not
    /// negative, such as the number of values that a mask leaves; see [`Loss::divisor`].
    ///
    /// ```
    /// use chainrule_graph::Var;
    /// use chainrule_nn::loss::CustomLoss;
    ///
    /// // The absolute error where the target is known: it is a pair of the value, and 1 or 0.
    /// fn known<'g>(target: Var<'g>) -> Var<'g> {
    ///     target.slice(1, 1..2)
    /// }
    /// let loss = CustomLoss::new("known_only", |prediction: Var<'_>, target| {
    ///     (prediction - target.slice(1, 0..1)).abs() * known(target)
    /// });
    /// let loss = loss.divided_by(|target: Var<'_>| known(target).sum(..));
    /// # let _: &dyn chainrule_nn::Loss = &loss;
    /// ```
    #[must_use]
    pub fn divided_by<T: Real, D>(self, divisor: D) -> CustomLoss<F, By<D>>
    where
        D: for<'g> Fn(Var<'g, T>) -> Var<'g, T>,
    {
        let CustomLoss { name, kinds, function, divisor: ByValues } = self;
        CustomLoss { name, kinds, function, divisor: By(divisor) }
    }
}

impl<F, D> CustomLoss<F, D> {
    /// Accepts only targets of these kinds; by default any.
    #[must_use]
    pub fn accepting(mut self, kinds: &[TargetKind]) -> Self {
        self.kinds = Some(kinds.to_vec());
        self
    }
}

impl CustomLoss<()> {
    /// The element-wise loss `value(p, t)` with its derivatives by `p` and by `t`, as one
    /// operation.
    ///
    /// ```
    /// use chainrule_graph::gradcheck;
    /// use chainrule_nn::loss::{CustomLoss, Loss, Reduction};
    /// use chainrule_tensor::Tensor;
    ///
    /// // Far outliers hardly count.
    /// let cauchy = CustomLoss::with_gradient(
    ///     "cauchy",
    ///     |p: f64, t| ((p - t) * (p - t)).ln_1p(),
    ///     |p, t| {
    ///         let slope = 2.0 * (p - t) / (1.0 + (p - t) * (p - t));
    ///         (slope, -slope)
    ///     },
    /// );
    /// let (p, t) = (Tensor::from(vec![1.0, -2.0]), Tensor::from(vec![1.5, 0.5]));
    /// gradcheck(&[p, t], |_, x| cauchy.forward(x[0], x[1], Reduction::Mean))?;
    /// # Ok::<(), chainrule_graph::GradcheckError>(())
    /// ```
    #[must_use]
    #[allow(
        clippy::type_complexity,
        reason = "the function is that of a custom loss, with nothing to name"
    )]
    pub fn with_gradient<T: Real>(
        name: &str,
        value: impl Fn(T, T) -> T + Clone + Send + Sync + 'static,
        gradient: impl Fn(T, T) -> (T, T) + Clone + Send + Sync + 'static,
    ) -> CustomLoss<impl for<'g> Fn(Var<'g, T>, Var<'g, T>) -> Var<'g, T> + Send + Sync> {
        let loss = Written { name: name.to_owned(), value, gradient };
        CustomLoss::new(name, move |prediction, target| {
            elementwise_loss(loss.clone(), prediction, target)
        })
    }
}

/// An element-wise loss written as two closures.
#[derive(Clone)]
struct Written<V, G> {
    name: String,
    value: V,
    gradient: G,
}

impl<T: Real, V, G> Elementwise<T> for Written<V, G>
where
    V: Fn(T, T) -> T + Send + Sync + 'static,
    G: Fn(T, T) -> (T, T) + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    #[inline(always)]
    fn value(&self, prediction: T, target: T) -> T {
        (self.value)(prediction, target)
    }

    #[inline(always)]
    fn gradient(&self, prediction: T, target: T) -> (T, T) {
        (self.gradient)(prediction, target)
    }
}

impl<V, G> fmt::Debug for Written<V, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The divisor of the mean of a [`CustomLoss`].
pub trait Divisor<T: Real>: Send + Sync {
    /// As [`Loss::divisor`].
    fn of<'g>(&self, target: Var<'g, T>) -> Option<Var<'g, T>>;
}

/// The number of values.
#[derive(Clone, Copy, Debug)]
pub struct ByValues;

impl<T: Real> Divisor<T> for ByValues {
    fn of<'g>(&self, _: Var<'g, T>) -> Option<Var<'g, T>> {
        None
    }
}

/// A function of the targets.
#[derive(Clone, Copy, Debug)]
pub struct By<D>(D);

impl<T: Real, D> Divisor<T> for By<D>
where
    D: for<'g> Fn(Var<'g, T>) -> Var<'g, T> + Send + Sync,
{
    fn of<'g>(&self, target: Var<'g, T>) -> Option<Var<'g, T>> {
        Some((self.0)(target))
    }
}

impl<T: Real, F, D: Divisor<T>> Loss<T> for CustomLoss<F, D>
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

    fn divisor<'g>(&self, _: Shape, target: Var<'g, T>) -> Option<Var<'g, T>> {
        self.divisor.of(target)
    }
}

impl<F, D> fmt::Debug for CustomLoss<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomLoss")
            .field("name", &self.name)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reduction;
    use crate::loss::check;
    use chainrule_graph::{GradcheckError, Graph, gradcheck};
    use chainrule_tensor::Tensor;

    fn points() -> [Tensor<f64>; 2] {
        [Tensor::from_rows([[1.0, -2.0, 0.5]]), Tensor::from_rows([[1.5, 0.5, 0.0]])]
    }

    #[test]
    fn a_gradient_of_ones_own_is_that_of_the_graph() {
        let own = CustomLoss::with_gradient(
            "cubic",
            |p: f64, t| (p - t) * (p - t) * (p - t),
            |p, t| (3.0 * (p - t) * (p - t), -3.0 * (p - t) * (p - t)),
        );
        let recorded = CustomLoss::new("cubic", |p: Var<'_, f64>, t| (p - t) * (p - t).square());
        let losses: [&dyn Loss<f64>; 2] = [&own, &recorded];
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            for loss in losses {
                gradcheck(&points(), |_, x| loss.forward(x[0], x[1], reduction)).unwrap();
            }
            let [p, t] = points();
            let [own, recorded] = losses.map(|loss| check::run(loss, &p, &t, reduction));
            for (own, recorded) in own.iter().zip(&recorded) {
                check::assert_close(own, recorded, 1e-15);
            }
        }
    }

    #[test]
    fn a_wrong_gradient_of_ones_own_is_found() {
        let wrong = CustomLoss::with_gradient(
            "wrong",
            |p: f64, t| (p - t) * (p - t),
            |p, t| (p - t, t - p),
        );
        let error =
            gradcheck(&points(), |_, x| wrong.forward(x[0], x[1], Reduction::Sum)).unwrap_err();
        assert!(matches!(error, GradcheckError::Differs { .. }), "{error}");
    }

    #[test]
    fn it_accepts_what_it_was_made_for() {
        let any = CustomLoss::new("any", |p: Var<'_, f32>, t| p - t);
        assert!(any.accepts(TargetKind::Classes) && any.accepts(TargetKind::Values));
        let values = CustomLoss::with_gradient("values", |p: f32, t| p - t, |_, _| (1.0, -1.0));
        let values = values.accepting(&[TargetKind::Values]);
        assert!(!values.accepts(TargetKind::Classes) && values.accepts(TargetKind::Values));
        let graph = Graph::new();
        let loss = values.forward(graph.input("p", [2, 1]), graph.input("t", [2]), Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().kind.to_string();
        assert!(
            error.starts_with("values: prediction [2, 1] and target [2] must have the same shape"),
            "{error}"
        );
    }
}
