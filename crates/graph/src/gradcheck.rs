use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;

use crate::graph::{Graph, NodeId};
use crate::params::{Grads, Params};
use crate::plan::Plan;
use crate::var::Var;
use crate::workspace::Workspace;
use crate::{BuildError, InputError};

/// Checks the derivatives of `function` at these inputs with the default settings of [`Gradcheck`].
///
/// # Errors
/// [`GradcheckError`] says where the derivative is wrong and by how much, or why it could not be
/// checked.
pub fn gradcheck<F>(inputs: &[Tensor<f64>], function: F) -> Result<Gradchecked, GradcheckError>
where
    F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
{
    Gradcheck::default().check(inputs, function)
}

/// Compares the vector-Jacobian products of a function with central differences, in `f64`, with
/// respect to its inputs and to every parameter that it declares.
///
/// A small function is checked entry by entry of its Jacobian, and every function through random
/// projections. For random `u` and `v` it compares `<u, J v>` from two evaluations of the function
/// with `<J^T u, v>` from one way back. Both are then repeated on `f(x) + f(x) / 2`, which makes
/// every derivative add to what another has left.
///
/// At a kink the two need not agree: keep the inputs away from it by more than
/// [`step`](Gradcheck::step). Inputs that only name something, such as the indices of
/// [`gather_rows`](Var::gather_rows), are not to be moved at all: record them with
/// [`Graph::constant`]. [Statistics](Graph::statistic) are not moved. A function that draws random
/// numbers draws the same in each evaluation.
///
/// ```
/// use chainrule_graph::gradcheck;
/// use chainrule_tensor::Tensor;
///
/// let (a, b) = (Tensor::from_rows([[1.0, -2.0], [0.5, 3.0]]), Tensor::from(vec![2.0, -1.0]));
/// let checked = gradcheck(&[a, b], |_, x| (x[0] * x[1]).exp())?;
/// assert!(checked.largest_error < 1e-7);
/// # Ok::<(), chainrule_graph::GradcheckError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gradcheck {
    /// The step of the central difference, relative to the larger of 1 and the coordinate. By
    /// default it is 6e-6, the cube root of the rounding error, where the errors of truncation and
    /// of rounding are about equal.
    pub step: f64,
    /// The absolute part of the tolerance `absolute + relative * |numeric|`; 1e-8 by default.
    pub absolute: f64,
    /// The relative part of the tolerance; 1e-6 by default.
    pub relative: f64,
    /// The number of random projections, with entries from -1 to 1; 4 by default.
    pub projections: usize,
    /// The largest number of entries of a Jacobian that is checked entry by entry; 4096 by default.
    pub full_jacobian: usize,
    /// True if layers behave as in training; true by default.
    pub training: bool,
    /// The seed of the random projections and of the parameters' first values; 0 by default.
    pub seed: u64,
}

impl Default for Gradcheck {
    fn default() -> Self {
        Gradcheck {
            step: 6e-6,
            absolute: 1e-8,
            relative: 1e-6,
            projections: 4,
            full_jacobian: 4096,
            training: true,
            seed: 0,
        }
    }
}

/// The number of comparisons, and how well they agreed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradchecked {
    /// The number of derivatives compared: entries of Jacobians and projections.
    pub compared: usize,
    /// The largest difference, relative to the larger of 1 and the numeric derivative.
    pub largest_error: f64,
}

/// Why a function did not pass.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GradcheckError {
    /// The two derivatives differ by more than the tolerance.
    #[error(
        "gradcheck: {what}: backpropagation gives {analytic:e}, the central difference {numeric:e} \
         (tolerance {tolerance:e})"
    )]
    Differs {
        /// Which derivative.
        what: String,
        /// The one from the way back.
        analytic: f64,
        /// The one from two evaluations.
        numeric: f64,
        /// The tolerance at this size.
        tolerance: f64,
    },
    /// The function's value is NaN or infinite at these inputs, so that no difference can be taken.
    #[error("gradcheck: the value is not finite at element {element}: {value}")]
    NotFinite {
        /// The element of the value.
        element: usize,
        /// The value itself.
        value: f64,
    },
    /// The function could not be recorded.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The inputs could not be set.
    #[error(transparent)]
    Input(#[from] InputError),
}

