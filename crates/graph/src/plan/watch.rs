//! Passes that show each operation at work, each derivative still evaluated once.

use std::fmt;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape};

use super::{Operand, Plan, PlanStep};
use crate::graph::NodeId;
use crate::op::{Forward, Reads};
use crate::params::{Grads, Params};
use crate::pointwise::{DerivativeReads, Pointwise};
use crate::workspace::Workspace;

/// An operation of a plan, as a watched pass shows it.
#[derive(Clone, Copy)]
pub struct WatchedOp<'a, T: Real> {
    plan: &'a Plan<T>,
    position: usize,
    step: &'a PlanStep<T>,
    params: &'a Params<T>,
    workspace: &'a Workspace<T>,
}

/// The view that [`Plan::forward_watched`] gives after each operation.
#[derive(Clone, Copy)]
pub struct Watched<'a, T: Real> {
    /// The operation.
    pub op: WatchedOp<'a, T>,
    /// Its value, just written.
    pub values: &'a [T],
}

/// The view that [`Plan::backward_watched`] gives before each operation goes back.
#[derive(Clone, Copy)]
pub struct WatchedBack<'a, T: Real> {
    /// The operation.
    pub op: WatchedOp<'a, T>,
    /// The gradient with respect to its value, from all consumers together.
    pub upstream: &'a [T],
}

impl<T: Real> Plan<T> {
    /// [`forward`](Plan::forward), showing each operation with its value and what it reads; the
    /// values are the same bits.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f64>::new();
    /// let x = graph.input("x", [1, 2]);
    /// let y = x.affine(graph.param("w", [2, 1], 1.0), graph.param("b", [1], 0.5)).exp().mean(..);
    /// let plan = graph.plan(y)?;
    /// let (params, mut workspace) = (plan.init(0)?, plan.workspace());
    /// workspace.set(x, &[1.0, -1.5]).unwrap();
    /// let (mut z, mut seen) = (Vec::new(), Vec::new());
    /// plan.forward_watched(&params, &mut workspace, |watched| {
    ///     if watched.pre_activation(&mut z) {
    ///         seen.push((watched.op.name().to_owned(), z[0], watched.values[0]));
    ///     }
    /// });
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
        mut see: impl FnMut(Watched<'_, T>),
    ) {
        self.check(params, workspace);
        workspace.before.clone_from(&workspace.generator);
        for (position, step) in self.steps.iter().enumerate() {
            step.forward(&self.constants, params, workspace);
            let values = &workspace.values[step.output][..step.len];
            see(Watched {
                op: WatchedOp { plan: self, position, step, params, workspace },
                values,
            });
        }
    }

    /// [`backward_with`](Plan::backward_with), or with [`Put::Add`]
    /// [`backward_add_with`](Plan::backward_add_with), showing the gradient with respect to each
    /// operation's value, from the loss on. Unlike [`backward_traced`](Plan::backward_traced) it
    /// evaluates each derivative once, and does not allocate; the gradients are the same bits.
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
        mut see: impl FnMut(WatchedBack<'_, T>),
    ) {
        let accumulate = put == Put::Add;
        if !self.begin_back(params, workspace, grads, upstream, accumulate) {
            return;
        }
        for (position, step) in self.steps.iter().enumerate().rev() {
            if let Some(back) = &step.back {
                let upstream = &workspace.adjoints[back.upstream][..step.len];
                see(WatchedBack {
                    op: WatchedOp { plan: self, position, step, params, workspace },
                    upstream,
                });
            }
            step.backward(&self.constants, params, workspace, &mut grads.values, accumulate);
        }
    }
}

