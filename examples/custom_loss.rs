//! A loss of one's own: quantile regression, in which too high and too low cost differently.
//!
//! The targets scatter evenly around a line, from 1 below to 1 above. The mean squared error finds
//! the line; the pinball loss at 0.9 finds the line that nine out of ten targets lie below.
//!
//! ```console
//! cargo run --release --example custom_loss
//! ```

use chainrule::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = generator(0);
    let x = Tensor::uniform([2000, 1], -1.0..1.0, &mut rng)?;
    let noise = Tensor::uniform([2000, 1], -1.0..1.0, &mut rng)?;
    let y = x.map(|x| 2.0 * x).add(&noise)?;
    let data: Dataset = Dataset::new(x, Targets::Values(y))?;

    let pinball = CustomLoss::new("pinball", |prediction: Var<'_>, target: Var<'_>| {
        let missing = target - prediction;
        (missing * 0.9).maximum(missing * -0.1)
    });
    let losses: [(&str, Box<dyn Loss>); 2] =
        [("mean squared error", Box::new(MeanSquaredError)), ("pinball at 0.9", Box::new(pinball))];
    for (name, loss) in losses {
        let model = Sequential::new().linear(1, 1);
        let mut params = model.init([1], 0)?;
        Trainer::new(&model, loss, Adam::new(0.01)).epochs(60).fit(&mut params, &data, None)?;

        let predicted = model.predict(&params, data.inputs())?;
        let Targets::Values(y) = data.targets() else { unreachable!("the targets are values") };
        let below = predicted.values().iter().zip(y.values()).filter(|(p, y)| y <= p).count();
        println!(
            "{name}: {:.1} % of the targets lie below the prediction",
            100.0 * below as f64 / data.len() as f64
        );
    }
    Ok(())
}