impl Gradcheck {
    /// Checks the derivatives of `function` at these inputs.
    ///
    /// # Errors
    /// [`GradcheckError`] says where the derivative is wrong and by how much, or why it could not
    /// be checked.
    pub fn check<F>(
        &self,
        inputs: &[Tensor<f64>],
        function: F,
    ) -> Result<Gradchecked, GradcheckError>
    where
        F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
    {
        let mut checked = Gradchecked { compared: 0, largest_error: 0.0 };
        for twice in [false, true] {
            let mut probe = Probe::record(inputs, &function, twice, self)?;
            // The Jacobian first: its message names the element.
            if probe.value.len() * probe.coordinates() <= self.full_jacobian {
                self.check_jacobian(&mut probe, &mut checked)?;
            }
            self.check_projections(&mut probe, &mut checked)?;
        }
        Ok(checked)
    }

    /// `<u, J v>` against `<J^T u, v>` for random `u` and `v`.
    fn check_projections(
        &self,
        probe: &mut Probe,
        checked: &mut Gradchecked,
    ) -> Result<(), GradcheckError> {
        let mut generator = generator(self.seed);
        let mut random = |len: usize| {
            let values =
                Tensor::uniform(len, -1.0..1.0, &mut generator).expect("the range is not empty");
            values.into_values()
        };
        for projection in 0..self.projections {
            let (u, v) = (random(probe.value.len()), random(probe.coordinates()));
            let along = |probe: &mut Probe, step: f64| {
                let value = probe.evaluate(|i, x| x + step * v[i] * x.abs().max(1.0));
                dot(&u, value)
            };
            let numeric = (along(probe, self.step) - along(probe, -self.step)) / (2.0 * self.step);
            let scaled: Vec<f64> =
                v.iter().zip(probe.point()).map(|(v, x)| v * x.abs().max(1.0)).collect();
            let analytic = dot(&scaled, &probe.pull_back(&u));
            let what = || format!("random projection {projection}{}", probe.context());
            self.compare(analytic, numeric, checked, what)?;
        }
        Ok(())
    }

