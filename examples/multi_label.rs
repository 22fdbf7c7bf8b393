//! Several labels for one sample: a picture may show a laptop, a smartphone, both or neither.
//!
//! Each picture has room for two digits side by side, and each of them is blotted out half of the
//! time; the labels say which digits can be seen. A sigmoid for each label answers each question on
//! its own. A softmax makes the labels compete for one unit of probability. Of two digits that can
//! be seen it gives each a half, and where there is none it must name one.
//!
//! ```console
//! cargo run --release --example multi_label
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::{Align, Canvas, Figure};

type Error = Box<dyn std::error::Error>;

/// Pictures of `[left digit, right digit]`, drawn from these samples, with the labels of those that
/// can be seen.
fn pictures(
    count: usize,
    samples: std::ops::Range<usize>,
    seed: u64,
) -> Result<(Tensor, Tensor), Error> {
    let digits = Digits::load()?;
    let images = digits.images::<f32>().map(|ink| ink / 16.0);
    let draws = Tensor::<f32>::uniform([count, 4], 0.0..1.0, &mut generator(seed))?;
    let (mut inputs, mut labels) = (Tensor::zeros([count, 128]), Tensor::zeros([count, 10]));
    for i in 0..count {
        for side in 0..2 {
            let [pick, visible] = [draws.row(i)[side], draws.row(i)[2 + side]];
            if visible < 0.5 {
                let digit = samples.start + (pick * samples.len() as f32) as usize;
                inputs.values_mut()[i * 128 + side * 64..][..64].copy_from_slice(images.row(digit));
                labels.values_mut()[i * 10 + usize::from(digits.labels()[digit])] = 1.0;
            }
        }
    }
    Ok((inputs, labels))
}

/// The answers of a model for 1000 pictures of digits that it has not seen.
pub struct Answers {
    /// The mean probability of each of two different digits, where a picture shows two.
    pub of_two: f64,
    /// The share of those pictures in which both digits, and no others, have more than one half.
    pub both: f64,
    /// The mean of the largest probability where a picture shows none.
    pub of_none: f64,
    /// The pictures, the digits that they show, and the probability of each digit.
    pub all: [Tensor; 3],
}

/// Trains the same hidden layer with a sigmoid for each label, or with one softmax over labels that
/// share one unit.
pub fn answers(competing: bool, count: usize, epochs: usize) -> Result<Answers, Error> {
    let ((inputs, labels), (others, truth)) =
        (pictures(count, 0..1400, 0)?, pictures(1000, 1400..1797, 1)?);
    let seen = |i: usize| labels.row(i).iter().sum::<f32>();
    let model = Sequential::new().linear(128, 128).relu().linear(128, 10);
    let mut params = model.init([128], 0)?;
    let (loss, targets): (Box<dyn Loss>, _) = if competing {
        // Where nothing can be seen, each digit is as good as any other.
        let share =
            |i: usize| if seen(i / 10) > 0.0 { labels.values()[i] / seen(i / 10) } else { 0.1 };
        (Box::new(CrossEntropy), Targets::Probabilities(Tensor::from_fn([count, 10], share)))
    } else {
        (Box::new(BinaryCrossEntropy), Targets::Labels(labels.clone()))
    };
    let data = Dataset::new(inputs, targets)?;
    Trainer::new(&model, loss, Adam::new(0.003)).epochs(epochs).fit(&mut params, &data, None)?;
    let model = if competing { model.softmax() } else { model.sigmoid() };
    let given = model.predict(&params, &others)?;
    let (mut two, mut both, mut none) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..1000 {
        let (shown, given) = (truth.row(i), given.row(i));
        match shown.iter().sum::<f32>() as usize {
            0 => none.push(given.iter().fold(0.0, |largest: f32, &p| largest.max(p))),
            2 => {
                two.extend((0..10).filter(|&digit| shown[digit] == 1.0).map(|digit| given[digit]));
                both.push(f32::from(u8::from(
                    shown.iter().zip(given).all(|(shown, p)| (*shown == 1.0) == (*p > 0.5)),
                )));
            }
            _ => {}
        }
    }
    let mean =
        |values: &[f32]| values.iter().map(|&p| f64::from(p)).sum::<f64>() / values.len() as f64;
    Ok(Answers {
        of_two: mean(&two),
        both: mean(&both),
        of_none: mean(&none),
        all: [others, truth, given],
    })
}

