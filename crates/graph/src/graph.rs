use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chainrule_tensor::memory::{self, TooLarge};
use chainrule_tensor::{Aligned, Real, Shape, Tensor};

use crate::layout::{Initialiser, Layout};
use crate::op::Op;
use crate::params::Params;
use crate::plan::Plan;
use crate::var::Var;
use crate::{BuildError, BuildErrorKind};

/// A recording of a computation: inputs, parameters and the operations on them, in order.
///
/// Nothing is computed while recording. Shapes are checked, and the first mistake is kept until
/// [`plan`](Graph::plan) returns it, with the line of the caller and the layer in which it was
/// made.
///
/// ```
/// use chainrule_graph::Graph;
///
/// // One weight and the squared error of its prediction.
/// let graph = Graph::<f64>::new();
/// let x = graph.input("x", [3]);
/// let y = graph.input("y", [3]);
/// let w = graph.param("w", [], 1.0);
/// let loss = (x * w - y).square().mean(..);
///
/// let plan = graph.plan(loss)?;
/// let params = plan.init(0)?;
/// let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
/// workspace.set(x, &[1.0, 2.0, 3.0])?;
/// workspace.set(y, &[2.0, 4.0, 9.0])?;
/// plan.forward(&params, &mut workspace);
/// plan.backward(&params, &mut workspace, &mut grads);
/// assert_eq!(workspace.value(loss).values(), [41.0 / 3.0]);
/// assert!((grads.get("w").unwrap().values()[0] + 46.0 / 3.0).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Graph<T: Real = f32> {
    id: u32,
    training: bool,
    pub(crate) recording: RefCell<Recording<T>>,
}

/// The recording so far.
pub(crate) struct Recording<T: Real> {
    pub(crate) nodes: Vec<Node<T>>,
    pub(crate) layout: Arc<Layout>,
    /// Parameters may only be looked up, not declared.
    pub(crate) fixed: bool,
    pub(crate) scopes: Vec<String>,
    /// The node of each parameter of the layout that is used so far.
    pub(crate) param_nodes: HashMap<usize, usize>,
    /// The node that is the newest value of each statistic of the layout that is used so far.
    pub(crate) statistic_nodes: HashMap<usize, usize>,
    /// The statistics that a pass gives new values.
    pub(crate) updated: Vec<usize>,
    pub(crate) layers: Vec<LayerRecord>,
    pub(crate) error: Option<BuildError>,
}

/// One recorded value.
#[derive(Debug)]
pub(crate) struct Node<T: Real> {
    pub(crate) source: Source<T>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) shape: Shape,
    pub(crate) layer: String,
    pub(crate) location: &'static Location<'static>,
    pub(crate) keep: bool,
    pub(crate) keep_gradient: bool,
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Source<T: Real> {
    Input {
        name: String,
        classes: Option<usize>,
    },
    /// The position in the layout.
    Param(usize),
    /// The position among the layout's statistics.
    Statistic(usize),
    Constant(Aligned<T>),
    Op(Arc<dyn Op<T>>),
}

/// A layer that was recorded: what [`Graph::layer`] leaves behind for summaries.
#[derive(Clone, Debug)]
pub struct LayerRecord {
    /// The path of scopes, such as `encoder.0`.
    pub path: String,
    /// The kind of layer, such as `linear`.
    pub kind: String,
    /// The shape of what came out of it.
    pub output: Shape,
    /// The value that came out of it.
    pub value: NodeId,
}

/// Names one value of one graph; plain data, to be kept after the graph is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId {
    pub(crate) graph: u32,
    pub(crate) index: u32,
}

impl<T: Real> Default for Graph<T> {
    fn default() -> Self {
        Graph::new()
    }
}

impl<T: Real> Graph<T> {
    /// An empty recording that declares its own parameters.
    #[must_use]
    pub fn new() -> Self {
        Graph::recording(Arc::default(), false)
    }

    /// An empty recording that uses these parameters and can declare no others.
    #[must_use]
    pub fn with_params(params: &Params<T>) -> Self {
        Graph::recording(Arc::clone(params.layout()), true)
    }

    fn recording(layout: Arc<Layout>, fixed: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let recording = Recording {
            nodes: Vec::new(),
            layout,
            fixed,
            scopes: Vec::new(),
            param_nodes: HashMap::new(),
            statistic_nodes: HashMap::new(),
            updated: Vec::new(),
            layers: Vec::new(),
            error: None,
        };
        Graph {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            training: true,
            recording: RefCell::new(recording),
        }
    }

