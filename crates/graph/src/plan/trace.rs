use std::panic::Location;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real, Shape};

use super::{Back, Operand, Plan, PlanStep, Slot};
use crate::op::{Cotangents, Inputs};
use crate::params::{Grads, Params};
use crate::workspace::Workspace;

/// The view that [`Plan::backward_traced`] gives at each operation on the way back.
pub struct TracedBack<'a, T: Real> {
    /// The operation's name.
    pub op: &'a str,
    /// The layer that it belongs to, as a path of scopes.
    pub layer: &'a str,
    /// The line that recorded it.
    pub location: &'static Location<'static>,
    /// The shape of its value.
    pub shape: Shape,
    /// The gradient with respect to its value, from all consumers together.
    pub upstream: &'a [T],
    /// The part that this operation alone adds to the gradient with respect to each of its inputs;
    /// `None` where nobody wants it.
    pub cotangents: &'a [Option<Aligned<T>>],
    /// The operation's value if the way back reads it, else empty.
    pub(crate) output: &'a [T],
    /// Those of its inputs that the way back reads.
    pub(crate) inputs: Inputs<'a, T>,
    /// The operation's place among the [`steps`](Plan::steps).
    pub position: usize,
    pub(crate) step: &'a PlanStep<T>,
    plan: &'a Plan<T>,
    params: &'a Params<T>,
    workspace: &'a Workspace<T>,
}

impl<'a, T: Real> TracedBack<'a, T> {
    /// The name of the parameter that this input is; `None` if it is another value.
    #[must_use]
    pub fn parameter(&self, input: usize) -> Option<&'a str> {
        self.plan
            .parameter(&self.step.operands[input])
            .map(|position| self.plan.layout.entries()[position].name.as_str())
    }

    /// The shape of an input.
    #[must_use]
    pub fn input_shape(&self, input: usize) -> Shape {
        self.step.shapes[input]
    }

    /// The local vector-Jacobian products: what this operation makes of another gradient with
    /// respect to its value, for each input; `None` where nobody wants it. A unit vector gives a
    /// row of the local Jacobian.
    ///
    /// # Panics
    /// If `upstream` has another length than the value.
    #[track_caller]
    #[must_use]
    pub fn pull_back(&self, upstream: &[T]) -> Vec<Option<Aligned<T>>> {
        assert!(
            upstream.len() == self.step.len,
            "`{}` has {} values, the gradient given for them {}",
            self.op,
            self.step.len,
            upstream.len()
        );
        let back = self.step.back.as_ref().expect("only operations with a way back are shown");
        self.step.cotangents(back, &self.plan.constants, self.params, self.workspace, upstream)
    }
}

impl<T: Real> std::fmt::Debug for TracedBack<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TracedBack")
            .field("op", &self.op)
            .field("layer", &self.layer)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl<T: Real> Plan<T> {
    /// [`backward`](Plan::backward), showing each operation's upstream gradient and what it makes
    /// of it, from the loss on; for diagnosis. Unlike `backward` it allocates, and evaluates each
    /// derivative twice; the gradients are the same bits.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f64>::new();
    /// let w = graph.param("w", [], 3.0);
    /// let plan = graph.plan(w.square() * 2.0)?;
    /// let params = plan.init(0)?;
    /// let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    /// plan.forward(&params, &mut workspace);
    /// let mut seen = Vec::new();
    /// plan.backward_traced(&params, &mut workspace, &mut grads, |traced| {
    ///     let gradient = traced.cotangents[0].as_ref().unwrap()[0];
    ///     seen.push((traced.op.to_owned(), traced.upstream[0], gradient));
    /// });
    /// assert_eq!(seen, [("mul".to_owned(), 1.0, 2.0), ("square".to_owned(), 2.0, 12.0)]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// As [`backward`](Plan::backward).
    #[track_caller]
    pub fn backward_traced(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        see: impl FnMut(TracedBack<'_, T>),
    ) {
        self.trace_back(params, workspace, grads, &[T::ONE], see);
    }

    #[track_caller]
    pub(crate) fn trace_back(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        upstream: &[T],
        mut see: impl FnMut(TracedBack<'_, T>),
    ) {
        if !self.begin_back(params, workspace, grads, upstream, false) {
            return;
        }
        for (position, step) in self.steps.iter().enumerate().rev() {
            if let Some(back) = &step.back {
                let upstream = workspace.adjoints[back.upstream][..step.len].to_vec();
                let cotangents =
                    step.cotangents(back, &self.constants, params, workspace, &upstream);
                let reads = step.op.reads();
                see(TracedBack {
                    op: step.op.name(),
                    layer: &step.layer,
                    location: step.location,
                    shape: step.shape,
                    upstream: &upstream,
                    cotangents: &cotangents,
                    output: if reads.reads_output() {
                        &workspace.values[step.output][..step.len]
                    } else {
                        &[]
                    },
                    inputs: step.inputs(&self.constants, params, [&workspace.values, &[]], reads),
                    position,
                    step,
                    plan: self,
                    params,
                    workspace,
                });
            }
            step.backward(&self.constants, params, workspace, &mut grads.values, false);
        }
    }

    /// The position in the layout of the parameter that an operand is.
    pub(crate) fn parameter(&self, operand: &Operand) -> Option<usize> {
        let Operand::Param(range) = operand else { return None };
        self.layout.entries().iter().position(|entry| entry.range == *range)
    }
}

impl<T: Real> PlanStep<T> {
    /// The gradients that this operation makes of an upstream one, in buffers of its own.
    fn cotangents(
        &self,
        back: &Back,
        constants: &[Aligned<T>],
        params: &Params<T>,
        workspace: &Workspace<T>,
        upstream: &[T],
    ) -> Vec<Option<Aligned<T>>> {
        let own = |(buffer, slot): (usize, &Slot)| match slot {
            Slot::Unwanted => Slot::Unwanted,
            _ => Slot::Adjoint { buffer, len: self.shapes[buffer].elements(), put: Put::Set },
        };
        let slots: Vec<Slot> = back.slots.iter().enumerate().map(own).collect();
        let mut buffers: Vec<Aligned<T>> =
            self.shapes.iter().map(|shape| Aligned::zeros(shape.elements())).collect();
        self.vjp(
            constants,
            params,
            &workspace.values,
            &mut upstream.to_vec(),
            Cotangents {
                slots: &slots,
                adjoints: &mut buffers,
                grads: &mut [],
                accumulate: false,
                asked: &mut vec![false; slots.len()],
                evaluations: &mut 0,
                op: &*self.op,
            },
            (&workspace.pool, workspace.precision),
        );
        let wanted = slots.iter().zip(buffers);
        wanted.map(|(slot, buffer)| (!matches!(slot, Slot::Unwanted)).then_some(buffer)).collect()
    }
}
