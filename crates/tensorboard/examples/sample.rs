//! Writes events by hand and those of a short training, with what TensorBoard must read in
//! `expected.json`, which `check.py` compares:
//! `cargo run -p chainrule-tensorboard --example sample -- FOLDER`.

use std::error::Error;
use std::path::Path;

use chainrule_data::Digits;
use chainrule_insight::{Instruments, Log};
use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
use chainrule_plot::{Figure, Theme, WeightImages};
use chainrule_tensorboard::{EventWriter, Histogram, TensorBoard};
use chainrule_train::callback::EpochEnd;
use chainrule_train::{History, Trainer, metric::Accuracy, optimizer::Adam};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("say where: sample FOLDER")?;
    let folder = Path::new(&folder);
    let by_hand = by_hand(&folder.join("by_hand"))?;
    let (history, log, pictures) = train(folder)?;
    let training = json!({
        "scalars": {
            "epoch/loss": by_epoch(&history, |epoch| epoch.train.loss),
            "step/gradient_norm": log
                .records
                .iter()
                .map(|seen| json!([seen.step, seen.gradient_norm]))
                .collect::<Value>(),
        },
        "histograms": { "activations/0": activations(&log) },
        "images": { "first_layer": pictures },
    });
    let validation = json!({ "scalars": {
        "epoch/loss": by_epoch(&history, |epoch| epoch.validation.as_ref().unwrap().loss),
        "epoch/accuracy": by_epoch(&history, |epoch| {
            epoch.validation.as_ref().unwrap().metrics[0].1
        }),
    } });
    let expected = json!({ "by_hand": by_hand, "training": training, "validation": validation });
    std::fs::write(folder.join("expected.json"), serde_json::to_string_pretty(&expected)?)?;
    println!(
        "{} epochs and {} observed steps in {}",
        history.epochs.len(),
        log.records.len(),
        folder.display()
    );
    Ok(())
}

/// Values with every sign and extreme.
fn by_hand(folder: &Path) -> Result<Value, Box<dyn Error>> {
    let mut events = EventWriter::create(folder)?;
    let numbers = [0.0, -1.5, 1e-30, 3e38, f64::NAN, f64::INFINITY];
    for (step, number) in (0..).zip(numbers) {
        events.scalar("numbers/a", step, number)?;
    }
    let values: Vec<f64> = (0..1000).map(|i| (f64::from(i) * 0.37).sin() * 3.0).collect();
    let histogram = Histogram::of(&values, 20);
    events.histogram("distributions/sine", u64::from(u32::MAX) + 1, &histogram)?;
    events.histogram("distributions/constant", 1, &Histogram::of(&[2.0; 5], 4))?;
    events.histogram("distributions/nothing", 1, &Histogram::default())?;
    let png = WeightImages::new("one", 2, 2, vec![vec![1.0, -1.0, 0.5, 0.0]]).png(Theme::Light)?;
    events.image("pictures/one", 7, &png)?;
    events.flush()?;
    Ok(json!({
        // JSON knows no NaN.
        "scalars": {
            "numbers/a": numbers
                .iter()
                .enumerate()
                .map(|(step, x)| json!([step, x.to_string()]))
                .collect::<Value>(),
        },
        "histograms": {
            "distributions/sine": [[u64::from(u32::MAX) + 1, histogram.edges, histogram.counts]],
            "distributions/constant": [[1, [2.0, 2.0], [5]]],
            "distributions/nothing": [[1, [], []]],
        },
        "images": { "pictures/one": [picture(7, &png)?] },
    }))
}

/// The facts that TensorBoard must read of a picture: step, width, height.
fn picture(step: usize, png: &[u8]) -> Result<Value, png::DecodingError> {
    let (width, height) = png::Decoder::new(std::io::Cursor::new(png)).read_info()?.info().size();
    Ok(json!([step, width, height]))
}

/// A short training. Gives what must be read of its pictures as well.
fn train(folder: &Path) -> Result<(History, Log, Vec<Value>), Box<dyn Error>> {
    let (train, validation) = Digits::load()?.dataset().split_stratified(0.2, 0)?;
    let model = Sequential::new().linear(64, 32).tanh().linear(32, 10);
    let mut params = model.init([64], 0)?;
    let mut instruments = Instruments::new();
    let mut pictures = Vec::new();
    let first_layer = |end: &EpochEnd<'_, f32>| -> Result<_, Box<dyn Error + Send + Sync>> {
        let weights = end.params.get("0.weight").ok_or("there is no first layer")?.values();
        let unit =
            |unit: usize| weights.iter().skip(unit).step_by(32).map(|&w| f64::from(w)).collect();
        let figure = WeightImages::new("First layer", 8, 8, (0..32).map(unit).collect());
        let png = figure.png(Theme::Light)?;
        pictures.push(picture(end.record.epoch, &png)?);
        Ok(png)
    };
    let mut tensorboard = TensorBoard::create(folder)?
        .instruments(&mut instruments)
        .image("first_layer", first_layer);
    let history = Trainer::new(&model, CrossEntropy, Adam::new(0.003))
        .epochs(6)
        .metric(Accuracy::new())
        .callback(&mut tensorboard)
        .fit(&mut params, &train, Some(&validation))?;
    tensorboard.finish()?;
    Ok((history, instruments.into_log(), pictures))
}

fn by_epoch(history: &History, value: impl Fn(&chainrule_train::EpochRecord) -> f64) -> Value {
    history.epochs.iter().map(|epoch| json!([epoch.epoch, value(epoch)])).collect()
}

fn activations(log: &Log) -> Value {
    let histogram = |record: &chainrule_insight::monitor::Record| {
        let histogram = &record.layers[0].activations.as_ref().unwrap().histogram;
        json!([record.step, histogram.edges().collect::<Vec<_>>(), histogram.counts])
    };
    log.records.iter().map(histogram).collect()
}
