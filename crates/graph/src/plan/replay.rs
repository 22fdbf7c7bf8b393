use std::mem;
use std::sync::Arc;

use chainrule_tensor::gemm::{Precision, Put};
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::{Aligned, Real, elementwise};

use super::walk::Nobody;
use super::{Plan, PlanStep, Slot, Update};
use crate::op::{Backward, Cotangents, Forward, Inputs, Reads};
use crate::params::{Grads, Params};
use crate::workspace::Workspace;

impl<T: Real> Plan<T> {
    /// Forward propagation: every needed value from the workspace's inputs and the parameters.
    ///
    /// # Panics
    /// If the parameters or the workspace belong to something else than this plan.
    #[track_caller]
    pub fn forward(&self, params: &Params<T>, workspace: &mut Workspace<T>) {
        self.walk(params, workspace, None::<&mut Nobody>);
    }

    /// Backpropagation after a [`forward`](Plan::forward) with the same parameters: the gradient of
    /// the loss with respect to every parameter, and to every value that
    /// [`keep_gradient`](crate::Var::keep_gradient) names. What `grads` held before is overwritten.
    ///
    /// Walks the operations once, in reverse, with a table of adjoints: each local derivative is
    /// evaluated once and reused for all that lies behind it.
    ///
    /// # Panics
    /// If the plan is for inference, the root is not a scalar, or parameters, gradients or
    /// workspace belong to something else than this plan.
    #[track_caller]
    pub fn backward(&self, params: &Params<T>, workspace: &mut Workspace<T>, grads: &mut Grads<T>) {
        self.walk_back(params, workspace, grads, (Put::Set, &[T::ONE]), None::<&mut Nobody>);
    }

    /// [`backward`](Plan::backward), adding to what `grads` holds: the gradient of a sum over
    /// several passes.
    ///
    /// # Panics
    /// As [`backward`](Plan::backward).
    #[track_caller]
    pub fn backward_add(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
    ) {
        self.walk_back(params, workspace, grads, (Put::Add, &[T::ONE]), None::<&mut Nobody>);
    }

    /// The vector-Jacobian product: [`backward`](Plan::backward) from a given gradient with respect
    /// to the root, of the root's shape.
    ///
    /// # Panics
    /// If `upstream` has another length than the root, or as [`backward`](Plan::backward).
    #[track_caller]
    pub fn backward_with(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        upstream: &[T],
    ) {
        self.walk_back(params, workspace, grads, (Put::Set, upstream), None::<&mut Nobody>);
    }

    /// [`backward_with`](Plan::backward_with), adding to what `grads` holds: the gradient of a
    /// weighted sum over several passes.
    ///
    /// # Panics
    /// As [`backward_with`](Plan::backward_with).
    #[track_caller]
    pub fn backward_add_with(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        upstream: &[T],
    ) {
        self.walk_back(params, workspace, grads, (Put::Add, upstream), None::<&mut Nobody>);
    }

    /// Takes over the new values of the [statistics](crate::Graph::statistic) that the last forward
    /// pass has computed; to be called once for each training step, when the step counts. Does
    /// nothing where there are none.
    ///
    /// # Panics
    /// If the parameters or the workspace belong to something else than this plan.
    #[track_caller]
    pub fn update_statistics(&self, params: &mut Params<T>, workspace: &Workspace<T>) {
        self.check(params, workspace);
        for Update { range, value } in &self.updates {
            let len = range.len();
            params.statistics[range.clone()].copy_from_slice(&workspace.values[*value][..len]);
        }
    }

    /// Lets the gradient with respect to the root begin; whether it goes any further.
    #[track_caller]
    pub(super) fn begin_back(
        &self,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        upstream: &[T],
        accumulate: bool,
    ) -> bool {
        self.check(params, workspace);
        let same = Arc::ptr_eq(&self.layout, grads.layout()) || self.layout == *grads.layout();
        assert!(same, "these gradients have another layout than the plan");
        let root_len =
            self.root_len.expect("this plan is for inference: plan the way back with `plan`");
        assert!(
            root_len == upstream.len(),
            "the root of the plan has {root_len} elements, the gradient given for it {}",
            upstream.len()
        );
        if !accumulate {
            for (position, entry) in self.layout.entries().iter().enumerate() {
                let reached = self.reach[position] == super::Reach::Reached;
                if !reached {
                    grads.values[entry.range.clone()].fill(T::ZERO);
                }
                grads.reached[position] = reached;
            }
        } else {
            for (reached, reach) in grads.reached.iter_mut().zip(&self.reach) {
                *reached |= *reach == super::Reach::Reached;
            }
        }
        match &self.upstream {
            Slot::Unwanted => return false,
            Slot::Adjoint { buffer, len, .. } => {
                workspace.adjoints[*buffer][..*len].copy_from_slice(upstream)
            }
            Slot::Grad { range, .. } => {
                let put = if accumulate { Put::Add } else { Put::Set };
                elementwise::copy(put, &mut grads.values[range.clone()], upstream);
            }
        }
        true
    }

