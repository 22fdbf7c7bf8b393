//! The worked case: handwritten digits of 8x8 pixels, one output neuron per class.
//!
//! ```console
//! cargo run --release --example digits
//! ```

use chainrule::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = Digits::load()?.dataset().split_stratified(0.2, 0)?;

    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    println!("{}", model.summary([64])?);

    let mut params = model.init([64], 0)?;
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Adam::new(0.003)).epochs(40).metric(Accuracy::new());
    let history = trainer.fit(&mut params, &train, None)?;
    for record in history.epochs.iter().step_by(10) {
        println!("epoch {:2}  loss {:.4}", record.epoch, record.train.loss);
    }

    let scores = trainer.evaluate(&params, &test)?;
    println!("test accuracy {:.1} %", 100.0 * scores.metric("accuracy").unwrap_or(f64::NAN));
    Ok(())
}
