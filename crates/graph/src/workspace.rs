use std::fmt;
use std::sync::Arc;

use chainrule_tensor::gemm::Precision;
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::random::{Generator, generator};
use chainrule_tensor::{Aligned, Real, TensorView};

use crate::InputError;
use crate::graph::NodeId;
use crate::params::view;
use crate::plan::{Binding, Bindings};

/// All that changes while a [`Plan`](crate::Plan) is replayed: the inputs, the values and their
/// gradients.
///
/// Made by [`Plan::workspace`](crate::Plan::workspace), which is the last allocation. One plan and
/// several workspaces serve several threads.
pub struct Workspace<T: Real = f32> {
    pub(crate) bindings: Arc<Bindings>,
    pub(crate) values: Vec<Aligned<T>>,
    pub(crate) adjoints: Vec<Aligned<T>>,
    pub(crate) generator: Generator,
    /// The generator as the last forward pass found it.
    pub(crate) before: Generator,
    pub(crate) noise: f64,
    pub(crate) derivative_evaluations: u64,
    /// Which gradients the operation that is on its way back has asked for.
    pub(crate) asked: Vec<bool>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) precision: Precision,
}

impl<T: Real> Workspace<T> {
    pub(crate) fn new(
        bindings: Arc<Bindings>,
        value_lens: &[usize],
        adjoint_lens: &[usize],
        most_inputs: usize,
    ) -> Self {
        let zeros = |lens: &[usize]| lens.iter().map(|&len| Aligned::zeros(len)).collect();
        Workspace {
            bindings,
            values: zeros(value_lens),
            adjoints: zeros(adjoint_lens),
            generator: generator(0),
            before: generator(0),
            noise: 1.0,
            derivative_evaluations: 0,
            asked: vec![false; most_inputs],
            pool: Pool::shared(),
            precision: Precision::F32,
        }
    }

    /// Seeds the generator that operations such as dropout draw from; a new workspace has seed 0.
    pub fn seed(&mut self, seed: u64) {
        self.generator = generator(seed);
        self.before = generator(seed);
    }

    /// Lets the next forward pass draw the random numbers of the last one again, so that a second
    /// pass over the same inputs is the same pass.
    pub fn rewind(&mut self) {
        self.generator = self.before.clone();
    }

    /// Sets the part of their own randomness that operations such as dropout have from now on, from
    /// 0 to 1; by default 1, all of it. With 0.5, dropout of 0.2 drops a tenth.
    ///
    /// # Panics
    /// If it is not in `[0, 1]`.
    #[track_caller]
    pub fn set_noise(&mut self, noise: f64) {
        assert!((0.0..=1.0).contains(&noise), "a part must lie in [0, 1], but it is {noise}");
        self.noise = noise;
    }

    /// Shares large operations among the threads of this pool; by default [`Pool::shared`], which
    /// has one for each processor. The results are the same bits with any number of threads.
    pub fn on(&mut self, pool: Arc<Pool>) {
        self.pool = pool;
    }

    /// The threads that share large operations.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// How exactly the large matrix products of the next passes are computed, forward and backward;
    /// by default with [`Precision::F32`]. Products in `f64` and of dual numbers stay as they are.
    pub fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// How exactly large matrix products are computed.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Fills an input.
    ///
    /// # Errors
    /// [`InputError::Length`] for another number of values than the input has;
    /// [`InputError::Class`] for a label that is not a class.
    ///
    /// # Panics
    /// If the variable is not an input of the plan.
    #[track_caller]
    pub fn set(&mut self, input: impl Into<NodeId>, values: &[T]) -> Result<(), InputError> {
        let bindings = Arc::clone(&self.bindings);
        let binding = bindings.input(input.into());
        if values.len() != binding.shape.elements() {
            let name = binding.name.clone();
            return Err(InputError::Length { name, shape: binding.shape, given: values.len() });
        }
        if let Some(classes) = binding.classes {
            let is_class =
                |label: f64| label >= 0.0 && label < classes as f64 && label.fract() == 0.0;
            if let Some(sample) = values.iter().position(|label| !is_class(label.to_f64())) {
                let (name, label) = (binding.name.clone(), values[sample].to_string());
                return Err(InputError::Class { name, sample, label, classes });
            }
        }
        self.values[binding.value.expect("inputs are always placed")].copy_from_slice(values);
        Ok(())
    }

    /// An input's buffer, to be filled in place without a copy and without a check.
    ///
    /// # Panics
    /// If the variable is not an input of the plan.
    #[track_caller]
    #[must_use]
    pub fn input_mut(&mut self, input: impl Into<NodeId>) -> &mut [T] {
        let binding = self.bindings.input(input.into());
        &mut self.values[binding.value.expect("inputs are always placed")]
    }

