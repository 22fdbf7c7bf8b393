//! A case as a graph.

use std::cell::RefCell;

use chainrule::prelude::*;

use super::node::Node;

/// Where a case is being recorded.
pub(super) struct Recording<'g, 'n, T: Real> {
    pub(super) graph: &'g Graph<T>,
    pub(super) node: &'n Node,
    inputs: RefCell<Vec<(Var<'g, T>, Tensor<T>)>>,
    params: RefCell<Vec<(String, Tensor<T>)>>,
}

/// The recorded results, in ONNX's order.
pub(super) type Recorded<'g, T> = Result<Vec<Var<'g, T>>, String>;

impl<'g, T: Real> Recording<'g, '_, T> {
    /// The input at this position, as an input of the graph.
    pub(super) fn x(&self, position: usize) -> Result<Var<'g, T>, String> {
        Ok(self.input(self.node.input(position)?))
    }

    /// An input of the graph with these values.
    pub(super) fn input(&self, values: &Tensor<f64>) -> Var<'g, T> {
        let name = format!("input {}", self.inputs.borrow().len());
        let var = self.graph.input(&name, values.shape());
        self.inputs.borrow_mut().push((var, values.cast()));
        var
    }

    /// Gives a parameter that a layer asks for the values of an input.
    pub(super) fn param(&self, name: &str, values: &Tensor<f64>) {
        self.params.borrow_mut().push((name.to_owned(), values.cast()));
    }
}

/// The results of what `record` records.
pub(super) fn evaluate<T: Real>(
    node: &Node,
    training: bool,
    record: impl for<'g> FnOnce(&Recording<'g, '_, T>) -> Recorded<'g, T>,
) -> Result<Vec<Tensor<T>>, String> {
    let graph = if training { Graph::new() } else { Graph::new().evaluating() };
    let recording =
        Recording { graph: &graph, node, inputs: RefCell::default(), params: RefCell::default() };
    let results = record(&recording)?;
    let plan = graph.plan_forward(&results).map_err(|error| error.to_string())?;
    let mut params = plan.init(0).map_err(|error| error.to_string())?;
    for (name, values) in recording.params.take() {
        let param =
            params.get_mut(&name).ok_or_else(|| format!("there is no parameter `{name}`"))?;
        if param.len() != values.values().len() {
            return Err(format!(
                "`{name}` has {} values, the case {}",
                param.len(),
                values.values().len()
            ));
        }
        param.copy_from_slice(values.values());
    }
    let mut workspace = plan.workspace();
    for (var, values) in recording.inputs.take() {
        workspace.set(var, values.values()).map_err(|error| error.to_string())?;
    }
    plan.forward(&params, &mut workspace);
    Ok(results.iter().map(|&result| workspace.value(result).to_tensor()).collect())
}
