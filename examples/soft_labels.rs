//! Labels that are probabilities: what a picture shows to 70 percent is to be answered with 70
//! percent.
//!
//! Each picture is two digits laid over each other, a share `s` of the one and `1 - s` of the
//! other. One model learns from those shares, another from the name of the larger one alone. Both
//! are right about which is the larger; the second has little to say about how much. The
//! cross-entropy with soft labels does not go to zero: its least value is the entropy of the
//! labels.
//!
//! ```console
//! cargo run --release --example soft_labels
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// Blends of two digits of different classes, with the shares of the classes.
fn blends(count: usize, seed: u64) -> Result<(Tensor, Tensor), Error> {
    let digits = Digits::load()?;
    let images = digits.images::<f32>().map(|ink| ink / 16.0);
    let draws = Tensor::<f32>::uniform([count, 3], 0.0..1.0, &mut generator(seed))?;
    let (mut inputs, mut shares) = (Tensor::zeros([count, 64]), Tensor::zeros([count, 10]));
    for i in 0..count {
        let pick = |draw: f32| (draw * digits.len() as f32) as usize;
        let (a, b, share) = (pick(draws.row(i)[0]), pick(draws.row(i)[1]), draws.row(i)[2]);
        for (pixel, (x, y)) in inputs.values_mut()[i * 64..][..64]
            .iter_mut()
            .zip(images.row(a).iter().zip(images.row(b)))
        {
            *pixel = share * x + (1.0 - share) * y;
        }
        for (digit, share) in [(a, share), (b, 1.0 - share)] {
            shares.values_mut()[i * 10 + usize::from(digits.labels()[digit])] += share;
        }
    }
    Ok((inputs, shares))
}

/// The outcome of training on shares, or on the larger one alone.
pub struct Learned {
    /// How often the largest output is at the largest share.
    pub accuracy: f64,
    /// By how much an output differs from the share of the class that it names, on average.
    pub distance: f64,
    /// The mean cross-entropy with the shares, on the training pictures.
    pub loss: f64,
    /// The mean entropy of the shares: the least that it can be.
    pub entropy: f64,
    /// The share of a digit in a picture with the mean probability that it is given, for tenths of
    /// the share.
    pub given: Vec<(f64, f64)>,
}

/// Trains on blends, with soft labels or with hard ones, and asks about others.
pub fn learned(soft: bool, count: usize, epochs: usize) -> Result<Learned, Error> {
    let ((inputs, shares), (others, truth)) = (blends(count, 0)?, blends(500, 1)?);
    let largest = |row: &[f32]| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    let labels = match soft {
        true => shares.clone(),
        false => Tensor::from_fn([count, 10], |i| {
            f32::from(u8::from(largest(shares.row(i / 10)) == i % 10))
        }),
    };
    let data = Dataset::new(inputs.clone(), Targets::Probabilities(labels))?;
    let model = Sequential::new().linear(64, 128).relu().linear(128, 10);
    let mut params = model.init([64], 0)?;
    Trainer::new(&model, CrossEntropy, Adam::new(0.003)).epochs(epochs).fit(
        &mut params,
        &data,
        None,
    )?;
    let known = Dataset::new(inputs, Targets::Probabilities(shares.clone()))?;
    let loss = Trainer::new(&model, CrossEntropy, Adam::new(0.003)).evaluate(&params, &known)?.loss;
    let model = model.softmax();
    let answers = model.predict(&params, &others)?;
    let (mut right, mut distance) = (0, 0.0);
    for i in 0..500 {
        let class = largest(truth.row(i));
        right += usize::from(largest(answers.row(i)) == class);
        distance += f64::from((answers.row(i)[class] - truth.row(i)[class]).abs()) / 500.0;
    }
    let mut tenths = [(0.0, 0.0, 0.0); 10];
    for (&share, &given) in
        truth.values().iter().zip(answers.values()).filter(|(share, _)| **share > 0.0)
    {
        let (count, shares, sum) = &mut tenths[((share * 10.0) as usize).min(9)];
        (*count, *shares, *sum) =
            (*count + 1.0, *shares + f64::from(share), *sum + f64::from(given));
    }
    let given = tenths.iter().map(|(count, shares, sum)| (shares / count, sum / count)).collect();
    let terms = shares
        .values()
        .iter()
        .filter(|share| **share > 0.0)
        .map(|share| -f64::from(share * share.ln()));
    let (accuracy, entropy) = (right as f64 / 500.0, terms.sum::<f64>() / count as f64);
    Ok(Learned { accuracy, distance, loss, entropy, given })
}

fn main() -> Result<(), Error> {
    let [soft, hard] = [learned(true, 4000, 30)?, learned(false, 4000, 30)?];
    for (name, learned) in [("soft labels", &soft), ("hard labels", &hard)] {
        println!(
            "{name}: {:.1} % name the larger share, which they miss by {:.2}; cross-entropy {:.2}, \
             at least {:.2}",
            100.0 * learned.accuracy,
            learned.distance,
            learned.loss,
            learned.entropy
        );
    }
    assert!(soft.accuracy > 0.8 && hard.accuracy > 0.8);
    assert!(
        soft.distance < 0.13 && soft.distance < 0.7 * hard.distance,
        "soft labels teach how much"
    );
    assert!(
        soft.loss > soft.entropy && hard.loss > soft.loss,
        "the entropy of the labels is the least loss"
    );
    println!(
        "Soft labels teach the share of the larger digit to within {:.2} on average, hard ones \
         miss it by {:.2}.",
        soft.distance, hard.distance
    );
    let figure =
        Curves::new("Two digits laid over each other: the share of one, and what it is given")
            .labels("share in the picture", "mean probability")
            .points("soft labels", soft.given)
            .points("hard labels", hard.given)
            .points("as it is", vec![(0.0, 0.0), (1.0, 1.0)]);
    support::save("soft_labels", &figure)
}
