//! dfdx: networks of static shape, its own loss (which takes one-hot targets) and optimizers.

#[path = "../../measure.rs"]
mod measure;

use dfdx::optim::{self, Optimizer as _};
use dfdx::{prelude::*, tensor::Cpu};
use measure::{ADAM_LEARNING_RATE, LEARNING_RATE, Optimizer, Options, Work};

type Small = ((Linear<64, 64>, ReLU), Linear<64, 10>);
type DeepSigmoid = (Repeated<(Linear<64, 64>, Sigmoid), 8>, Linear<64, 10>);
type DeepRelu = (Repeated<(Linear<64, 64>, ReLU), 8>, Linear<64, 10>);
type Digits = ((Linear<784, 512>, ReLU), (Linear<512, 256>, ReLU), Linear<256, 10>);
type Large = (
    (Linear<1024, 2048>, ReLU),
    (Linear<2048, 2048>, ReLU),
    (Linear<2048, 2048>, ReLU),
    Linear<2048, 1000>,
);

macro_rules! train {
    (
        $network:ty,
        $batch:literal,
        $features:literal,
        $classes:literal,
        $work:expr,
        $options:expr
    ) => {{
        let (work, options): (&Work, &Options) = ($work, $options);
        let device = Cpu::default();
        let mut network = device.build_module::<$network, f32>();
        let x: Tensor<Rank2<$batch, $features>, f32, _> = device.tensor(work.samples());
        let mut one_hot = vec![0.0f32; $batch * $classes];
        work.labels().iter().enumerate().for_each(|(i, y)| one_hot[i * $classes + y] = 1.0);
        let y: Tensor<Rank2<$batch, $classes>, f32, _> = device.tensor(one_hot);
        let momentum =
            (work.optimizer == Optimizer::Momentum).then_some(optim::Momentum::Classic(0.9));
        let settings = optim::SgdConfig { lr: LEARNING_RATE, momentum, weight_decay: None };
        let mut sgd = optim::Sgd::new(&network, settings);
        let settings = optim::AdamConfig { lr: ADAM_LEARNING_RATE, ..Default::default() };
        let mut adam = optim::Adam::new(&network, settings);
        let mut held = Some(network.alloc_grads());
        measure::report("dfdx", work, options, || {
            let logits = network.forward_mut(x.trace(held.take().expect("put back below")));
            let loss = cross_entropy_with_logits_loss(logits, y.clone());
            let value = loss.array();
            let mut gradients = loss.backward();
            match work.optimizer {
                Optimizer::Adam => adam.update(&mut network, &gradients),
                _ => sgd.update(&mut network, &gradients),
            }
            .expect("every parameter takes part");
            network.zero_grads(&mut gradients);
            held = Some(gradients);
            value
        });
    }};
}

macro_rules! infer {
    ($network:ty, $features:literal, $work:expr, $options:expr) => {{
        let device = Cpu::default();
        let network = device.build_module::<$network, f32>();
        let x: Tensor<Rank1<$features>, f32, _> = device.tensor($work.samples());
        measure::report("dfdx", $work, $options, || network.forward(x.clone())[[0]]);
    }};
}

fn main() {
    dfdx::flush_denormals_to_zero();
    let options = Options::read();
    for work in options.works() {
        match work.name {
            "W1" => train!(Small, 32, 64, 10, work, &options),
            "W2s" => train!(DeepSigmoid, 32, 64, 10, work, &options),
            "W2r" => train!(DeepRelu, 32, 64, 10, work, &options),
            "W3" => train!(Digits, 128, 784, 10, work, &options),
            "W4" => train!(Large, 256, 1024, 1000, work, &options),
            "W5a" => infer!(Small, 64, work, &options),
            "W5b" => infer!(Digits, 784, work, &options),
            name => unreachable!("{name}"),
        }
    }
}
