//! Several labels for one sample: a picture may show a laptop, a smartphone, both or neither.
//!
//! Each picture is two digits side by side, each blotted out half of the time; the labels say which digits can be seen.
//! A sigmoid for each label answers each question on its own. A softmax makes the labels compete for one unit of
//! probability: of two digits that can be seen it gives each a half, and where there is none it must name one.
//!
//! ```console
//! cargo run --release --example multi_label
//! ```

use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// Pictures of `[left digit, right digit]` with the labels of those that can be seen.
fn pictures(count: usize, seed: u64) -> Result<(Tensor, Tensor), Error> {
    let digits = Digits::load()?;
    let images: Tensor = digits.images();
    let draws = Tensor::<f32>::uniform([count, 4], 0.0..1.0, &mut generator(seed))?;
    let (mut inputs, mut labels) = (Tensor::zeros([count, 128]), Tensor::zeros([count, 10]));
    for i in 0..count {
        for side in 0..2 {
            let [pick, visible] = [draws.row(i)[side], draws.row(i)[2 + side]];
            if visible < 0.5 {
                let digit = (pick * digits.len() as f32) as usize;
                inputs.values_mut()[i * 128 + side * 64..][..64].copy_from_slice(images.row(digit));
                labels.values_mut()[i * 10 + usize::from(digits.labels()[digit])] = 1.0;
            }
        }
    }
    Ok((inputs, labels))
}

/// What a model says on average of the digits that a picture shows, where it shows two different ones and where it
/// shows none: there its most probable digit.
pub struct Answers {
    /// The mean probability of each of two digits.
    pub of_two: f64,
    /// The mean of the largest probability where there is no digit.
    pub of_none: f64,
}

/// Trains the same hidden layer with a sigmoid for each label, or with one softmax over labels that share one unit.
pub fn answers(competing: bool, count: usize, epochs: usize) -> Result<Answers, Error> {
    let ((inputs, labels), (others, truth)) = (pictures(count, 0)?, pictures(1000, 1)?);
    let seen = |i: usize| labels.row(i).iter().sum::<f32>();
    let model = Sequential::new().linear(128, 64).relu().linear(64, 10);
    let mut params = model.init([128], 0)?;
    let (loss, targets): (Box<dyn Loss>, _) = if competing {
        // Where nothing can be seen, each digit is as good as any other.
        let share = |i: usize| if seen(i / 10) > 0.0 { labels.values()[i] / seen(i / 10) } else { 0.1 };
        (Box::new(CrossEntropy), Targets::Probabilities(Tensor::from_fn([count, 10], share)))
    } else {
        (Box::new(BinaryCrossEntropy), Targets::Labels(labels.clone()))
    };
    let data = Dataset::new(inputs, targets)?;
    Trainer::new(&model, loss, Adam::new(0.003)).epochs(epochs).fit(&mut params, &data, None)?;
    let model = if competing { model.softmax() } else { model.sigmoid() };
    let given = model.predict(&params, &others)?;
    let (mut two, mut none) = (Vec::new(), Vec::new());
    for i in 0..1000 {
        let shown = (0..10).filter(|&digit| truth.row(i)[digit] == 1.0);
        match truth.row(i).iter().sum::<f32>() as usize {
            0 => none.push(given.row(i).iter().fold(0.0, |largest: f32, &p| largest.max(p))),
            2 => two.extend(shown.map(|digit| given.row(i)[digit])),
            _ => {}
        }
    }
    let mean = |values: &[f32]| values.iter().map(|&p| f64::from(p)).sum::<f64>() / values.len() as f64;
    Ok(Answers { of_two: mean(&two), of_none: mean(&none) })
}

fn main() -> Result<(), Error> {
    let [sigmoids, softmax] = [answers(false, 4000, 40)?, answers(true, 4000, 40)?];
    for (name, answers) in [("ten sigmoids", &sigmoids), ("one softmax", &softmax)] {
        let (two, none) = (100.0 * answers.of_two, 100.0 * answers.of_none);
        println!("{name}: of two digits each has {two:.0} %, where there is none the first has {none:.0} %");
    }
    assert!(sigmoids.of_two > 0.85 && sigmoids.of_none < 0.05, "sigmoids answer each question on its own");
    assert!(softmax.of_two < 0.5 && softmax.of_none >= 0.1, "a softmax has one unit to give away");
    Ok(())
}
