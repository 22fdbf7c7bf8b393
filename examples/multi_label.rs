//! Several labels for one sample: a picture may show a laptop, a smartphone, both or neither.
//!
//! Each picture is two digits side by side, each blotted out half of the time; the labels say which digits can be seen.
//! A sigmoid for each label answers each question on its own, where a softmax would make the labels compete for one
//! unit of probability.
//!
//! ```console
//! cargo run --release --example multi_label
//! ```

use chainrule::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data: Dataset = pictures(4000, 0)?;
    let (train, test) = data.split(0.25, 0)?;

    let model = Sequential::new().linear(128, 64).relu().linear(64, 10);
    let mut params = model.init([128], 0)?;
    let mut trainer = Trainer::new(&model, BinaryCrossEntropy, Adam::new(0.003))
        .epochs(40)
        .metric(MultiLabelAccuracy::per_label())
        .metric(MultiLabelAccuracy::exact_match());
    trainer.fit(&mut params, &train, None)?;

    let scores = trainer.evaluate(&params, &test)?;
    for (name, value) in &scores.metrics {
        println!("{name}: {:.1} %", 100.0 * value);
    }
    let Targets::Labels(labels) = test.targets() else { unreachable!("the targets are labels") };
    let logits = model.predict(&params, test.inputs())?;
    for i in (0..test.len()).filter(|&i| labels.row(i).iter().sum::<f32>() == 2.0).take(3) {
        let both: Vec<usize> = (0..10).filter(|&digit| labels.row(i)[digit] == 1.0).collect();
        let seen = (0..10).map(|digit| (digit, logits.row(i)[digit])).filter(|(_, logit)| *logit >= 0.0);
        let seen = seen.map(|(digit, logit)| format!("{digit} ({:.0} %)", 100.0 * logit.sigmoid()));
        println!("a picture of {} and {}: {}", both[0], both[1], seen.collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

/// Pictures of `[left digit, right digit]` with the labels of those that can be seen.
fn pictures(count: usize, seed: u64) -> Result<Dataset, Box<dyn std::error::Error>> {
    let digits = Digits::load()?;
    let images: Tensor = digits.dataset().inputs().clone();
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
    Ok(Dataset::new(inputs, Targets::Labels(labels))?)
}
