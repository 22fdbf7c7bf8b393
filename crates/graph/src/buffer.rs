//! Buffers: what a model remembers beside its parameters.

use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape};

use crate::graph::{Graph, Source, drawn_fits, join};
use crate::layout::Initialiser;
use crate::{BuildErrorKind, Var};

impl<T: Real> Graph<T> {
    /// The buffer of this name in the current [`scope`](Graph::scope), declared at its first use: a
    /// named tensor in the [`Params`](crate::Params), such as a running mean, that is saved with
    /// them and is none of them. No gradient is taken with respect to it, no optimizer moves it, it
    /// does not count as a parameter.
    ///
    /// Its value changes through [`update_buffer`](Graph::update_buffer) alone. A pass reads the
    /// parameters and does not write to them: the new value is computed in the workspace, and
    /// [`Plan::update_buffers`](crate::Plan::update_buffers) takes it over.
    ///
    /// A buffer of another shape, or one that the given parameters do not hold, is a mistake that
    /// planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// // A moving average of what comes in.
    /// let graph = Graph::<f64>::new();
    /// let x = graph.input("x", []);
    /// let average = graph.buffer("average", [], 0.0);
    /// graph.update_buffer("average", average * 0.5 + x * 0.5);
    ///
    /// let plan = graph.plan_forward(&[average])?;
    /// let (mut params, mut workspace) = (plan.init(0)?, plan.workspace());
    /// for value in [1.0, 2.0] {
    ///     workspace.set(x, &[value])?;
    ///     plan.forward(&params, &mut workspace);
    ///     plan.update_buffers(&mut params, &workspace);
    /// }
    /// assert_eq!(params.get("average").unwrap().values(), [1.25]);
    /// assert_eq!(params.count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn buffer(
        &self,
        name: &str,
        shape: impl Into<Shape>,
        initialiser: impl Initialiser + 'static,
    ) -> Var<'_, T> {
        let (location, shape) = (Location::caller(), shape.into());
        match self.declare_buffer(name, shape, Arc::new(initialiser)) {
            Ok(position) => {
                let known = self.recording.borrow().buffer_nodes.get(&position).copied();
                known.map_or_else(
                    || {
                        let buffer =
                            self.push(Source::Buffer(position), Vec::new(), shape, location);
                        self.recording.borrow_mut().buffer_nodes.insert(position, buffer.index());
                        buffer
                    },
                    |index| self.var(index),
                )
            }
            Err(kind) => {
                self.fail_at(kind, location);
                self.push(Source::Constant(Default::default()), Vec::new(), shape, location)
            }
        }
    }

    /// Records `value` as the new value of a buffer of the current scope: what
    /// [`Plan::update_buffers`](crate::Plan::update_buffers) takes over after a pass, and what
    /// [`buffer`](Graph::buffer) gives from here on, so that a layer used twice updates it twice.
    ///
    /// A buffer that was not declared, or of another shape, is a mistake that planning reports.
    ///
    /// # Panics
    /// If the variable is of another graph.
    #[track_caller]
    pub fn update_buffer(&self, name: &str, value: Var<'_, T>) {
        assert!(
            std::ptr::eq(self, value.graph()),
            "a variable of one graph cannot be used in another"
        );
        let location = Location::caller();
        let result = {
            let recording = &mut *self.recording.borrow_mut();
            let name = join(&recording.scopes, name);
            let shape = recording.nodes[value.index()].shape;
            match recording.layout.buffer_position(&name) {
                Some(position) if recording.layout.buffers()[position].shape == shape => {
                    recording.nodes[value.index()].keep = true;
                    recording.buffer_nodes.insert(position, value.index());
                    if !recording.updated.contains(&position) {
                        recording.updated.push(position);
                    }
                    Ok(())
                }
                Some(position) => {
                    let held = recording.layout.buffers()[position].shape;
                    Err(BuildErrorKind::BufferShape { name, asked: shape, held })
                }
                None => Err(BuildErrorKind::UnknownBuffer {
                    name,
                    known: known(recording.layout.buffers()),
                }),
            }
        };
        if let Err(kind) = result {
            self.fail_at(kind, location);
        }
    }

    fn declare_buffer(
        &self,
        name: &str,
        shape: Shape,
        initialiser: Arc<dyn Initialiser>,
    ) -> Result<usize, BuildErrorKind> {
        let recording = &mut *self.recording.borrow_mut();
        let (name, layout) = (join(&recording.scopes, name), &recording.layout);
        if layout.position(&name).is_some() {
            return Err(BuildErrorKind::Model(format!(
                "`{name}` is a parameter: a buffer needs another name"
            )));
        }
        match layout.buffer_position(&name) {
            Some(position) if layout.buffers()[position].shape == shape => Ok(position),
            Some(position) => {
                let held = layout.buffers()[position].shape;
                Err(BuildErrorKind::BufferShape { name, asked: shape, held })
            }
            None if recording.fixed => {
                Err(BuildErrorKind::UnknownBuffer { name, known: known(layout.buffers()) })
            }
            None => match drawn_fits(shape, layout.buffer_len()) {
                Ok(()) => Ok(Arc::make_mut(&mut recording.layout).declare_buffer(
                    name,
                    shape,
                    initialiser,
                )),
                Err(why) => {
                    Err(BuildErrorKind::Memory { name: format!("buffer `{name}`"), shape, why })
                }
            },
        }
    }
}

