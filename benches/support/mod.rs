//! The networks that every benchmark uses, ready to train.

use chainrule::graph::NodeId;
use chainrule::prelude::*;
use chainrule::train::optimizer::State;

/// A network with the settings that it is trained with.
pub struct Work {
    pub name: &'static str,
    pub widths: &'static [usize],
    pub batch: usize,
    model: fn(&[usize]) -> Sequential,
    optimizer: fn() -> Box<dyn Optimizer>,
}

pub const WORKS: [Work; 4] = [
    Work { name: "64-64-10 relu, batch 32, sgd", widths: &[64, 64, 10], batch: 32, model: relu, optimizer: sgd },
    Work {
        name: "64-(8x64)-10 sigmoid, batch 32, sgd momentum",
        widths: &[64, 64, 64, 64, 64, 64, 64, 64, 64, 10],
        batch: 32,
        model: sigmoid,
        optimizer: momentum,
    },
    Work {
        name: "64-(8x64)-10 relu, batch 32, sgd momentum",
        widths: &[64, 64, 64, 64, 64, 64, 64, 64, 64, 10],
        batch: 32,
        model: relu,
        optimizer: momentum,
    },
    Work {
        name: "784-512-256-10 relu, batch 128, adam",
        widths: &[784, 512, 256, 10],
        batch: 128,
        model: relu,
        optimizer: adam,
    },
];

fn relu(widths: &[usize]) -> Sequential {
    stacked(widths, Sequential::relu)
}

fn sigmoid(widths: &[usize]) -> Sequential {
    stacked(widths, Sequential::sigmoid)
}

fn stacked(widths: &[usize], activation: fn(Sequential) -> Sequential) -> Sequential {
    let last = widths.len() - 2;
    (0..=last).fold(Sequential::new(), |model, i| {
        let model = model.linear(widths[i], widths[i + 1]);
        if i < last { activation(model) } else { model }
    })
}

fn sgd() -> Box<dyn Optimizer> {
    Box::new(Sgd::new(0.01))
}

fn momentum() -> Box<dyn Optimizer> {
    Box::new(Sgd::new(0.01).momentum(0.9))
}

fn adam() -> Box<dyn Optimizer> {
    Box::new(Adam::new(1e-3))
}

/// A work planned and filled with data, to be stepped.
pub struct Step {
    plan: Plan,
    params: Params,
    workspace: Workspace,
    grads: Grads,
    optimizer: Box<dyn Optimizer>,
    state: State,
    loss: NodeId,
}

impl Step {
    /// Plans the work on random samples with random labels.
    pub fn new(work: &Work) -> Step {
        let (features, classes) = (work.widths[0], work.widths[work.widths.len() - 1]);
        let model = (work.model)(work.widths);
        let graph = Graph::new();
        let x = graph.input("x", [work.batch, features]);
        let y = graph.class_input("y", work.batch, classes);
        let loss = CrossEntropy.forward(model.forward(x), y, Reduction::Mean);
        let plan = graph.plan(loss).expect("the model is sound");

        let mut workspace = plan.workspace();
        let samples = Tensor::<f32>::normal([work.batch, features], 0.0, 1.0, &mut generator(1)).expect("sound");
        workspace.set(x, samples.values()).expect("fits");
        let labels: Vec<f32> = (0..work.batch).map(|i| (i * 7 % classes) as f32).collect();
        workspace.set(y, &labels).expect("fits");
        let params = plan.init(0).expect("sound");
        let optimizer = (work.optimizer)();
        let state = State::new(optimizer.as_ref(), params.values().len());
        Step { grads: plan.grads(), loss: loss.id(), plan, params, workspace, optimizer, state }
    }

    pub fn forward(&mut self) {
        self.plan.forward(&self.params, &mut self.workspace);
    }

    pub fn backward(&mut self) {
        self.plan.backward(&self.params, &mut self.workspace, &mut self.grads);
    }

    pub fn update(&mut self) {
        self.state.step(self.optimizer.as_ref(), self.params.values_mut(), self.grads.values());
    }

    /// A whole training step; gives the loss before it.
    pub fn step(&mut self) -> f32 {
        self.forward();
        self.backward();
        self.update();
        self.workspace.value(self.loss).values()[0]
    }
}
