//! A model that is trained through plans.

use chainrule::graph::NodeId;
use chainrule::prelude::*;
use chainrule::train::optimizer::State;

/// A model with its loss, planned for batches of one size.
pub struct Training {
    plan: Plan,
    pub workspace: Workspace,
    params: Params,
    grads: Grads,
    optimizer: Box<dyn Optimizer>,
    pub state: State,
    loss: NodeId,
}

impl Training {
    pub fn new(
        model: &dyn Layer,
        loss: &dyn Loss,
        data: &Dataset,
        optimizer: impl Optimizer + 'static,
    ) -> Training {
        let graph = Graph::new();
        let x = graph.input("x", data.inputs().shape());
        let t = match data.targets() {
            Targets::Classes { classes, .. } => graph.class_input("t", data.len(), *classes),
            other => graph.input("t", other.shape(data.len())),
        };
        let loss = loss.forward(model.forward(x), t, Reduction::Mean);
        let plan = graph.plan(loss).unwrap();
        let mut workspace = plan.workspace();
        let [inputs, targets] = workspace.inputs_mut([x.id(), t.id()]);
        data.gather(&(0..data.len()).collect::<Vec<_>>(), inputs, targets);
        let params = plan.init(0).unwrap();
        let optimizer: Box<dyn Optimizer> = Box::new(optimizer);
        let state = State::new(optimizer.as_ref(), &params);
        Training { workspace, params, grads: plan.grads(), optimizer, state, loss: loss.id(), plan }
    }

    pub fn step(&mut self) {
        self.plan.forward(&self.params, &mut self.workspace);
        self.plan.backward(&self.params, &mut self.workspace, &mut self.grads);
        self.state.step(self.optimizer.as_ref(), self.params.values_mut(), self.grads.values());
    }
    pub fn loss(&self) -> f32 {
        self.workspace.value(self.loss).values()[0]
    }
}

/// Random samples.
pub fn inputs(samples: usize, features: usize) -> Tensor {
    Tensor::uniform([samples, features], -1.0..1.0, &mut generator(1)).unwrap()
}

/// Random samples of ten classes.
pub fn classes(samples: usize, features: usize) -> Dataset {
    let indices = (0..samples).map(|i| (i % 10) as u32).collect();
    Dataset::new(inputs(samples, features), Targets::Classes { indices, classes: 10 }).unwrap()
}