fn known(buffers: &[crate::Entry]) -> String {
    let names: Vec<_> = buffers.iter().map(|buffer| buffer.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Params, gradcheck};
    use chainrule_tensor::Tensor;

    /// The loss is `sum(w x (1 + count))`; the count goes up by one with each step.
    fn counting<'g>(graph: &'g Graph<f64>, x: Var<'g, f64>) -> Var<'g, f64> {
        let w = graph.param("w", [2], 3.0);
        let count = graph.buffer("count", [], 0.5);
        graph.update_buffer("count", count + 1.0);
        (w * x * (count + 1.0)).sum(..)
    }

    #[test]
    fn a_buffer_is_no_parameter_and_changes_only_when_its_new_value_is_taken_over() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2]);
        let loss = counting(&graph, x);
        let plan = graph.plan(loss).unwrap();
        let (mut params, mut ws, mut grads) =
            (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        assert_eq!((params.count(), params.values().len(), grads.values().len()), (2, 16, 16));
        assert_eq!(plan.reach().count(), 1);
        assert_eq!(params.buffers().map(|(name, _)| name).collect::<Vec<_>>(), ["count"]);
        ws.set(x, &[1.0, 2.0]).unwrap();
        for step in 0..3 {
            let count = 0.5 + f64::from(step);
            for _ in 0..2 {
                plan.forward(&params, &mut ws);
                plan.backward(&params, &mut ws, &mut grads);
                assert_eq!(ws.value(loss).values(), [9.0 * (count + 1.0)]);
                assert_eq!(grads.get("w").unwrap().values(), [count + 1.0, 2.0 * (count + 1.0)]);
                assert!(grads.get("count").is_none());
            }
            plan.update_buffers(&mut params, &ws);
            assert_eq!(params.get("count").unwrap().values(), [count + 1.0]);
        }
    }

    #[test]
    fn used_twice_it_is_updated_twice() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2]);
        let both = counting(&graph, x) + counting(&graph, x);
        let plan = graph.plan(both).unwrap();
        let (mut params, mut ws) = (plan.init(0).unwrap(), plan.workspace());
        ws.set(x, &[1.0, 2.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.update_buffers(&mut params, &ws);
        assert_eq!(ws.value(both).values(), [9.0 * 1.5 + 9.0 * 2.5]);
        assert_eq!(params.get("count").unwrap().values(), [2.5]);
    }

    #[test]
    fn gradients_are_checked_without_moving_buffers() {
        let checked =
            gradcheck(&[Tensor::from(vec![1.0, 2.0])], |graph, x| counting(graph, x[0])).unwrap();
        // Four derivatives and four projections, both of f(x) and of the sum.
        assert_eq!(checked.compared, 16);
    }

    #[test]
    fn mistakes_are_named() {
        let mistake = |record: &dyn Fn(&Graph<f64>)| {
            let graph = Graph::<f64>::new();
            record(&graph);
            graph.check_error().unwrap_err().kind.to_string()
        };
        assert_eq!(
            mistake(&|graph| graph.update_buffer("mean", graph.input("x", [2]))),
            "there is no buffer `mean`; the buffers given are: none"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = graph.buffer("mean", [3], 0.0);
                graph.update_buffer("mean", graph.input("x", [2]));
            }),
            "buffer `mean` is given the shape [2], but it has shape [3]"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = (graph.param("a", [3], 0.0), graph.buffer("a", [3], 0.0));
            }),
            "`a` is a parameter: a buffer needs another name"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = (graph.buffer("a", [3], 0.0), graph.param("a", [3], 0.0));
            }),
            "`a` is a buffer: a parameter needs another name"
        );
        let params = Params::<f64>::init(Arc::default(), 0).unwrap();
        let graph = Graph::with_params(&params);
        let _ = graph.buffer("a", [3], 0.0);
        assert_eq!(
            graph.check_error().unwrap_err().kind.to_string(),
            "there is no buffer `a`; the buffers given are: none"
        );
    }
}