impl<'a, T: Real> WatchedOp<'a, T> {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.step.op.name()
    }

    /// Its place among the operations of the plan, the same on the way back.
    #[must_use]
    pub fn position(self) -> usize {
        self.position
    }

    /// The layer that it belongs to, as a path of scopes; where a function was fused, the
    /// function's.
    #[must_use]
    pub fn layer(self) -> &'a str {
        &self.step.layer
    }

    /// The layer of the operation that a function was fused onto; the same as
    /// [`layer`](WatchedOp::layer) where there is none.
    #[must_use]
    pub fn first_layer(self) -> &'a str {
        &self.step.first_layer
    }

    /// The shape of its value.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.step.shape
    }

    /// The value that it makes.
    #[must_use]
    pub fn node(self) -> NodeId {
        NodeId { graph: self.plan.bindings.graph, index: self.step.node }
    }

    /// The element-wise function that it is or ends in.
    #[must_use]
    pub fn function(self) -> Option<&'a Arc<dyn Pointwise<T>>> {
        self.step.op.pointwise().or(self.step.op.fused())
    }

    /// Returns true if a function was fused onto it.
    #[must_use]
    pub fn is_fused(self) -> bool {
        self.step.unfused.is_some()
    }

    /// Returns true if its first input is the value of the operation before it.
    #[must_use]
    pub fn continues(self) -> bool {
        let before = self.position.checked_sub(1).map(|before| self.plan.steps[before].output);
        let first = self.step.operands.first();
        matches!(first, Some(Operand::Value { buffer, .. }) if Some(*buffer) == before)
    }

    /// The shapes of its inputs.
    #[must_use]
    pub fn input_shapes(self) -> &'a [Shape] {
        &self.step.shapes
    }

    /// The name of the parameter that this input is; `None` if it is another value.
    #[must_use]
    pub fn parameter(self, input: usize) -> Option<&'a str> {
        let position = self.plan.parameter(self.step.operands.get(input)?)?;
        Some(&self.plan.layout.entries()[position].name)
    }

    fn inputs(self, readable: Reads) -> crate::op::Inputs<'a, T> {
        self.step.inputs(&self.plan.constants, self.params, [&self.workspace.values, &[]], readable)
    }
}

impl<'a, T: Real> Watched<'a, T> {
    /// The value of an input.
    ///
    /// # Panics
    /// If there is no such input.
    #[must_use]
    pub fn input(self, input: usize) -> &'a [T] {
        self.op.inputs(Reads::EVERYTHING).get(input)
    }

    /// Writes what the [function](WatchedOp::function) was given. Where it was fused, the operation
    /// in front of it runs once more to find that. False, with nothing written, where there is no
    /// function.
    pub fn pre_activation(self, into: &mut Vec<T>) -> bool {
        let step = self.op.step;
        if let Some(unfused) = &step.unfused {
            into.resize(step.len, T::ZERO);
            unfused.forward(Forward {
                inputs: self.op.inputs(Reads::EVERYTHING),
                output: into,
                shape: step.shape,
                saved: &mut vec![T::ZERO; unfused.saves(&step.shapes)],
                generator: &mut self.op.workspace.generator.clone(),
                pool: &self.op.workspace.pool,
                precision: self.op.workspace.precision,
            });
        } else if step.op.pointwise().is_some() {
            into.clear();
            into.extend_from_slice(self.input(0));
        } else {
            return false;
        }
        true
    }
}

impl<'a, T: Real> WatchedBack<'a, T> {
    /// The value of an input; `None` where the way back does not read it, so that it may be gone.
    #[must_use]
    pub fn input(self, input: usize) -> Option<&'a [T]> {
        let reads = self.op.step.op.reads();
        (input < self.op.step.operands.len() && reads.reads_input(input))
            .then(|| self.op.inputs(reads).get(input))
    }

    /// Writes the gradient with respect to what the [function](WatchedOp::function) was given: the
    /// upstream gradient times the function's derivative. False, with nothing written, where there
    /// is no function.
    pub fn through_function(self, into: &mut Vec<T>) -> bool {
        self.pull_back(into, |function, into, at| {
            function.map_back(Put::Set, into, self.upstream, at)
        })
    }

    /// Writes the derivative of the [function](WatchedOp::function). False, with nothing written,
    /// where there is none.
    pub fn derivative(self, into: &mut Vec<T>) -> bool {
        self.pull_back(into, |function, into, at| {
            let ones = [T::ONE; 256];
            for (into, at) in into.chunks_mut(ones.len()).zip(at.chunks(ones.len())) {
                function.map_back(Put::Set, into, &ones[..at.len()], at);
            }
        })
    }

    fn pull_back(
        self,
        into: &mut Vec<T>,
        map_back: impl FnOnce(&dyn Pointwise<T>, &mut [T], &[T]),
    ) -> bool {
        let Some(function) = self.op.function() else { return false };
        let values = || &self.op.workspace.values[self.op.step.output][..self.op.step.len];
        let at = match function.derivative_reads() {
            DerivativeReads::Nothing => self.upstream,
            // Only a function that reads its output is fused.
            DerivativeReads::Output => values(),
            DerivativeReads::Input => self.input(0).unwrap_or(self.upstream),
        };
        into.resize(self.upstream.len(), T::ZERO);
        map_back(&**function, into, at);
        true
    }
}

impl<T: Real> fmt::Debug for WatchedOp<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of `{}`", self.name(), self.shape(), self.layer())
    }
}

impl<T: Real> fmt::Debug for Watched<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("op", &self.op).finish_non_exhaustive()
    }
}

