//! candle: its own layers, loss and optimizers. Momentum, which its `SGD` lacks, is written with
//! its tensors.

#[path = "../../measure.rs"]
mod measure;

use candle_core::{DType, Device, Result, Tensor, Var, backprop::GradStore};
use candle_nn::{AdamW, Linear, Module, Optimizer as _, ParamsAdamW, SGD, VarBuilder, VarMap};
use measure::{ADAM_LEARNING_RATE, LEARNING_RATE, Optimizer, Options, Work};

struct Network {
    layers: Vec<Linear>,
    sigmoid: bool,
}

impl Network {
    fn new(work: &Work, variables: VarBuilder) -> Result<Network> {
        let layer = |(i, w): (usize, &[usize])| candle_nn::linear(w[0], w[1], variables.pp(i));
        let layers = work.widths.windows(2).enumerate().map(layer).collect::<Result<_>>()?;
        Ok(Network { layers, sigmoid: work.sigmoid })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = self.layers[0].forward(x)?;
        for layer in &self.layers[1..] {
            x = if self.sigmoid { candle_nn::ops::sigmoid(&x)? } else { x.relu()? };
            x = layer.forward(&x)?;
        }
        Ok(x)
    }
}

struct Momentum {
    variables: Vec<Var>,
    velocities: Vec<Option<Tensor>>,
}

impl Momentum {
    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in self.variables.iter().zip(&mut self.velocities) {
            let gradient = gradients.get(variable).expect("every variable takes part");
            let next = match velocity.take() {
                Some(velocity) => ((velocity * 0.9)? + gradient)?,
                None => gradient.clone(),
            };
            variable.set(&variable.sub(&(&next * LEARNING_RATE)?)?)?;
            *velocity = Some(next);
        }
        Ok(())
    }
}

fn run(work: &Work, options: &Options) -> Result<()> {
    let device = Device::Cpu;
    let variables = VarMap::new();
    let network = Network::new(work, VarBuilder::from_varmap(&variables, DType::F32, &device))?;
    let x = Tensor::from_vec(work.samples(), (work.batch, work.features()), &device)?;
    let labels: Vec<u32> = work.labels().iter().map(|&y| y as u32).collect();
    let y = Tensor::from_vec(labels, work.batch, &device)?;

    let mut update: Box<dyn FnMut(&GradStore) -> Result<()>> = match work.optimizer {
        Optimizer::Sgd => {
            let mut sgd = SGD::new(variables.all_vars(), LEARNING_RATE)?;
            Box::new(move |gradients| sgd.step(gradients))
        }
        Optimizer::Adam => {
            let settings =
                ParamsAdamW { lr: ADAM_LEARNING_RATE, weight_decay: 0.0, ..Default::default() };
            let mut adam = AdamW::new(variables.all_vars(), settings)?;
            Box::new(move |gradients| adam.step(gradients))
        }
        Optimizer::Momentum => {
            let variables = variables.all_vars();
            let mut momentum = Momentum { velocities: vec![None; variables.len()], variables };
            Box::new(move |gradients| momentum.step(gradients))
        }
        Optimizer::Inference => {
            // Tensors out of variables are tracked for gradients; a network to be served is loaded
            // as plain tensors.
            let layers = network
                .layers
                .iter()
                .map(|l| Linear::new(l.weight().detach(), l.bias().map(Tensor::detach)));
            let network = Network { layers: layers.collect(), sigmoid: work.sigmoid };
            let output = || network.forward(&x)?.get(0)?.get(0)?.to_scalar::<f32>();
            measure::report("candle", work, options, || output().expect("shapes fit"));
            return Ok(());
        }
    };
    let mut step = || {
        let logits = network.forward(&x)?;
        let loss = candle_nn::loss::cross_entropy(&logits, &y)?;
        update(&loss.backward()?)?;
        loss.to_scalar::<f32>()
    };
    measure::report("candle", work, options, || step().expect("shapes fit"));
    Ok(())
}

fn main() -> Result<()> {
    let options = Options::read();
    options.works().try_for_each(|work| run(work, &options))
}
