//! The networks that every benchmark uses, ready to train, and the same as hand-written loops.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod hand;

use std::sync::Arc;

use chainrule::graph::NodeId;
use chainrule::prelude::*;
use chainrule::tensor::parallel::Pool;
use chainrule::train::optimizer::State;

/// A network with the settings that it is trained with.
#[derive(Clone, Copy)]
pub struct Work {
    pub name: &'static str,
    pub widths: &'static [usize],
    pub activation: Hidden,
    pub batch: usize,
    pub rule: Rule,
    /// The learning rate.
    pub rate: f64,
}

/// The activation of hidden layers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    Relu,
    Sigmoid,
}

/// How the weights are moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Sgd,
    Momentum,
    Adam,
}

const DEEP: &[usize] = &[64, 64, 64, 64, 64, 64, 64, 64, 64, 10];
const SMALL: &[usize] = &[64, 64, 10];
const MIDDLE: &[usize] = &[784, 512, 256, 10];
const LARGE: &[usize] = &[1024, 2048, 2048, 2048, 1000];

/// Training steps, with mean softmax cross-entropy on class indices.
pub const WORKS: [Work; 5] = [
    Work {
        name: "W1",
        widths: SMALL,
        activation: Hidden::Relu,
        batch: 32,
        rule: Rule::Sgd,
        rate: RATE,
    },
    Work {
        name: "W2s",
        widths: DEEP,
        activation: Hidden::Sigmoid,
        batch: 32,
        rule: Rule::Momentum,
        rate: RATE,
    },
    Work {
        name: "W2r",
        widths: DEEP,
        activation: Hidden::Relu,
        batch: 32,
        rule: Rule::Momentum,
        rate: RATE,
    },
    Work {
        name: "W3",
        widths: MIDDLE,
        activation: Hidden::Relu,
        batch: 128,
        rule: Rule::Adam,
        rate: 1e-3,
    },
    Work {
        name: "W4",
        widths: LARGE,
        activation: Hidden::Relu,
        batch: 256,
        rule: Rule::Sgd,
        rate: RATE,
    },
];

/// Inference of one sample.
pub const INFERENCES: [Work; 2] =
    [Work { name: "W5a", batch: 1, ..WORKS[0] }, Work { name: "W5b", batch: 1, ..WORKS[3] }];

impl Work {
    /// The network, as a user writes it.
    pub fn model(&self) -> Sequential {
        let last = self.widths.len() - 2;
        (0..=last).fold(Sequential::new(), |model, i| {
            let model = model.linear(self.widths[i], self.widths[i + 1]);
            match self.activation {
                _ if i == last => model,
                Hidden::Relu => model.relu(),
                Hidden::Sigmoid => model.sigmoid(),
            }
        })
    }

    /// The optimizer, as a user writes it.
    pub fn optimizer(&self) -> Box<dyn Optimizer> {
        match self.rule {
            Rule::Sgd => Box::new(Sgd::new(self.rate)),
            Rule::Momentum => Box::new(Sgd::new(self.rate).momentum(0.9)),
            Rule::Adam => Box::new(Adam::new(self.rate)),
        }
    }

    pub fn features(&self) -> usize {
        self.widths[0]
    }

    pub fn classes(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// Random samples with labels.
    pub fn data(&self) -> (Vec<f32>, Vec<f32>) {
        data(self.batch, self.features(), self.classes())
    }
}

/// Random samples with labels.
pub fn data(batch: usize, features: usize, classes: usize) -> (Vec<f32>, Vec<f32>) {
    let samples = Tensor::normal([batch, features], 0.0, 1.0, &mut generator(1)).expect("sound");
    let labels = (0..batch).map(|i| (i * 7 % classes) as f32).collect();
    (samples.into_values(), labels)
}

/// The median, the upper one of an even number; NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The learning rate of plain gradient descent.
pub const RATE: f64 = 0.01;

/// A model planned and filled with data, to be stepped through the public API.
#[derive(Debug)]
pub struct TrainingStep {
    plan: Plan,
    params: Params,
    workspace: Workspace,
    grads: Grads,
    optimizer: Box<dyn Optimizer>,
    state: State,
    inputs: [NodeId; 2],
    prediction: NodeId,
    loss: NodeId,
}

impl TrainingStep {
    pub fn new(work: &Work, threads: usize) -> TrainingStep {
        TrainingStep::of(
            &work.model(),
            work.optimizer(),
            work.data(),
            [work.features(), work.classes()],
            threads,
        )
    }

    /// A model with these numbers of features and classes, and these samples with their labels.
    pub fn of(
        model: &dyn Layer,
        optimizer: Box<dyn Optimizer>,
        (samples, labels): (Vec<f32>, Vec<f32>),
        [features, classes]: [usize; 2],
        threads: usize,
    ) -> TrainingStep {
        let graph = Graph::new();
        let x = graph.input("x", [labels.len(), features]);
        let y = graph.class_input("y", labels.len(), classes);
        // As the trainer keeps it for its metrics.
        let prediction = model.forward(x).keep();
        let loss = CrossEntropy.forward(prediction, y, Reduction::Mean);
        let plan = graph.plan(loss).expect("the model is sound");
        let params = plan.init(0).expect("sound");

        let pool = Arc::new(Pool::new(threads));
        let mut workspace = plan.workspace();
        workspace.on(Arc::clone(&pool));
        workspace.set(x, &samples).expect("fits");
        workspace.set(y, &labels).expect("fits");
        let mut state = State::new(optimizer.as_ref(), &params);
        state.on(pool);
        let (inputs, prediction, loss) = ([x.id(), y.id()], prediction.id(), loss.id());
        TrainingStep {
            grads: plan.grads(),
            inputs,
            prediction,
            loss,
            plan,
            params,
            workspace,
            optimizer,
            state,
        }
    }

    /// With products of this precision.
    pub fn precision(mut self, precision: Precision) -> TrainingStep {
        self.workspace.set_precision(precision);
        self
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
        self.loss()
    }

    pub fn loss(&self) -> f32 {
        self.workspace.value(self.loss).values()[0]
    }

    /// Where the samples of a batch and their labels go.
    pub fn batch(&mut self) -> [&mut [f32]; 2] {
        self.workspace.inputs_mut(self.inputs)
    }

    /// The model's outputs, and the labels.
    pub fn outputs(&self) -> [&[f32]; 2] {
        [self.prediction, self.inputs[1]].map(|node| self.workspace.value(node).values())
    }

    pub fn gradient(&self) -> &[f32] {
        self.grads.values()
    }
}

/// Inference planned and filled with data.
pub struct Inference {
    plan: Plan,
    params: Params,
    workspace: Workspace,
    output: NodeId,
}

impl Inference {
    pub fn new(work: &Work, threads: usize) -> Inference {
        let graph = Graph::new().evaluating();
        let x = graph.input("x", [work.batch, work.features()]);
        let output = work.model().forward(x);
        let plan = graph.plan_forward(&[output]).expect("the model is sound");
        let mut workspace = plan.workspace();
        workspace.on(Arc::new(Pool::new(threads)));
        workspace.set(x, &work.data().0).expect("fits");
        Inference { params: plan.init(0).expect("sound"), output: output.id(), plan, workspace }
    }

    /// With products of this precision.
    pub fn precision(mut self, precision: Precision) -> Inference {
        self.workspace.set_precision(precision);
        self
    }

    /// The outputs for one sample.
    pub fn run(&mut self) -> &[f32] {
        self.plan.forward(&self.params, &mut self.workspace);
        self.workspace.value(self.output).values()
    }
}
