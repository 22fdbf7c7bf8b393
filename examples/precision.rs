//! Matrix products of less precision train as well: accuracies on the handwritten digits, and with
//! the network 784-512-256-10 on the digits enlarged to 28x28 pixels, over ten seeds.
//!
//! ```console
//! cargo run --release --example precision                  # six epochs each
//! cargo run --release --example precision -- --epochs 40
//! ```
//!
//! On processors without matrix units all precisions compute the same.

use chainrule::prelude::*;

const SEEDS: u64 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let epochs = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 6,
        ["--epochs", number] => number.parse()?,
        _ => return Err("only --epochs NUMBER is taken".into()),
    };
    let digits = Digits::load()?;
    let small = digits.dataset();
    let large = Dataset::new(enlarged(&digits), digits.targets())?;
    let plain = Sequential::new().linear(64, 256).relu().linear(256, 256).relu().linear(256, 10);
    let wide = Sequential::new().linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
    println!(
        "test accuracy after {epochs} epochs, mean of {SEEDS} seeds; against f32, seed by seed"
    );
    for (name, model, data) in [("64-256-256-10", &plain, small), ("784-512-256-10", &wide, large)]
    {
        let mut exact = Vec::new();
        for precision in Precision::ALL {
            let accuracies: Result<Vec<f64>, _> =
                (0..SEEDS).map(|seed| accuracy(model, &data, precision, epochs, seed)).collect();
            let accuracies = accuracies?;
            if exact.is_empty() {
                exact.clone_from(&accuracies);
            }
            let (mean, _) = mean_and_error(&accuracies);
            let differences: Vec<f64> =
                accuracies.iter().zip(&exact).map(|(x, exact)| x - exact).collect();
            let (difference, error) = mean_and_error(&differences);
            let name_of = precision.name();
            println!(
                "{name:15} {name_of:5} {mean:6.2} %  difference {difference:+.2} +- {error:.2} \
                 points"
            );
        }
    }
    Ok(())
}

/// The accuracy on a fifth of the samples after training on the others, in percent.
fn accuracy(
    model: &Sequential,
    data: &Dataset,
    precision: Precision,
    epochs: usize,
    seed: u64,
) -> Result<f64, Box<dyn std::error::Error>> {
    let (train, test) = data.split_stratified(0.2, seed)?;
    let mut params = model.init([data.input_width()], seed)?;
    let mut trainer = Trainer::new(model, CrossEntropy, Adam::new(0.001))
        .epochs(epochs)
        .batch_size(128)
        .seed(seed)
        .precision(precision)
        .metric(Accuracy::new());
    trainer.fit(&mut params, &train, None)?;
    Ok(100.0 * trainer.evaluate(&params, &test)?.metric("accuracy").unwrap_or(f64::NAN))
}

/// The digits with 28x28 pixels, each the mean of the four nearest of the 8x8 by their distance.
fn enlarged(digits: &Digits) -> Tensor {
    let images: Tensor = digits.images();
    let pixels = images.values();
    Tensor::from_fn([digits.len(), 784], |at| {
        let image = &pixels[at / 784 * 64..][..64];
        let place = |at: usize| {
            let place = at as f32 * 7.0 / 27.0;
            let before = (place as usize).min(6);
            (before, place - before as f32)
        };
        let ((row, down), (column, right)) = (place(at % 784 / 28), place(at % 28));
        let between = |row: usize| {
            image[8 * row + column] * (1.0 - right) + image[8 * row + column + 1] * right
        };
        between(row) * (1.0 - down) + between(row + 1) * down
    })
}

/// The mean, and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}