    /// Two inputs' buffers at once.
    ///
    /// # Panics
    /// If either is not an input of the plan, or both are the same.
    #[track_caller]
    #[must_use]
    pub fn inputs_mut(&mut self, inputs: [NodeId; 2]) -> [&mut [T]; 2] {
        assert!(
            inputs[0] != inputs[1],
            "`{}` is asked for twice",
            self.bindings.input(inputs[0]).name
        );
        let buffers =
            inputs.map(|input| self.bindings.input(input).value.expect("inputs are always placed"));
        self.values
            .get_disjoint_mut(buffers)
            .expect("each input has a buffer of its own")
            .map(|buffer| &mut **buffer)
    }

    /// A value after a forward pass: an input, a root of the plan, or one that was asked for with
    /// [`Var::keep`](crate::Var::keep).
    ///
    /// # Panics
    /// If it is none of these: its buffer may hold something else by now.
    #[track_caller]
    #[must_use]
    pub fn value(&self, node: impl Into<NodeId>) -> TensorView<'_, T> {
        let node = node.into();
        self.try_value(node).unwrap_or_else(|| {
            let name = &self.bindings.get(node).name;
            panic!("the value of `{name}` is not kept: ask for it with `keep()` before planning")
        })
    }

    /// [`value`](Workspace::value), or `None` if it is not kept.
    ///
    /// # Panics
    /// If the variable is not of the graph that was planned.
    #[track_caller]
    #[must_use]
    pub fn try_value(&self, node: impl Into<NodeId>) -> Option<TensorView<'_, T>> {
        let binding = self.bindings.get(node.into());
        let buffer = binding.value?;
        Some(view(binding.shape, &self.values[buffer][..binding.shape.elements()]))
    }

    /// The gradient after a backward pass with respect to a value that was asked for with
    /// [`Var::keep_gradient`](crate::Var::keep_gradient).
    ///
    /// # Panics
    /// If it was not, or the loss does not depend on it, or it is a parameter: the gradients of
    /// those are in the [`Grads`](crate::Grads).
    #[track_caller]
    #[must_use]
    pub fn gradient(&self, node: impl Into<NodeId>) -> TensorView<'_, T> {
        let node = node.into();
        let binding = self.bindings.get(node);
        match self.try_gradient(node) {
            Some(gradient) => gradient,
            None if binding.is_param => {
                panic!("`{}` is a parameter: its gradient is in the `Grads`", binding.name)
            }
            None => panic!(
                "the gradient with respect to `{}` is not kept: ask for it with `keep_gradient()` \
                 before planning, and make sure that \
                 the loss depends on it",
                binding.name
            ),
        }
    }

    /// [`gradient`](Workspace::gradient), or `None` if it was not asked for, or the loss does not
    /// depend on the value: not the same as a gradient of zero.
    ///
    /// # Panics
    /// If the variable is not of the graph that was planned.
    #[track_caller]
    #[must_use]
    pub fn try_gradient(&self, node: impl Into<NodeId>) -> Option<TensorView<'_, T>> {
        let binding = self.bindings.get(node.into());
        let buffer = binding.gradient?;
        Some(view(binding.shape, &self.adjoints[buffer][..binding.shape.elements()]))
    }

    /// How many local derivatives have been evaluated in all backward passes so far.
    #[must_use]
    pub fn derivative_evaluations(&self) -> u64 {
        self.derivative_evaluations
    }
}

impl Bindings {
    #[track_caller]
    fn get(&self, node: NodeId) -> &Binding {
        match self.nodes.get(node.index as usize) {
            Some(binding) if node.graph == self.graph => binding,
            Some(_) => panic!("this variable is of another graph than the workspace's plan"),
            None => panic!(
                "this variable was recorded after the workspace's plan was made, or is of another \
                 graph"
            ),
        }
    }

    #[track_caller]
    fn input(&self, node: NodeId) -> &Binding {
        let binding = self.get(node);
        assert!(binding.is_input, "`{}` is not an input", binding.name);
        binding
    }
}

impl<T: Real> fmt::Debug for Workspace<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lens =
            |buffers: &[Aligned<T>]| buffers.iter().map(|buffer| buffer.len()).collect::<Vec<_>>();
        f.debug_struct("Workspace")
            .field("values", &lens(&self.values))
            .field("adjoints", &lens(&self.adjoints))
            .finish_non_exhaustive()
    }
}