impl<T: Real> fmt::Debug for WatchedBack<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedBack").field("op", &self.op).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Var};

    fn model(graph: &Graph<f64>) -> (Var<'_, f64>, Var<'_, f64>) {
        let x = graph.input("x", [3, 2]);
        let param = |name: &str, shape: &[usize]| graph.param(name, shape, 0.3);
        let hidden = graph.scope("0", || x.affine(param("w", &[2, 4]), param("b", &[4])));
        let hidden = graph.scope("1", || hidden.exp());
        let out = graph.scope("2", || hidden.matmul(param("w", &[4, 2])).sin());
        (x, out.square().mean(..))
    }

    #[test]
    fn the_derivative_of_a_long_value_is_that_of_each_element() {
        let graph = Graph::new();
        let x = graph.input("x", [100, 7]);
        let param = |name: &str, shape: &[usize]| graph.param(name, shape, 0.3);
        let loss = (x * param("scale", &[7])).sin().exp().mean(..);
        let plan = graph.plan(loss).unwrap();
        let (params, mut workspace, mut grads) =
            (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        let values: Vec<f64> = (0..700).map(|i| f64::from(i) * 0.01 - 3.0).collect();
        workspace.set(x, &values).unwrap();
        let (mut z, mut expected, mut slope) = (Vec::new(), Vec::new(), Vec::new());
        plan.forward_watched(&params, &mut workspace, |watched| {
            if watched.pre_activation(&mut z) {
                let function = watched.op.function().unwrap();
                let output = function.derivative_reads() == DerivativeReads::Output;
                let at = if output { watched.values } else { &z };
                expected.push(at.iter().map(|&at| function.derivative(at)).collect::<Vec<f64>>());
            }
        });
        plan.backward_watched(&params, &mut workspace, &mut grads, (Put::Set, &[1.0]), |watched| {
            if watched.derivative(&mut slope) {
                assert_eq!(Some(&slope), expected.pop().as_ref(), "{:?}", watched.op);
            }
        });
        assert!(expected.is_empty());
    }

    #[test]
    fn watched_passes_give_the_same_bits_and_show_what_is_in_between() {
        let graph = Graph::new();
        let (x, loss) = model(&graph);
        let plan = graph.plan(loss).unwrap();
        let params = plan.init(1).unwrap();
        let (mut plain, mut watched) = (plan.workspace(), plan.workspace());
        for workspace in [&mut plain, &mut watched] {
            workspace.set(x, &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5]).unwrap();
        }
        let (mut expected, mut grads) = (plan.grads(), plan.grads());
        plan.forward(&params, &mut plain);
        plan.backward(&params, &mut plain, &mut expected);

        let (mut z, mut seen) = (Vec::new(), Vec::new());
        plan.forward_watched(&params, &mut watched, |watched| {
            if watched.pre_activation(&mut z) {
                let op = watched.op;
                let function = op.function().unwrap();
                let again: Vec<f64> = z.iter().map(|&z| function.value(z)).collect();
                assert_eq!(again, watched.values, "{op:?}");
                seen.push((op.first_layer().to_owned(), op.is_fused(), op.continues(), z[0]));
            }
        });
        let z0 = 0.3 * 0.5 - 0.3 + 0.3;
        let z1 = 4.0 * (0.3 * f64::exp(z0));
        assert_eq!(
            seen.iter().map(|s| (s.0.as_str(), s.1, s.2)).collect::<Vec<_>>(),
            [("0", true, false), ("2", false, true), ("", false, true)]
        );
        assert!((seen[0].3 - z0).abs() < 1e-15 && (seen[1].3 - z1).abs() < 1e-15);

        let (mut pulled, mut slope, mut back) = (Vec::new(), Vec::new(), Vec::new());
        plan.backward_watched(&params, &mut watched, &mut grads, (Put::Set, &[1.0]), |watched| {
            if watched.through_function(&mut pulled) && watched.derivative(&mut slope) {
                assert_eq!(pulled[0], watched.upstream[0] * slope[0]);
                back.push((
                    watched.op.name().to_owned(),
                    watched.op.parameter(1).map(str::to_owned),
                ));
            }
        });
        assert_eq!(grads.values(), expected.values());
        let names = [("square", None), ("sin", None), ("affine + exp", Some("0.w".to_owned()))];
        assert_eq!(back, names.map(|(name, parameter)| (name.to_owned(), parameter)));

        plan.backward_add(&params, &mut plain, &mut expected);
        plan.backward_watched(&params, &mut watched, &mut grads, (Put::Add, &[1.0]), |_| {});
        assert_eq!(grads.values(), expected.values());
    }
}