/// Pictures with the probability of each digit by both models, the digits that can be seen in
/// another colour.
struct SideBySide([(&'static str, Answers); 2]);

impl SideBySide {
    /// The first three pictures that show two different digits, and the first with one and with
    /// none.
    fn rows(&self) -> impl Iterator<Item = usize> {
        let shows =
            |count| move |i: &usize| self.0[0].1.all[1].row(*i).iter().sum::<f32>() == count;
        (0..1000)
            .filter(shows(2.0))
            .take(3)
            .chain((0..1000).find(shows(1.0)))
            .chain((0..1000).find(shows(0.0)))
    }
}

impl Figure for SideBySide {
    fn title(&self) -> &str {
        "Two digits in one picture: a softmax competes, sigmoids do not"
    }

    fn description(&self) -> String {
        "Pictures with two digits, one and none, beside the probability of each digit by both \
         models."
            .to_owned()
    }

    fn size(&self) -> (u32, u32) {
        (760, 610)
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(self.title()));
        below.text("orange: what can be seen", 4.0, 10.0, 11.0, theme.muted(), Align::Start);
        for (column, (name, _)) in self.0.iter().enumerate() {
            below.text(
                name,
                310.0 + 280.0 * column as f64,
                10.0,
                13.0,
                theme.foreground(),
                Align::Middle,
            );
        }
        for (line, i) in self.rows().enumerate() {
            let row = below.part(0.0, 28.0 + 106.0 * line as f64, below.width(), 106.0);
            let [pictures, shown, _] = &self.0[0].1.all;
            // Row by row: eight pixels of the left digit, then eight of the right one.
            let pixel = |at: usize| pictures.row(i)[at % 16 / 8 * 64 + at / 16 * 8 + at % 8];
            let shade = |at| theme.background().mix(theme.foreground(), f64::from(pixel(at)));
            row.image(4.0, 12.0, 144.0, 72.0, 16, &(0..128).map(shade).collect::<Vec<_>>());
            row.frame(4.0, 12.0, 144.0, 72.0, theme.grid(), 1.0);
            for (column, (_, answers)) in self.0.iter().enumerate() {
                let bars = row.part(185.0 + 280.0 * column as f64, 12.0, 260.0, 94.0);
                for (y, label) in [(0.0, "1"), (36.0, "½"), (72.0, "0")] {
                    bars.line(&[(0.0, y), (250.0, y)], theme.grid(), 1.0);
                    bars.text(label, -6.0, y, 10.0, theme.muted(), Align::End);
                }
                for digit in 0..10 {
                    let (x, seen) = (2.0 + 25.0 * digit as f64, shown.row(i)[digit] == 1.0);
                    let height = 72.0 * f64::from(answers.all[2].row(i)[digit]);
                    bars.rectangle(
                        x + 3.0,
                        72.0 - height,
                        16.0,
                        height,
                        theme.series(usize::from(seen)),
                    );
                    let ink = if seen { theme.foreground() } else { theme.muted() };
                    let write = if seen { Canvas::bold } else { Canvas::text };
                    write(&bars, &digit.to_string(), x + 11.0, 82.0, 11.0, ink, Align::Middle);
                }
            }
        }
    }
}

fn main() -> Result<(), Error> {
    let [sigmoids, softmax] = [answers(false, 20_000, 15)?, answers(true, 20_000, 15)?];
    for (name, answers) in [("ten sigmoids", &sigmoids), ("one softmax", &softmax)] {
        let [two, both, none] =
            [answers.of_two, answers.both, answers.of_none].map(|share| 100.0 * share);
        println!(
            "{name}: of two digits each has {two:.0} %, and both have more than half in {both:.0} \
             % of pictures;"
        );
        println!("              where there is none the first has {none:.0} %");
    }
    assert!(
        sigmoids.of_two > 0.8 && sigmoids.of_none < 0.05,
        "sigmoids answer each question on its own"
    );
    assert!(softmax.of_two < 0.5 && softmax.of_none >= 0.1, "a softmax has one unit to give away");
    assert!(
        sigmoids.both > 0.6 && softmax.both == 0.0,
        "only one of two can have more than half of one unit"
    );
    println!(
        "Of two digits in a picture ten sigmoids give each {:.2} on average, one softmax {:.2}.",
        sigmoids.of_two, softmax.of_two
    );
    support::save(
        "multi_label",
        &SideBySide([("one softmax", softmax), ("ten sigmoids", sigmoids)]),
    )
}
