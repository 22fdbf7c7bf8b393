//! burn: modules, its own loss and optimizers, on those of its CPU backends that build from crates
//! alone.

#[path = "../../measure.rs"]
mod measure;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use measure::{ADAM_LEARNING_RATE, LEARNING_RATE, Optimizer, Options, Work};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    #[module(skip)]
    sigmoid: bool,
}

impl Network {
    fn new(work: &Work, device: &Device) -> Network {
        let layers =
            work.widths.windows(2).map(|w| LinearConfig::new(w[0], w[1]).init(device)).collect();
        Network { layers, sigmoid: work.sigmoid }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut x = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            x = if self.sigmoid { activation::sigmoid(x) } else { activation::relu(x) };
            x = layer.forward(x);
        }
        x
    }
}

fn run(library: &str, device: &Device, work: &Work, options: &Options) {
    let samples = TensorData::new(work.samples(), [work.batch, work.features()]);
    if work.optimizer == Optimizer::Inference {
        let network = Network::new(work, device);
        let x = Tensor::<2>::from_data(samples, device);
        measure::report(library, work, options, || {
            network.forward(x.clone()).into_data().iter::<f32>().next().expect("ten outputs")
        });
        return;
    }
    let device = device.clone().autodiff();
    let x = Tensor::<2>::from_data(samples, &device);
    let labels: Vec<i64> = work.labels().iter().map(|&y| y as i64).collect();
    let y = Tensor::<1, Int>::from_data(TensorData::new(labels, [work.batch]), &device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let (mut optimizer, learning_rate) = match work.optimizer {
        Optimizer::Adam => (AdamConfig::new().with_epsilon(1e-8).init(), ADAM_LEARNING_RATE),
        Optimizer::Momentum => {
            (SgdConfig::new().with_momentum(Some(momentum)).init(), LEARNING_RATE)
        }
        _ => (SgdConfig::new().init(), LEARNING_RATE),
    };
    let mut held = Some(Network::new(work, &device));
    measure::report(library, work, options, || {
        let network = held.take().expect("put back below");
        let loss = cross_entropy.forward(network.forward(x.clone()), y.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        held = Some(optimizer.step(learning_rate, network, gradients));
        loss.into_scalar::<f32>()
    });
}

fn main() {
    let options = Options::read();
    for work in options.works() {
        let (name, threads) = (work.name, options.threads);
        println!(
            "burn-cpu\t{name}\t{threads}\tskipped: its build downloads LLVM from outside the \
                  registry"
        );
    }
    #[allow(deprecated)] // burn-ndarray still runs, and is the faster one at times
    let backends = [("burn-flex", Device::flex()), ("burn-ndarray", Device::ndarray())];
    for (library, device) in &backends {
        options.works().for_each(|work| run(library, device, work, &options));
    }
}
