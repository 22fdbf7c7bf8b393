//! An operation at work, as an observer is shown it.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real, Shape};

use super::{Operand, Plan, PlanStep, Slot};
use crate::graph::NodeId;
use crate::op::{Cotangents, Forward, Reads};
use crate::params::Params;
use crate::pointwise::{DerivativeReads, Pointwise};
use crate::workspace::Workspace;

/// An operation of a plan, as an [`Observer`](super::Observer) is shown it.
#[derive(Clone, Copy)]
pub struct WatchedOp<'a, T: Real> {
    pub(super) plan: &'a Plan<T>,
    pub(super) position: usize,
    pub(crate) step: &'a PlanStep<T>,
    pub(super) params: &'a Params<T>,
    pub(crate) workspace: &'a Workspace<T>,
}

/// An operation on the way forward, right after it has run.
#[derive(Clone, Copy)]
pub struct Watched<'a, T: Real> {
    /// The operation.
    pub op: WatchedOp<'a, T>,
    /// Its value, just written.
    pub values: &'a [T],
}

/// An operation on the way back, right before it runs.
#[derive(Clone, Copy)]
pub struct WatchedBack<'a, T: Real> {
    /// The operation.
    pub op: WatchedOp<'a, T>,
    /// The gradient with respect to its value, from all consumers together.
    pub upstream: &'a [T],
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

    /// The line that recorded it.
    #[must_use]
    pub fn location(self) -> &'static Location<'static> {
        self.step.location
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

    /// Those of its inputs that `readable` names.
    pub(crate) fn inputs(self, readable: Reads) -> crate::op::Inputs<'a, T> {
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
                noise: self.op.workspace.noise,
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
    /// Returns true if somebody wants the gradient with respect to this input.
    #[must_use]
    pub fn wants(self, input: usize) -> bool {
        let slots = self.op.step.back.as_ref().map_or(&[][..], |back| &back.slots);
        slots.get(input).is_some_and(|slot| !matches!(slot, Slot::Unwanted))
    }

    /// The part that this operation alone adds to the gradient with respect to each of its inputs;
    /// `None` where nobody wants it. It is computed for the one who asks, in buffers of its own.
    ///
    /// ```
    /// use chainrule_graph::{Graph, on_backward};
    /// use chainrule_tensor::gemm::Put;
    ///
    /// let graph = Graph::<f64>::new();
    /// let w = graph.param("w", [], 3.0);
    /// let plan = graph.plan(w.square() * 2.0)?;
    /// let params = plan.init(0)?;
    /// let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    /// plan.forward(&params, &mut workspace);
    /// let mut seen = Vec::new();
    /// let mut observer = on_backward(|watched| {
    ///     let gradient = watched.cotangents()[0].as_ref().unwrap()[0];
    ///     seen.push((watched.op.name().to_owned(), watched.upstream[0], gradient));
    /// });
    /// let whole = (Put::Set, &[1.0][..]);
    /// plan.backward_watched(&params, &mut workspace, &mut grads, whole, &mut observer);
    /// drop(observer);
    /// assert_eq!(seen, [("mul".to_owned(), 1.0, 2.0), ("square".to_owned(), 2.0, 12.0)]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[must_use]
    pub fn cotangents(self) -> Vec<Option<Aligned<T>>> {
        self.pull_back(self.upstream)
    }

    /// The local vector-Jacobian products: what this operation makes of another gradient with
    /// respect to its value, for each input; `None` where nobody wants it. A unit vector gives a
    /// row of the local Jacobian.
    ///
    /// # Panics
    /// If `upstream` has another length than the value.
    #[track_caller]
    #[must_use]
    pub fn pull_back(self, upstream: &[T]) -> Vec<Option<Aligned<T>>> {
        let WatchedOp { plan, step, params, workspace, .. } = self.op;
        assert!(
            upstream.len() == step.len,
            "`{}` has {} values, the gradient given for them {}",
            self.op.name(),
            step.len,
            upstream.len()
        );
        let back = step.back.as_ref().expect("only operations with a way back are shown");
        let own = |(buffer, slot): (usize, &Slot)| match slot {
            Slot::Unwanted => Slot::Unwanted,
            _ => Slot::Adjoint { buffer, len: step.shapes[buffer].elements(), put: Put::Set },
        };
        let slots: Vec<Slot> = back.slots.iter().enumerate().map(own).collect();
        let mut buffers: Vec<Aligned<T>> =
            step.shapes.iter().map(|shape| Aligned::zeros(shape.elements())).collect();
        let cotangents = Cotangents {
            slots: &slots,
            adjoints: &mut buffers,
            grads: &mut [],
            accumulate: false,
            asked: &mut vec![false; slots.len()],
            evaluations: &mut 0,
            op: &*step.op,
        };
        let on = (&*workspace.pool, workspace.precision);
        let mut upstream = upstream.to_vec();
        step.vjp(&plan.constants, params, &workspace.values, &mut upstream, cotangents, on);
        let wanted = slots.iter().zip(buffers);
        wanted.map(|(slot, buffer)| (!matches!(slot, Slot::Unwanted)).then_some(buffer)).collect()
    }

    /// The operation's value if the way back reads it, else empty.
    pub(crate) fn output(self) -> &'a [T] {
        match self.op.step.op.reads().reads_output() {
            true => &self.op.workspace.values[self.op.step.output][..self.op.step.len],
            false => &[],
        }
    }

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
        self.with_function(into, |function, into, at| {
            function.map_back(Put::Set, into, self.upstream, at)
        })
    }

    /// Writes the derivative of the [function](WatchedOp::function). False, with nothing written,
    /// where there is none.
    pub fn derivative(self, into: &mut Vec<T>) -> bool {
        self.with_function(into, |function, into, at| {
            let ones = [T::ONE; 256];
            for (into, at) in into.chunks_mut(ones.len()).zip(at.chunks(ones.len())) {
                function.map_back(Put::Set, into, &ones[..at.len()], at);
            }
        })
    }

    fn with_function(
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
    use crate::{Graph, Var, on_backward, on_forward};

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
        plan.forward_watched(
            &params,
            &mut workspace,
            &mut on_forward(|watched| {
                if watched.pre_activation(&mut z) {
                    let function = watched.op.function().unwrap();
                    let output = function.derivative_reads() == DerivativeReads::Output;
                    let at = if output { watched.values } else { &z };
                    expected
                        .push(at.iter().map(|&at| function.derivative(at)).collect::<Vec<f64>>());
                }
            }),
        );
        plan.backward_watched(
            &params,
            &mut workspace,
            &mut grads,
            (Put::Set, &[1.0]),
            &mut on_backward(|watched| {
                if watched.derivative(&mut slope) {
                    assert_eq!(Some(&slope), expected.pop().as_ref(), "{:?}", watched.op);
                }
            }),
        );
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
        plan.forward_watched(
            &params,
            &mut watched,
            &mut on_forward(|watched| {
                if watched.pre_activation(&mut z) {
                    let op = watched.op;
                    let function = op.function().unwrap();
                    let again: Vec<f64> = z.iter().map(|&z| function.value(z)).collect();
                    assert_eq!(again, watched.values, "{op:?}");
                    seen.push((op.first_layer().to_owned(), op.is_fused(), op.continues(), z[0]));
                }
            }),
        );
        let z0 = 0.3 * 0.5 - 0.3 + 0.3;
        let z1 = 4.0 * (0.3 * f64::exp(z0));
        assert_eq!(
            seen.iter().map(|s| (s.0.as_str(), s.1, s.2)).collect::<Vec<_>>(),
            [("0", true, false), ("2", false, true), ("", false, true)]
        );
        assert!((seen[0].3 - z0).abs() < 1e-15 && (seen[1].3 - z1).abs() < 1e-15);

        let (mut pulled, mut slope, mut back) = (Vec::new(), Vec::new(), Vec::new());
        plan.backward_watched(
            &params,
            &mut watched,
            &mut grads,
            (Put::Set, &[1.0]),
            &mut on_backward(|watched| {
                if watched.through_function(&mut pulled) && watched.derivative(&mut slope) {
                    assert_eq!(pulled[0], watched.upstream[0] * slope[0]);
                    back.push((
                        watched.op.name().to_owned(),
                        watched.op.parameter(1).map(str::to_owned),
                    ));
                }
            }),
        );
        assert_eq!(grads.values(), expected.values());
        let names = [("square", None), ("sin", None), ("affine + exp", Some("0.w".to_owned()))];
        assert_eq!(back, names.map(|(name, parameter)| (name.to_owned(), parameter)));

        plan.backward_add(&params, &mut plain, &mut expected);
        plan.backward_watched(
            &params,
            &mut watched,
            &mut grads,
            (Put::Add, &[1.0]),
            &mut on_backward(|_| {}),
        );
        assert_eq!(grads.values(), expected.values());
    }
}
