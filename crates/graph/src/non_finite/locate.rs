use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real, Shape, Tensor, reduce};

use super::replay::by_sample;
use super::{NonFinite, Origin, Range, Replay, blame};
use crate::op::Reads;
use crate::plan::{Observer, Operand, Plan, PlanStep, Source, Watched, WatchedBack};
use crate::{Params, Place, Workspace};

/// The place that [`locate`] has found.
#[derive(Clone, Debug)]
pub struct Located<T: Real> {
    /// Where it began.
    pub report: NonFinite,
    /// The operation that made it with what it was given; `None` where no operation did.
    pub replay: Option<Replay<T>>,
}

/// Finds what made the root or a gradient of the last forward pass NaN or infinite. It makes that
/// pass again, with the same random numbers, and if the root is finite, the way back from a
/// gradient of ones. `None` where all that comes out is finite.
///
/// It allocates and takes several times as long as a step: for the step that has failed the cheap
/// check. Gradients that were kept are overwritten.
///
/// ```
/// use chainrule_graph::{Graph, non_finite::locate};
///
/// let graph = Graph::<f64>::new();
/// let x = graph.input("x", [3]);
/// let plan = graph.plan(graph.scope("logarithm", || x.ln()).mean(..))?;
/// let (params, mut workspace) = (plan.init(0)?, plan.workspace());
/// workspace.set(x, &[1.0, 0.0, 2.0])?;
/// plan.forward(&params, &mut workspace);
///
/// let located = locate(&plan, &params, &mut workspace).expect("the logarithm of zero");
/// assert_eq!(
///     located.report.to_string(),
///     "it began with -inf in operation `ln` of layer `logarithm`, on the way forward, \
///      at [1], one of 1 of 3 values; given were input `x` [3] from 0 to 2; sample 1 is to blame"
/// );
/// // The operation alone, with another value.
/// let mut replay = located.replay.unwrap();
/// assert_eq!(replay.run().values()[1], f64::NEG_INFINITY);
/// replay.inputs[0].values_mut()[1] = 1e-10;
/// assert!(replay.is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If parameters or workspace belong to something else than this plan.
#[track_caller]
pub fn locate<T: Real>(
    plan: &Plan<T>,
    params: &Params<T>,
    workspace: &mut Workspace<T>,
) -> Option<Located<T>> {
    plan.check(params, workspace);
    let locator = Locator { plan, params, sources: plan.sources(), batch: plan.samples() };
    locator.forward(workspace).or_else(|| locator.backward(workspace))
}

struct Locator<'a, T: Real> {
    plan: &'a Plan<T>,
    params: &'a Params<T>,
    sources: Vec<Vec<Source>>,
    batch: Option<usize>,
}

/// The first thing that the way back has met.
enum Met<T: Real> {
    /// An operation made it, of this upstream gradient.
    Step { position: usize, input: usize, upstream: Vec<T>, made: Aligned<T> },
    /// A sum of what several operations made.
    Sum { with_respect_to: String, shape: Shape, values: Vec<T> },
}

