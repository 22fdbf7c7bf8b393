//! Statistics: what a model remembers beside its parameters.

use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape};

use crate::graph::{Graph, Source, drawn_fits, join};
use crate::layout::Initialiser;
use crate::{BuildErrorKind, Var};

impl<T: Real> Graph<T> {
    /// The statistic of this name in the current [`scope`](Graph::scope), declared at its first
    /// use. It is a named tensor in the [`Params`](crate::Params), such as a running mean, that is
    /// saved with them and is none of them. No gradient is taken with respect to it, no optimizer
    /// moves it, it does not count as a parameter.
    ///
    /// Its value changes through [`update_statistic`](Graph::update_statistic) alone. A pass reads
    /// the parameters and does not write to them: the new value is computed in the workspace, and
    /// [`Plan::update_statistics`](crate::Plan::update_statistics) takes it over.
    ///
    /// A statistic of another shape, or one that the given parameters do not hold, is a mistake
    /// that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// // A moving average of what comes in.
    /// let graph = Graph::<f64>::new();
    /// let x = graph.input("x", []);
    /// let average = graph.statistic("average", [], 0.0);
    /// graph.update_statistic("average", average * 0.5 + x * 0.5);
    ///
    /// let plan = graph.plan_forward(&[average])?;
    /// let (mut params, mut workspace) = (plan.init(0)?, plan.workspace());
    /// for value in [1.0, 2.0] {
    ///     workspace.set(x, &[value])?;
    ///     plan.forward(&params, &mut workspace);
    ///     plan.update_statistics(&mut params, &workspace);
    /// }
    /// assert_eq!(params.get("average").unwrap().values(), [1.25]);
    /// assert_eq!(params.count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn statistic(
        &self,
        name: &str,
        shape: impl Into<Shape>,
        initialiser: impl Initialiser + 'static,
    ) -> Var<'_, T> {
        let (location, shape) = (Location::caller(), shape.into());
        match self.declare_statistic(name, shape, Arc::new(initialiser)) {
            Ok(position) => {
                let known = self.recording.borrow().statistic_nodes.get(&position).copied();
                known.map_or_else(
                    || {
                        let statistic =
                            self.push(Source::Statistic(position), Vec::new(), shape, location);
                        self.recording
                            .borrow_mut()
                            .statistic_nodes
                            .insert(position, statistic.index());
                        statistic
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

    /// Records `value` as the new value of a statistic of the current scope.
    /// [`Plan::update_statistics`](crate::Plan::update_statistics) takes it over after a pass.
    /// [`statistic`](Graph::statistic) gives it from here on, so that a layer used twice updates it
    /// twice.
    ///
    /// A statistic that was not declared, or of another shape, is a mistake that planning reports.
    ///
    /// # Panics
    /// If the variable is of another graph.
    #[track_caller]
    pub fn update_statistic(&self, name: &str, value: Var<'_, T>) {
        assert!(
            std::ptr::eq(self, value.graph()),
            "a variable of one graph cannot be used in another"
        );
        let location = Location::caller();
        let result = {
            let recording = &mut *self.recording.borrow_mut();
            let name = join(&recording.scopes, name);
            let shape = recording.nodes[value.index()].shape;
            match recording.layout.statistic_position(&name) {
                Some(position) if recording.layout.statistics()[position].shape == shape => {
                    recording.nodes[value.index()].keep = true;
                    recording.statistic_nodes.insert(position, value.index());
                    if !recording.updated.contains(&position) {
                        recording.updated.push(position);
                    }
                    Ok(())
                }
                Some(position) => {
                    let held = recording.layout.statistics()[position].shape;
                    Err(BuildErrorKind::StatisticShape { name, asked: shape, held })
                }
                None => Err(BuildErrorKind::UnknownStatistic {
                    name,
                    known: known(recording.layout.statistics()),
                }),
            }
        };
        if let Err(kind) = result {
            self.fail_at(kind, location);
        }
    }

    fn declare_statistic(
        &self,
        name: &str,
        shape: Shape,
        initialiser: Arc<dyn Initialiser>,
    ) -> Result<usize, BuildErrorKind> {
        let recording = &mut *self.recording.borrow_mut();
        let (name, layout) = (join(&recording.scopes, name), &recording.layout);
        if layout.position(&name).is_some() {
            return Err(BuildErrorKind::Model(format!(
                "`{name}` is a parameter: a statistic needs another name"
            )));
        }
        match layout.statistic_position(&name) {
            Some(position) if layout.statistics()[position].shape == shape => Ok(position),
            Some(position) => {
                let held = layout.statistics()[position].shape;
                Err(BuildErrorKind::StatisticShape { name, asked: shape, held })
            }
            None if recording.fixed => {
                Err(BuildErrorKind::UnknownStatistic { name, known: known(layout.statistics()) })
            }
            None => match drawn_fits(shape, layout.statistic_len()) {
                Ok(()) => Ok(Arc::make_mut(&mut recording.layout).declare_statistic(
                    name,
                    shape,
                    initialiser,
                )),
                Err(why) => {
                    Err(BuildErrorKind::Memory { name: format!("statistic `{name}`"), shape, why })
                }
            },
        }
    }
}

fn known(statistics: &[crate::Entry]) -> String {
    let names: Vec<_> = statistics.iter().map(|statistic| statistic.name.as_str()).collect();
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
        let count = graph.statistic("count", [], 0.5);
        graph.update_statistic("count", count + 1.0);
        (w * x * (count + 1.0)).sum(..)
    }

    #[test]
    fn a_statistic_is_no_parameter_and_changes_only_when_its_new_value_is_taken_over() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2]);
        let loss = counting(&graph, x);
        let plan = graph.plan(loss).unwrap();
        let (mut params, mut ws, mut grads) =
            (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        assert_eq!((params.count(), params.values().len(), grads.values().len()), (2, 16, 16));
        assert_eq!(plan.reach().count(), 1);
        assert_eq!(params.statistics().map(|(name, _)| name).collect::<Vec<_>>(), ["count"]);
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
            plan.update_statistics(&mut params, &ws);
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
        plan.update_statistics(&mut params, &ws);
        assert_eq!(ws.value(both).values(), [9.0 * 1.5 + 9.0 * 2.5]);
        assert_eq!(params.get("count").unwrap().values(), [2.5]);
    }

    #[test]
    fn gradients_are_checked_without_moving_statistics() {
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
            mistake(&|graph| graph.update_statistic("mean", graph.input("x", [2]))),
            "there is no statistic `mean`; the statistics given are: none"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = graph.statistic("mean", [3], 0.0);
                graph.update_statistic("mean", graph.input("x", [2]));
            }),
            "statistic `mean` is given the shape [2], but it has shape [3]"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = (graph.param("a", [3], 0.0), graph.statistic("a", [3], 0.0));
            }),
            "`a` is a parameter: a statistic needs another name"
        );
        assert_eq!(
            mistake(&|graph| {
                let _ = (graph.statistic("a", [3], 0.0), graph.param("a", [3], 0.0));
            }),
            "`a` is a statistic: a parameter needs another name"
        );
        let params = Params::<f64>::init(Arc::default(), 0).unwrap();
        let graph = Graph::with_params(&params);
        let _ = graph.statistic("a", [3], 0.0);
        assert_eq!(
            graph.check_error().unwrap_err().kind.to_string(),
            "there is no statistic `a`; the statistics given are: none"
        );
    }
}
