//! The one walk over a plan: forward and back, alone or with someone who looks on.

use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;

use super::{Plan, Watched, WatchedBack, WatchedOp};
use crate::params::{Grads, Params};
use crate::workspace::Workspace;

/// Who looks on while a plan is replayed, operation by operation.
///
/// There is one order for all. On the way forward each operation is shown right after it has its
/// value, in the order in which they run. On the way back the same operations are shown in reverse,
/// each right before it goes back; those that no gradient goes through are left out. Looking on
/// changes no bit, and a pass that nobody watches pays nothing for it.
///
/// An observer says what it wants to see; both methods do nothing by default. [`on_forward`] and
/// [`on_backward`] make one of a closure.
///
/// ```
/// use chainrule_graph::{Graph, Observer, Watched, WatchedBack};
/// use chainrule_tensor::gemm::Put;
///
/// #[derive(Default)]
/// struct Names(Vec<String>);
///
/// impl Observer<f64> for Names {
///     fn forward(&mut self, watched: Watched<'_, f64>) {
///         self.0.push(watched.op.name().to_owned());
///     }
///     fn backward(&mut self, watched: WatchedBack<'_, f64>) {
///         self.0.push(format!("back {}", watched.op.name()));
///     }
/// }
///
/// let graph = Graph::<f64>::new();
/// let w = graph.param("w", [], 3.0);
/// let plan = graph.plan(w.square() * 2.0)?;
/// let params = plan.init(0)?;
/// let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
/// let mut names = Names::default();
/// plan.forward_watched(&params, &mut workspace, &mut names);
/// let whole = (Put::Set, &[1.0][..]);
/// plan.backward_watched(&params, &mut workspace, &mut grads, whole, &mut names);
/// assert_eq!(names.0, ["square", "mul", "back mul", "back square"]);
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
pub trait Observer<T: Real> {
    /// An operation has its value.
    fn forward(&mut self, watched: Watched<'_, T>) {
        let _ = watched;
    }

    /// An operation has the gradient with respect to its value, from all its consumers together.
    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        let _ = watched;
    }
}

/// An observer that calls a function on the way forward.
pub fn on_forward<T: Real>(see: impl FnMut(Watched<'_, T>)) -> impl Observer<T> {
    OnForward(see)
}

/// An observer that calls a function on the way back.
pub fn on_backward<T: Real>(see: impl FnMut(WatchedBack<'_, T>)) -> impl Observer<T> {
    OnBackward(see)
}

struct OnForward<F>(F);

impl<T: Real, F: FnMut(Watched<'_, T>)> Observer<T> for OnForward<F> {
    fn forward(&mut self, watched: Watched<'_, T>) {
        (self.0)(watched);
    }
}

struct OnBackward<F>(F);

impl<T: Real, F: FnMut(WatchedBack<'_, T>)> Observer<T> for OnBackward<F> {
    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        (self.0)(watched);
    }
}

/// The type of the observer of a pass that has none.
pub(super) struct Nobody;

impl<T: Real> Observer<T> for Nobody {}

impl<T: Real> Plan<T> {
    /// [`forward`](Plan::forward) with an observer, who is shown each operation with its value and
    /// what it reads; the values are the same bits.
    ///
    /// ```
    /// use chainrule_graph::{Graph, on_forward};
    ///
    /// let graph = Graph::<f64>::new();
    /// let x = graph.input("x", [1, 2]);
    /// let y = x.affine(graph.param("w", [2, 1], 1.0), graph.param("b", [1], 0.5)).exp().mean(..);
    /// let plan = graph.plan(y)?;
    /// let (params, mut workspace) = (plan.init(0)?, plan.workspace());
    /// workspace.set(x, &[1.0, -1.5]).unwrap();
    /// let (mut z, mut seen) = (Vec::new(), Vec::new());
    /// plan.forward_watched(
    ///     &params,
    ///     &mut workspace,
    ///     &mut on_forward(|watched| {
    ///         if watched.pre_activation(&mut z) {
    ///             seen.push((watched.op.name().to_owned(), z[0], watched.values[0]));
    ///         }
    ///     }),
    /// );
    /// // Product, bias and function are one operation; what the function was given is computed for
    /// // the one who asks.
    /// assert_eq!(seen, [("affine + exp".to_owned(), 0.0, 1.0)]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// As [`forward`](Plan::forward).
    #[track_caller]
    pub fn forward_watched(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        observer: &mut (impl Observer<T> + ?Sized),
    ) {
        self.walk(params, workspace, Some(observer));
    }

    /// [`backward_with`](Plan::backward_with), or with [`Put::Add`]
    /// [`backward_add_with`](Plan::backward_add_with), with an observer, who is shown the gradient
    /// with respect to each operation's value, from the loss on; the gradients are the same bits.
    ///
    /// # Panics
    /// As [`backward_with`](Plan::backward_with).
    #[track_caller]
    pub fn backward_watched(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        (put, upstream): (Put, &[T]),
        observer: &mut (impl Observer<T> + ?Sized),
    ) {
        self.walk_back(params, workspace, grads, (put, upstream), Some(observer));
    }

    /// Every pass forward.
    #[inline]
    #[track_caller]
    pub(super) fn walk(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        mut observer: Option<&mut (impl Observer<T> + ?Sized)>,
    ) {
        self.check(params, workspace);
        workspace.before.clone_from(&workspace.generator);
        for (position, step) in self.steps.iter().enumerate() {
            step.forward(&self.constants, params, workspace);
            if let Some(observer) = &mut observer {
                let values = &workspace.values[step.output][..step.len];
                let op = WatchedOp { plan: self, position, step, params, workspace };
                observer.forward(Watched { op, values });
            }
        }
    }

    /// Every pass back.
    #[inline]
    #[track_caller]
    pub(super) fn walk_back(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        (put, upstream): (Put, &[T]),
        mut observer: Option<&mut (impl Observer<T> + ?Sized)>,
    ) {
        let accumulate = put == Put::Add;
        if !self.begin_back(params, workspace, grads, upstream, accumulate) {
            return;
        }
        for (position, step) in self.steps.iter().enumerate().rev() {
            if let (Some(observer), Some(back)) = (&mut observer, &step.back) {
                let upstream = &workspace.adjoints[back.upstream][..step.len];
                let op = WatchedOp { plan: self, position, step, params, workspace };
                observer.backward(WatchedBack { op, upstream });
            }
            step.backward(&self.constants, params, workspace, &mut grads.values, accumulate);
        }
    }
}
