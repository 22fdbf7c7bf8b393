//! First weights decide whether a deep network learns: six hidden layers of ReLUs on handwritten
//! digits, from the same seed, with the same batches, and nothing but the initialiser changed.
//!
//! Too small, and values and gradients fade from layer to layer; all alike, and the units stay
//! alike for ever; too large, and the first step explodes. He's rule makes up for the half that a
//! ReLU sets to zero. Glorot's and LeCun's do not: each layer about halves the mean squares, which
//! six layers still survive, learning later.
//!
//! ```console
//! cargo run --release --example initialisation
//! ```

mod support;

use chainrule::insight::gain::{self, GainReport};
use chainrule::prelude::*;
use chainrule::recipe::{Change, Recipe, Variant, compare};
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// The initialisers, He's first.
pub const INITIALISERS: [&str; 6] = [
    "he_normal",
    "glorot_normal",
    "lecun_normal",
    "normal(deviation=0.01)",
    "normal(deviation=1)",
    "constant(value=0.1)",
];

/// Hidden layers of ReLUs and plain gradient descent, so that nothing hides the size of gradients.
pub fn recipe(depth: usize, width: usize, epochs: usize) -> Recipe {
    Recipe {
        hidden: vec![width; depth],
        init: INITIALISERS[0].to_owned(),
        optimizer: "sgd".to_owned(),
        learning_rate: Some(0.05),
        epochs,
        ..Recipe::default()
    }
}

/// One training for each of the [`INITIALISERS`].
pub fn trained(recipe: &Recipe, samples: usize) -> Result<Vec<Variant>, Error> {
    let digits = Digits::load()?.dataset::<f32>().select(&(0..samples).collect::<Vec<_>>())?;
    let (train, test) = digits.split_stratified(0.2, 0)?;
    let changes = INITIALISERS[1..].iter().map(|name| Change::set("init", name));
    Ok(compare(recipe, &changes.collect::<Vec<_>>(), &train, &test)?.variants)
}

/// The mean squares of values and of gradients from layer to layer, before training.
pub fn report(initialiser: &str, depth: usize, width: usize) -> Result<GainReport, Error> {
    let rule = init::by_name(initialiser)?;
    let linear = |outputs| Linear::to(outputs).weight_init(rule.clone()).bias_init(0.0);
    let hidden =
        (0..depth).fold(Sequential::double(), |model, _| model.layer(linear(width)).relu());
    let model = hidden.layer(linear(10));
    let data = Digits::load()?.dataset().select(&(0..64).collect::<Vec<_>>())?;
    Ok(gain::report(&model, &CrossEntropy, &model.init([64], 0)?, &data)?)
}

fn main() -> Result<(), Error> {
    let (depth, width) = (6, 64);
    let outcomes = trained(&recipe(depth, width, 10), 1797)?;
    let mut values =
        Curves::new("Values on their way forward").labels("layer", "mean square").log_y();
    let mut gradients =
        Curves::new("Gradients on their way back").labels("layer", "mean square").log_y();
    let mut learning =
        Curves::new("What is learned from there").labels("epoch", "validation accuracy");
    println!("{:>24} {:>10} {:>11} {:>9}", "initialiser", "values^2", "gradients^2", "accuracy");
    for (name, outcome) in INITIALISERS.iter().zip(&outcomes) {
        let report = report(name, depth, width)?;
        let (forward, backward) =
            (report.forward.unwrap_or(f64::NAN), report.backward.unwrap_or(f64::NAN));
        let end = outcome.accuracy().filter(|_| outcome.failed.is_none());
        let end = end
            .map_or_else(|| "explodes".to_owned(), |accuracy| format!("{:.1} %", 100.0 * accuracy));
        println!("{name:>24} {forward:>10.3} {backward:>11.3} {end:>9}");
        let layers: Vec<_> = report.layers.iter().filter(|layer| layer.kind == "linear").collect();
        values =
            values.curve(*name, &layers.iter().map(|layer| layer.mean_square).collect::<Vec<_>>());
        let squares = layers.iter().map(|layer| layer.gradient.unwrap_or(f64::NAN).powi(2));
        gradients = gradients.curve(*name, &squares.collect::<Vec<_>>());
        let epochs =
            outcome.epochs.iter().filter_map(|epoch| epoch.validation.as_ref()?.metric("accuracy"));
        learning = learning.curve(*name, &epochs.collect::<Vec<_>>());
    }
    let accuracy = |run: usize| outcomes[run].accuracy().unwrap_or(0.0);
    assert!(accuracy(0) > 0.9, "He's rule learns");
    assert!(accuracy(3) < 0.3 && accuracy(5) < 0.3, "weights too small or all alike do not");
    assert!(accuracy(4) < 0.5, "weights too large do not");
    println!(
        "Six layers of ReLUs reach {:.1} % from He's first weights, {:.1} % from small ones, {:.1} \
         % from equal ones.",
        100.0 * accuracy(0),
        100.0 * accuracy(3),
        100.0 * accuracy(5)
    );
    let title = "Six hidden layers of ReLUs, and nothing but the first weights changed";
    let panels = support::Panels::new(title, 3).panel(values).panel(gradients).panel(learning);
    support::save("initialisation", &panels)
}