impl<T: Real> Locator<'_, T> {
    /// The origin of a root that is not finite.
    fn forward(&self, workspace: &mut Workspace<T>) -> Option<Located<T>> {
        let mut origins = Origins::of(self);
        self.again(workspace, &mut origins);
        origins.of_steps.get_mut(self.plan.root?)?.take()
    }

    /// The last pass forward once more.
    fn again(&self, workspace: &mut Workspace<T>, observer: &mut impl Observer<T>) {
        workspace.rewind();
        self.plan.forward_watched(self.params, workspace, observer);
    }

    /// Where a step's value began to be other than finite: where one of its operands did, else
    /// here.
    fn origin(&self, watched: Watched<'_, T>, origins: &[Option<Located<T>>]) -> Located<T> {
        if let Some(origin) = self.operand_origin(watched, origins, Reads::EVERYTHING) {
            return origin;
        }
        let (position, step, values) = (watched.op.position(), watched.op.step, watched.values);
        let replay = Replay::capture(watched);
        let samples = self.blame(&replay, step, step.shape, values);
        let origin = Origin::Forward { at: place(step), location: step.location };
        let report =
            self.report(origin, self.ranges(position, &replay), step.shape, values, samples);
        Located { report, replay: Some(replay) }
    }

    /// Where the first of these operands that is not finite began to be so.
    fn operand_origin(
        &self,
        watched: Watched<'_, T>,
        origins: &[Option<Located<T>>],
        reads: Reads,
    ) -> Option<Located<T>> {
        let step = watched.op.step;
        let operands = step.operands.iter().zip(&self.sources[watched.op.position()]).enumerate();
        operands.filter(|(i, _)| reads.reads_input(*i)).find_map(|(i, (operand, &source))| {
            let (values, shape) = (watched.input(i), step.shapes[i]);
            match source {
                Source::Step(earlier) => origins[earlier].clone(),
                _ if reduce::all_finite(values) => None,
                _ => {
                    let what = self.plan.operand_name(operand, source);
                    let rows = self.batch.filter(|&batch| by_sample(operand, shape, batch));
                    let samples = rows.map_or_else(Vec::new, |batch| blame::rows(values, batch));
                    let report =
                        self.report(Origin::Given { what }, Vec::new(), shape, values, samples);
                    Some(Located { report, replay: None })
                }
            }
        })
    }

    /// The origin of a gradient that is not finite, after a forward pass.
    fn backward(&self, workspace: &mut Workspace<T>) -> Option<Located<T>> {
        let upstream = vec![T::ONE; self.plan.root_len?];
        let (mut first, mut grads) = (First(None), self.plan.grads());
        let from = (Put::Set, &*upstream);
        self.plan.backward_watched(self.params, workspace, &mut grads, from, &mut first);
        let in_sum = || {
            let (name, gradient) =
                grads.iter().find(|(_, gradient)| !reduce::all_finite(gradient.values()))?;
            let with_respect_to = format!("parameter `{name}`");
            Some(Met::Sum {
                with_respect_to,
                shape: gradient.shape(),
                values: gradient.values().to_vec(),
            })
        };
        match first.0.or_else(in_sum)? {
            Met::Sum { with_respect_to, shape, values } => {
                let rows = self.batch.filter(|&batch| shape.first() == Some(&batch));
                let samples = rows.map_or_else(Vec::new, |batch| blame::rows(&values, batch));
                let report = self.report(
                    Origin::Sum { with_respect_to },
                    Vec::new(),
                    shape,
                    &values,
                    samples,
                );
                Some(Located { report, replay: None })
            }
            Met::Step { position, input, upstream, made } => {
                // By now the operands are overwritten: once more forward.
                let mut given =
                    Given { position, origins: Origins::of(self), replay: None, by: None };
                self.again(workspace, &mut given);
                if given.by.is_some() {
                    return given.by;
                }
                let (mut replay, step) = (given.replay?, &self.plan.steps[position]);
                let upstream = Tensor::new(step.shape, upstream)
                    .expect("a gradient has the shape of its value");
                let mut given =
                    vec![Range::of("the upstream gradient", step.shape, upstream.values())];
                given.extend(self.ranges(position, &replay));
                (replay.upstream, replay.input) = (Some(upstream), input);
                let shape = step.shapes[input];
                let samples = self.blame(&replay, step, shape, &made);
                let with_respect_to =
                    self.plan.operand_name(&step.operands[input], self.sources[position][input]);
                let origin =
                    Origin::Backward { at: place(step), location: step.location, with_respect_to };
                Some(Located {
                    report: self.report(origin, given, shape, &made, samples),
                    replay: Some(replay),
                })
            }
        }
    }

    /// The samples to blame for what an operation made.
    fn blame(
        &self,
        replay: &Replay<T>,
        step: &PlanStep<T>,
        shape: Shape,
        made: &[T],
    ) -> Vec<usize> {
        let Some(batch) = self.batch else { return Vec::new() };
        let to_parameter = replay.upstream.is_some()
            && !matches!(step.operands[replay.input], Operand::Value { .. });
        if shape.first() == Some(&batch) && !to_parameter {
            return blame::rows(made, batch);
        }
        let rows = step
            .operands
            .iter()
            .zip(&step.shapes)
            .map(|(operand, &shape)| by_sample(operand, shape, batch));
        blame::largest(replay, &rows.collect::<Vec<_>>(), batch)
    }

    fn ranges(&self, position: usize, replay: &Replay<T>) -> Vec<Range> {
        let operands = self.plan.steps[position].operands.iter().zip(&self.sources[position]);
        let name = |(operand, &source)| self.plan.operand_name(operand, source);
        let ranges = operands.map(name).zip(&replay.inputs);
        ranges.map(|(name, input)| Range::of(name, input.shape(), input.values())).collect()
    }

    fn report(
        &self,
        origin: Origin,
        given: Vec<Range>,
        shape: Shape,
        values: &[T],
        samples: Vec<usize>,
    ) -> NonFinite {
        let first = values.iter().position(|x| !x.is_finite()).unwrap_or(0);
        let strides = shape.strides();
        let index = shape
            .iter()
            .zip(strides)
            .map(|(length, stride)| first / stride.max(1) % length)
            .collect();
        NonFinite {
            origin,
            given,
            value: values[first].to_f64(),
            count: values.iter().filter(|x| !x.is_finite()).count(),
            shape,
            index,
            samples,
            batch: self.batch,
        }
    }
}

