//! The exclusive or: no line separates its two classes, so a network without a hidden layer fails,
//! and one with a hidden layer does not.
//!
//! ```console
//! cargo run --release --example xor
//! ```

use chainrule::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let targets = Targets::Labels(Tensor::from_rows([[0.0], [1.0], [1.0], [0.0]]));
    let data: Dataset = Dataset::new(inputs.clone(), targets)?;

    let models: [(&str, Sequential); 2] = [
        ("no hidden layer", Sequential::new().linear(2, 1)),
        ("four hidden units", Sequential::new().linear(2, 4).tanh().linear(4, 1)),
    ];
    for (name, model) in models {
        let mut params = model.init([2], 1)?;
        let mut trainer =
            Trainer::new(&model, BinaryCrossEntropy, Adam::new(0.1)).epochs(300).batch_size(4);
        let history = trainer.fit(&mut params, &data, None)?;

        let logits = model.predict(&params, &inputs)?;
        let probabilities =
            logits.values().iter().map(|x| format!("{:.2}", x.sigmoid())).collect::<Vec<_>>();
        let loss = history.last().map_or(f64::NAN, |record| record.train.loss);
        println!("{name}: loss {loss:.4}, P(1) for 00 01 10 11: {}", probabilities.join(" "));
    }
    Ok(())
}