    /// The same recording for evaluation: layers that behave differently in training, such as
    /// dropout, ask [`is_training`](Graph::is_training).
    #[must_use]
    pub fn evaluating(mut self) -> Self {
        self.training = false;
        self
    }

    /// True if layers should behave as in training: they do unless
    /// [`evaluating`](Graph::evaluating) was asked for.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// An input of the model, to be filled in a workspace before each pass.
    #[track_caller]
    pub fn input(&self, name: &str, shape: impl Into<Shape>) -> Var<'_, T> {
        self.push(
            Source::Input { name: name.to_owned(), classes: None },
            Vec::new(),
            shape.into(),
            Location::caller(),
        )
    }

    /// An input of `samples` class indices, whole numbers in `0..classes`;
    /// [`Workspace::set`](crate::Workspace::set) checks that they are.
    ///
    /// No class at all is a mistake that planning reports.
    #[track_caller]
    pub fn class_input(&self, name: &str, samples: usize, classes: usize) -> Var<'_, T> {
        if classes == 0 {
            self.fail(format!("input `{name}`: there must be at least one class"));
        }
        let source = Source::Input { name: name.to_owned(), classes: Some(classes) };
        self.push(source, Vec::new(), samples.into(), Location::caller())
    }

    /// A value that never changes.
    #[track_caller]
    pub fn constant(&self, tensor: &Tensor<T>) -> Var<'_, T> {
        let source = Source::Constant(Aligned::from_slice(tensor.values()));
        self.push(source, Vec::new(), tensor.shape(), Location::caller())
    }

    /// The parameter of this name in the current [`scope`](Graph::scope), declared at its first
    /// use. Asked for again, it is the same parameter.
    #[track_caller]
    pub fn param(
        &self,
        name: &str,
        shape: impl Into<Shape>,
        initialiser: impl Initialiser + 'static,
    ) -> Var<'_, T> {
        let (location, shape) = (Location::caller(), shape.into());
        let name = join(&self.recording.borrow().scopes, name);
        let position = match self.declare(name, shape, Arc::new(initialiser)) {
            Ok(position) => position,
            Err(kind) => {
                self.fail_at(kind, location);
                return self.push(
                    Source::Constant(Aligned::default()),
                    Vec::new(),
                    shape,
                    location,
                );
            }
        };
        let known = self.recording.borrow().param_nodes.get(&position).copied();
        known.map_or_else(
            || {
                let param = self.push(Source::Param(position), Vec::new(), shape, location);
                self.recording.borrow_mut().param_nodes.insert(position, param.index());
                param
            },
            |index| self.var(index),
        )
    }

    fn declare(
        &self,
        name: String,
        shape: Shape,
        initialiser: Arc<dyn Initialiser>,
    ) -> Result<usize, BuildErrorKind> {
        let recording = &mut *self.recording.borrow_mut();
        let layout = &recording.layout;
        if let Some(position) = layout.position(&name) {
            let held = layout.entries()[position].shape;
            return if held == shape {
                Ok(position)
            } else {
                Err(BuildErrorKind::ParameterShape { name, asked: shape, held })
            };
        }
        if layout.statistic_position(&name).is_some() {
            return Err(BuildErrorKind::Model(format!(
                "`{name}` is a statistic: a parameter needs another name"
            )));
        }
        if recording.fixed {
            let known: Vec<_> = layout.entries().iter().map(|entry| entry.name.as_str()).collect();
            return Err(BuildErrorKind::UnknownParameter { name, known: known.join(", ") });
        }
        if let Err(why) = drawn_fits(shape, layout.flat_len()) {
            let name = format!("parameter `{name}`");
            return Err(BuildErrorKind::Memory { name, shape, why });
        }
        Ok(Arc::make_mut(&mut recording.layout).declare(name, shape, initialiser))
    }

    /// Records `body` inside a named scope: parameters and mistakes in it carry the name in front.
    pub fn scope<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        self.recording.borrow_mut().scopes.push(name.to_owned());
        let result = body();
        self.recording.borrow_mut().scopes.pop();
        result
    }

    /// Records a layer: `body` inside the scope `name`, noted for summaries as a layer of this
    /// kind.
    pub fn layer<'g>(
        &'g self,
        name: &str,
        kind: &str,
        body: impl FnOnce() -> Var<'g, T>,
    ) -> Var<'g, T> {
        let position = self.recording.borrow().layers.len();
        self.scope(name, || {
            let output = body();
            let (shape, value) = (output.shape(), output.id());
            let recording = &mut *self.recording.borrow_mut();
            let path = recording.scopes.join(".");
            recording.layers.insert(
                position,
                LayerRecord { path, kind: kind.to_owned(), output: shape, value },
            );
            output
        })
    }

    /// The layers recorded so far, each before the layers inside it.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerRecord> {
        self.recording.borrow().layers.clone()
    }

    /// The parameters declared or given so far.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        Arc::clone(&self.recording.borrow().layout)
    }

    /// The variable of this name, to go on with, such as the [`value`](LayerRecord::value) of a
    /// layer.
    ///
    /// # Panics
    /// If it is of another graph.
    #[track_caller]
    #[must_use]
    pub fn named(&self, id: NodeId) -> Var<'_, T> {
        let known =
            id.graph == self.id && (id.index as usize) < self.recording.borrow().nodes.len();
        assert!(known, "a variable of one graph cannot be used in another");
        self.var(id.index as usize)
    }

    /// Applies an operation, one's own or a built-in one.
    ///
    /// # Panics
    /// If a variable is of another graph.
    #[track_caller]
    pub fn apply<'g>(&'g self, op: impl Op<T> + 'static, inputs: &[Var<'g, T>]) -> Var<'g, T> {
        self.record(Arc::new(op), inputs, Location::caller())
    }

    /// Notes a mistake that a layer or a loss has found: planning will fail with this message.
    #[track_caller]
    pub fn fail(&self, message: impl Into<String>) {
        self.fail_at(BuildErrorKind::Model(message.into()), Location::caller());
    }

    /// A plan for training: forward to `loss`, a scalar, and backward to the parameters.
    ///
    /// # Errors
    /// The first mistake of the recording, or a loss that is not a scalar.
    ///
    /// # Panics
    /// If the variable is of another graph.
    #[track_caller]
    pub fn plan(&self, loss: Var<'_, T>) -> Result<Plan<T>, BuildError> {
        let shape = self.shape_at(self.index_of(loss));
        self.check_error()?;
        if shape.elements() != 1 {
            let kind = BuildErrorKind::NotScalar { shape };
            return Err(BuildError { kind, layer: String::new(), location: Location::caller() });
        }
        self.plan_with_upstream(loss)
    }

    /// A plan for a vector-Jacobian product: forward to `root`, of any shape, and backward from a
    /// gradient with respect to it that the caller gives to [`Plan::backward_with`].
    ///
    /// # Errors
    /// The first mistake of the recording.
    ///
    /// # Panics
    /// If the variable is of another graph.
    #[track_caller]
    pub fn plan_with_upstream(&self, root: Var<'_, T>) -> Result<Plan<T>, BuildError> {
        let root = self.index_of(root);
        self.check_error()?;
        Ok(Plan::build(self.id, &self.recording.borrow(), &[root], true, true))
    }

    /// [`plan_with_upstream`](Graph::plan_with_upstream) with every operation on its own: none is
    /// fused with the one before, so that a trace shows each of them as it was recorded. For
    /// diagnosis; slower, and the same values.
    ///
    /// # Errors
    /// The first mistake of the recording.
    ///
    /// # Panics
    /// If the variable is of another graph.
    #[track_caller]
    pub fn plan_unfused(&self, root: Var<'_, T>) -> Result<Plan<T>, BuildError> {
        let root = self.index_of(root);
        self.check_error()?;
        Ok(Plan::build(self.id, &self.recording.borrow(), &[root], true, false))
    }

    /// A plan for inference: forward to `outputs`, and to all values that [`Var::keep`] names, with
    /// nothing kept for a way back.
    ///
    /// # Errors
    /// The first mistake of the recording.
    ///
    /// # Panics
    /// If a variable is of another graph.
    #[track_caller]
    pub fn plan_forward(&self, outputs: &[Var<'_, T>]) -> Result<Plan<T>, BuildError> {
        let roots: Vec<usize> = outputs.iter().map(|&output| self.index_of(output)).collect();
        self.check_error()?;
        Ok(Plan::build(self.id, &self.recording.borrow(), &roots, false, true))
    }

    /// The first mistake of the recording, if there is one.
    ///
    /// # Errors
    /// That mistake.
    pub fn check_error(&self) -> Result<(), BuildError> {
        self.recording.borrow().error.clone().map_or(Ok(()), Err)
    }

    #[track_caller]
    pub(crate) fn record(
        &self,
        op: Arc<dyn Op<T>>,
        inputs: &[Var<'_, T>],
        location: &'static Location<'static>,
    ) -> Var<'_, T> {
        let inputs: Vec<usize> = inputs.iter().map(|&input| self.index_of(input)).collect();
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shape_at(input)).collect();
        let failed = self.recording.borrow().error.is_some();
        let shape = match op.shape(&shapes) {
            Ok(shape) => shape,
            // After a mistake the shapes mean little: the first message is the one that counts.
            Err(_) if failed => shapes.first().copied().unwrap_or(Shape::SCALAR),
            Err(why) => {
                self.fail_at(BuildErrorKind::Shape { op: op.name().to_owned(), why }, location);
                shapes.first().copied().unwrap_or(Shape::SCALAR)
            }
        };
        self.push(Source::Op(op), inputs, shape, location)
    }

    pub(crate) fn push(
        &self,
        source: Source<T>,
        inputs: Vec<usize>,
        shape: Shape,
        location: &'static Location<'static>,
    ) -> Var<'_, T> {
        if let Err(why) = shape.fits::<T>() {
            let name = match &source {
                Source::Input { name, .. } => format!("input `{name}`"),
                Source::Op(op) => op.name().to_owned(),
                Source::Param(_) | Source::Statistic(_) | Source::Constant(_) => {
                    "a value".to_owned()
                }
            };
            self.fail_at(BuildErrorKind::Memory { name, shape, why }, location);
        }
        let recording = &mut *self.recording.borrow_mut();
        let layer = recording.scopes.join(".");
        recording.nodes.push(Node {
            source,
            inputs,
            shape,
            layer,
            location,
            keep: false,
            keep_gradient: false,
        });
        self.var(recording.nodes.len() - 1)
    }

    pub(crate) fn var(&self, index: usize) -> Var<'_, T> {
        Var::new(self, u32::try_from(index).expect("a graph holds fewer than 2^32 values"))
    }

    pub(crate) fn fail_at(&self, kind: BuildErrorKind, location: &'static Location<'static>) {
        let recording = &mut *self.recording.borrow_mut();
        if recording.error.is_none() {
            recording.error =
                Some(BuildError { kind, layer: recording.scopes.join("."), location });
        }
    }

    #[track_caller]
    fn index_of(&self, var: Var<'_, T>) -> usize {
        assert!(
            std::ptr::eq(self, var.graph()),
            "a variable of one graph cannot be used in another"
        );
        var.index()
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn shape_at(&self, index: usize) -> Shape {
        self.recording.borrow().nodes[index].shape
    }

    pub(crate) fn with_node<R>(&self, index: usize, f: impl FnOnce(&mut Node<T>) -> R) -> R {
        f(&mut self.recording.borrow_mut().nodes[index])
    }

    pub(crate) fn with_nodes<R>(&self, f: impl FnOnce(&[Node<T>], &Layout) -> R) -> R {
        let recording = self.recording.borrow();
        f(&recording.nodes, &recording.layout)
    }
}

/// Checks that memory can hold a parameter behind so many values of others, and its first values,
/// which are drawn in `f64`.
pub(crate) fn drawn_fits(shape: Shape, others: usize) -> Result<(), TooLarge> {
    shape.fits::<f64>()?;
    memory::check::<f64>(others.saturating_add(shape.elements()))
}

pub(crate) fn join(scopes: &[String], name: &str) -> String {
    scopes.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
}

impl<T: Real> Node<T> {
    /// The name in messages and drawings.
    pub(crate) fn name<'a>(&'a self, layout: &'a Layout) -> &'a str {
        match &self.source {
            Source::Input { name, .. } => name,
            Source::Param(position) => &layout.entries()[*position].name,
            Source::Statistic(position) => &layout.statistics()[*position].name,
            Source::Constant(_) => "constant",
            Source::Op(op) => op.name(),
        }
    }
}

impl<T: Real> fmt::Debug for Graph<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_nodes(|nodes, layout| {
            let mut list = f.debug_list();
            for (i, node) in nodes.iter().enumerate() {
                list.entry(&format_args!(
                    "{i}: {} {:?} {}",
                    node.name(layout),
                    node.inputs,
                    node.shape
                ));
            }
            list.finish()
        })
    }
}