    /// Each entry of the Jacobian.
    fn check_jacobian(
        &self,
        probe: &mut Probe,
        checked: &mut Gradchecked,
    ) -> Result<(), GradcheckError> {
        let outputs = probe.value.len();
        let rows: Vec<Vec<f64>> = (0..outputs)
            .map(|output| {
                let upstream: Vec<f64> =
                    (0..outputs).map(|i| f64::from(u8::from(i == output))).collect();
                probe.pull_back(&upstream)
            })
            .collect();
        for coordinate in 0..probe.coordinates() {
            let step = self.step * probe.point().nth(coordinate).map_or(1.0, |x| x.abs().max(1.0));
            let mut moved = |step: f64| {
                probe.evaluate(|i, x| if i == coordinate { x + step } else { x }).to_vec()
            };
            let (above, below) = (moved(step), moved(-step));
            for (output, row) in rows.iter().enumerate() {
                let numeric = (above[output] - below[output]) / (2.0 * step);
                self.compare(row[coordinate], numeric, checked, || {
                    let (name, context) = (probe.name(coordinate), probe.context());
                    format!("derivative of output element {output} by {name}{context}")
                })?;
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        analytic: f64,
        numeric: f64,
        checked: &mut Gradchecked,
        what: impl FnOnce() -> String,
    ) -> Result<(), GradcheckError> {
        let (error, tolerance) =
            ((analytic - numeric).abs(), self.absolute + self.relative * numeric.abs());
        checked.compared += 1;
        checked.largest_error = checked.largest_error.max(error / numeric.abs().max(1.0));
        // Written so that NaN does not pass.
        if error <= tolerance {
            Ok(())
        } else {
            Err(GradcheckError::Differs { what: what(), analytic, numeric, tolerance })
        }
    }
}

/// The function planned at a point: its inputs and its parameters, one after the other, are the
/// coordinates.
struct Probe {
    plan: Plan<f64>,
    workspace: Workspace<f64>,
    params: Params<f64>,
    grads: Grads<f64>,
    inputs: Vec<(NodeId, Tensor<f64>)>,
    initial: Params<f64>,
    root: NodeId,
    /// True if it is `f(x) + f(x) / 2`.
    twice: bool,
    seed: u64,
    /// The value at the point.
    value: Vec<f64>,
}

impl Probe {
    fn record<F>(
        inputs: &[Tensor<f64>],
        function: &F,
        twice: bool,
        settings: &Gradcheck,
    ) -> Result<Probe, GradcheckError>
    where
        F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
    {
        let graph = if settings.training { Graph::<f64>::new() } else { Graph::new().evaluating() };
        let seed = settings.seed;
        let input = |(i, x): (usize, &Tensor<f64>)| {
            graph.input(&format!("input {i}"), x.shape()).keep_gradient()
        };
        let vars: Vec<Var<'_, f64>> = inputs.iter().enumerate().map(input).collect();
        let mut root = function(&graph, &vars);
        if twice {
            root = root + function(&graph, &vars) * 0.5;
        }
        let plan = graph.plan_with_upstream(root)?;
        let initial = plan.init(seed)?;
        let mut probe = Probe {
            workspace: plan.workspace(),
            params: initial.clone(),
            grads: plan.grads(),
            inputs: vars.iter().map(|var| var.id()).zip(inputs.iter().cloned()).collect(),
            initial,
            root: root.id(),
            twice,
            seed,
            value: Vec::new(),
            plan,
        };
        for (id, x) in &probe.inputs {
            probe.workspace.set(*id, x.values())?;
        }
        probe.value = probe.evaluate(|_, x| x).to_vec();
        if let Some((element, &value)) =
            probe.value.iter().enumerate().find(|(_, value)| !value.is_finite())
        {
            return Err(GradcheckError::NotFinite { element, value });
        }
        Ok(probe)
    }

    fn coordinates(&self) -> usize {
        self.point().count()
    }

    fn point(&self) -> impl Iterator<Item = f64> {
        let inputs = self.inputs.iter().flat_map(|(_, x)| x.values());
        let params = self
            .initial
            .layout()
            .entries()
            .iter()
            .flat_map(|entry| &self.initial.values()[entry.range.clone()]);
        inputs.chain(params).copied()
    }

    /// The value where each coordinate is a function of its position and of its value at the point.
    fn evaluate(&mut self, f: impl Fn(usize, f64) -> f64) -> &[f64] {
        let mut position = 0..;
        let mut moved = |x: f64| f(position.next().unwrap_or_default(), x);
        for (id, x) in &self.inputs {
            let buffer = self.workspace.input_mut(*id);
            buffer.iter_mut().zip(x.values()).for_each(|(to, &x)| *to = moved(x));
        }
        for entry in self.initial.layout().entries() {
            let from = &self.initial.values()[entry.range.clone()];
            let to = &mut self.params.values_mut()[entry.range.clone()];
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = moved(x));
        }
        self.workspace.seed(self.seed);
        self.plan.forward(&self.params, &mut self.workspace);
        self.workspace.value(self.root).values()
    }

    /// `J^T u` at the point, over all coordinates.
    fn pull_back(&mut self, u: &[f64]) -> Vec<f64> {
        self.evaluate(|_, x| x);
        self.plan.backward_with(&self.params, &mut self.workspace, &mut self.grads, u);
        let inputs = self.inputs.iter().flat_map(|(id, x)| {
            let gradient =
                self.workspace.try_gradient(*id).map(|gradient| gradient.values().to_vec());
            gradient.unwrap_or_else(|| vec![0.0; x.values().len()])
        });
        let entries = self.grads.layout().entries().iter();
        let params = entries.flat_map(|entry| &self.grads.values()[entry.range.clone()]).copied();
        inputs.chain(params).collect()
    }

    fn context(&self) -> &'static str {
        if self.twice { ", of f(x) + f(x) / 2, where gradients add up" } else { "" }
    }

    /// The coordinate's place, in words.
    fn name(&self, coordinate: usize) -> String {
        let inputs =
            self.inputs.iter().enumerate().map(|(i, (_, x))| (format!("input {i}"), x.shape()));
        let entries = self.initial.layout().entries().iter();
        let params = entries.map(|entry| (format!("parameter `{}`", entry.name), entry.shape));
        let mut rest = coordinate;
        for (name, shape) in inputs.chain(params) {
            if rest < shape.elements() {
                return format!("element {rest} of {name} of shape {shape}");
            }
            rest -= shape.elements();
        }
        unreachable!("coordinate {coordinate} is past the last")
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