    #[track_caller]
    pub(crate) fn check(&self, params: &Params<T>, workspace: &Workspace<T>) {
        assert!(
            Arc::ptr_eq(&self.bindings, &workspace.bindings),
            "this workspace belongs to another plan"
        );
        let same = Arc::ptr_eq(&self.layout, params.layout()) || self.layout == *params.layout();
        assert!(same, "these parameters have another layout than the plan");
    }
}

impl<T: Real> PlanStep<T> {
    #[inline]
    pub(crate) fn forward(
        &self,
        constants: &[Aligned<T>],
        params: &Params<T>,
        workspace: &mut Workspace<T>,
    ) {
        // What the operation saves is taken out of the workspace for the call, so that the other
        // buffers can be read: a move, not a copy.
        let mut saved = self
            .saved
            .map_or_else(Aligned::default, |(buffer, _)| mem::take(&mut workspace.values[buffer]));
        let (before, rest) = workspace.values.split_at_mut(self.output);
        let (output, after) = rest.split_first_mut().expect("every value has a buffer");
        self.op.forward(Forward {
            inputs: self.inputs(constants, params, [before, after], Reads::EVERYTHING),
            output: &mut output[..self.len],
            shape: self.shape,
            saved: &mut saved[..self.saved.map_or(0, |(_, len)| len)],
            generator: &mut workspace.generator,
            noise: workspace.noise,
            pool: &workspace.pool,
            precision: workspace.precision,
        });
        if let Some((buffer, _)) = self.saved {
            workspace.values[buffer] = saved;
        }
    }

    #[inline]
    pub(super) fn backward(
        &self,
        constants: &[Aligned<T>],
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut [T],
        accumulate: bool,
    ) {
        let Some(back) = &self.back else { return };
        let len = self.len;
        for slot in &back.shared {
            slot.clear(&mut workspace.adjoints, grads, accumulate);
        }
        let mut upstream = mem::take(&mut workspace.adjoints[back.upstream]);
        if let Some(kept) = back.kept {
            workspace.adjoints[kept].copy_from_slice(&upstream[..len]);
        }
        let asked = &mut workspace.asked[..back.slots.len()];
        asked.fill(false);
        let cotangents = Cotangents {
            slots: &back.slots,
            adjoints: &mut workspace.adjoints,
            grads: &mut *grads,
            accumulate,
            asked: &mut *asked,
            evaluations: &mut workspace.derivative_evaluations,
            op: &*self.op,
        };
        let on = (&*workspace.pool, workspace.precision);
        self.vjp(constants, params, &workspace.values, &mut upstream[..len], cotangents, on);
        // What an operation does not ask for is zero: the place may still hold an older gradient.
        for (slot, _) in back.slots.iter().zip(asked).filter(|(_, asked)| !**asked) {
            slot.clear(&mut workspace.adjoints, grads, accumulate);
        }
        workspace.adjoints[back.upstream] = upstream;
    }

    #[inline]
    pub(super) fn vjp(
        &self,
        constants: &[Aligned<T>],
        params: &Params<T>,
        values: &[Aligned<T>],
        upstream: &mut [T],
        cotangents: Cotangents<'_, T>,
        (pool, precision): (&Pool, Precision),
    ) {
        let reads = self.op.reads();
        self.op.vjp(Backward {
            inputs: self.inputs(constants, params, [values, &[]], reads),
            output: if reads.reads_output() { &values[self.output][..self.len] } else { &[] },
            shape: self.shape,
            saved: self.saved.map_or(&[], |(buffer, len)| &values[buffer][..len]),
            upstream,
            cotangents,
            pool,
            precision,
        });
    }

    #[inline]
    pub(crate) fn inputs<'a>(
        &'a self,
        constants: &'a [Aligned<T>],
        params: &'a Params<T>,
        values: [&'a [Aligned<T>]; 2],
        readable: Reads,
    ) -> Inputs<'a, T> {
        Inputs {
            operands: &self.operands,
            shapes: &self.shapes,
            values,
            params: params.values(),
            statistics: &params.statistics,
            constants,
            readable,
            op: &*self.op,
        }
    }
}
