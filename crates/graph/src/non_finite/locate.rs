use chainrule_tensor::{Aligned, Real, Shape, Tensor, reduce};

use super::replay::by_sample;
use super::{NonFinite, Origin, Range, Replay, blame};
use crate::op::Reads;
use crate::plan::{Operand, Plan, PlanStep, Source, TracedBack};
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
        self.each_step(workspace, |_, _, _, _| {}).get_mut(self.plan.root?)?.take()
    }

    /// Runs forward; gives for each step where its value began to be other than finite, if it is.
    fn each_step(
        &self,
        workspace: &mut Workspace<T>,
        mut see: impl FnMut(usize, &PlanStep<T>, &Workspace<T>, &[Option<Located<T>>]),
    ) -> Vec<Option<Located<T>>> {
        workspace.rewind();
        let mut origins = Vec::new();
        for (position, step) in self.plan.steps.iter().enumerate() {
            step.forward(&self.plan.constants, self.params, workspace);
            let values = &workspace.values[step.output][..step.len];
            let origin = (!reduce::all_finite(values))
                .then(|| self.origin(position, step, workspace, &origins));
            origins.push(origin);
            see(position, step, workspace, &origins);
        }
        origins
    }

    /// Where a step's value began to be other than finite: where one of its operands did, else
    /// here.
    fn origin(
        &self,
        position: usize,
        step: &PlanStep<T>,
        workspace: &Workspace<T>,
        origins: &[Option<Located<T>>],
    ) -> Located<T> {
        if let Some(origin) =
            self.operand_origin(position, step, workspace, origins, Reads::EVERYTHING)
        {
            return origin;
        }
        let replay = Replay::capture(self.plan, step, self.params, workspace);
        let values = &workspace.values[step.output][..step.len];
        let samples = self.blame(&replay, step, step.shape, values);
        let origin = Origin::Forward { at: place(step), location: step.location };
        let report =
            self.report(origin, self.ranges(position, &replay), step.shape, values, samples);
        Located { report, replay: Some(replay) }
    }

    /// Where the first of these operands that is not finite began to be so.
    fn operand_origin(
        &self,
        position: usize,
        step: &PlanStep<T>,
        workspace: &Workspace<T>,
        origins: &[Option<Located<T>>],
        reads: Reads,
    ) -> Option<Located<T>> {
        let inputs = step.inputs(
            &self.plan.constants,
            self.params,
            [&workspace.values, &[]],
            Reads::EVERYTHING,
        );
        let operands = step.operands.iter().zip(&self.sources[position]).enumerate();
        operands.filter(|(i, _)| reads.reads_input(*i)).find_map(|(i, (operand, &source))| {
            let (values, shape) = (inputs.get(i), step.shapes[i]);
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
        let mut met = None;
        let mut grads = self.plan.grads();
        self.plan.trace_back(self.params, workspace, &mut grads, &upstream, |traced| {
            if met.is_none() {
                met = meet(&traced);
            }
        });
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
        match met.or_else(in_sum)? {
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
                let (mut replay, mut given) = (None, None);
                self.each_step(workspace, |here, step, workspace, origins| {
                    if here == position {
                        let reads = step.op.reads();
                        given = self.operand_origin(here, step, workspace, origins, reads);
                        given = given
                            .take()
                            .or_else(|| origins[here].clone().filter(|_| reads.reads_output()));
                        replay = Some(Replay::capture(self.plan, step, self.params, workspace));
                    }
                });
                if given.is_some() {
                    return given;
                }
                let (mut replay, step) = (replay?, &self.plan.steps[position]);
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

/// The first value on the way back that is not finite, if it is met at this operation.
fn meet<T: Real>(traced: &TracedBack<'_, T>) -> Option<Met<T>> {
    if !reduce::all_finite(traced.upstream) {
        let with_respect_to = format!("the value of `{}`", traced.op);
        return Some(Met::Sum {
            with_respect_to,
            shape: traced.shape,
            values: traced.upstream.to_vec(),
        });
    }
    let made = |(input, made): (usize, &Option<Aligned<T>>)| {
        let made = made.as_ref().filter(|made| !reduce::all_finite(made))?;
        Some(Met::Step {
            position: traced.position,
            input,
            upstream: traced.upstream.to_vec(),
            made: made.clone(),
        })
    };
    traced.cotangents.iter().enumerate().find_map(made)
}