fn place<T: Real>(step: &PlanStep<T>) -> Place {
    Place { op: step.op.name().to_owned(), layer: step.layer.clone() }
}

/// Where the value of each operation so far began to be other than finite, if it is.
struct Origins<'l, 'a, T: Real> {
    locator: &'l Locator<'a, T>,
    of_steps: Vec<Option<Located<T>>>,
}

impl<'l, 'a, T: Real> Origins<'l, 'a, T> {
    fn of(locator: &'l Locator<'a, T>) -> Self {
        Origins { locator, of_steps: Vec::new() }
    }
}

impl<T: Real> Observer<T> for Origins<'_, '_, T> {
    fn forward(&mut self, watched: Watched<'_, T>) {
        let origin = (!reduce::all_finite(watched.values))
            .then(|| self.locator.origin(watched, &self.of_steps));
        self.of_steps.push(origin);
    }
}

/// The operands of the operation at one position.
struct Given<'l, 'a, T: Real> {
    position: usize,
    origins: Origins<'l, 'a, T>,
    replay: Option<Replay<T>>,
    /// Where what its way back reads began to be other than finite, if it is.
    by: Option<Located<T>>,
}

impl<T: Real> Observer<T> for Given<'_, '_, T> {
    fn forward(&mut self, watched: Watched<'_, T>) {
        self.origins.forward(watched);
        if watched.op.position() != self.position {
            return;
        }
        let (reads, origins) = (watched.op.step.op.reads(), &self.origins);
        let of_output =
            || origins.of_steps.last().cloned().flatten().filter(|_| reads.reads_output());
        let of_operands = origins.locator.operand_origin(watched, &origins.of_steps, reads);
        self.by = of_operands.or_else(of_output);
        self.replay = Some(Replay::capture(watched));
    }
}

/// The first value on the way back that is not finite.
struct First<T: Real>(Option<Met<T>>);

impl<T: Real> Observer<T> for First<T> {
    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        if self.0.is_none() {
            self.0 = meet(watched);
        }
    }
}

/// The first value on the way back that is not finite, if it is met at this operation.
fn meet<T: Real>(watched: WatchedBack<'_, T>) -> Option<Met<T>> {
    if !reduce::all_finite(watched.upstream) {
        let with_respect_to = format!("the value of `{}`", watched.op.name());
        return Some(Met::Sum {
            with_respect_to,
            shape: watched.op.shape(),
            values: watched.upstream.to_vec(),
        });
    }
    let made = |(input, made): (usize, Option<Aligned<T>>)| {
        let made = made.filter(|made| !reduce::all_finite(made))?;
        let (position, upstream) = (watched.op.position(), watched.upstream.to_vec());
        Some(Met::Step { position, input, upstream, made })
    };
    watched.cotangents().into_iter().enumerate().find_map(made)
}
