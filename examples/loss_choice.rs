//! One output that is to be the digit's value, or one output for each digit? And squared errors, or
//! cross-entropy?
//!
//! A value makes a 9 lie nearer to an 8 than to a 0, which its pixels know nothing of. What might
//! be either of two digits is answered with one between them: a 9 is more often taken for an 8 than
//! for a 9. Ten outputs have no such order, and are right nearly always, here with either loss. But
//! the squared error of a softmax learns slowly from what it gets confidently wrong, since its
//! gradient carries the softmax's own derivative, `p (1 - p)`.
//!
//! ```console
//! cargo run --release --example loss_choice
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::{ConfusionMatrix, Curves};

type Error = Box<dyn std::error::Error>;

/// How often each digit was taken for which, `[truth][answer]`.
pub type Counts = Vec<Vec<u64>>;

/// The answers of the same hidden layer for the test digits, with one output whose value is
/// rounded, with ten and squared errors, and with ten and cross-entropy.
pub fn answers(samples: usize, epochs: usize) -> Result<[Counts; 3], Error> {
    let digits = Digits::load()?.dataset::<f32>().select(&(0..samples).collect::<Vec<_>>())?;
    let (train, test) = digits.split_stratified(0.25, 0)?;
    let hidden = || Sequential::new().linear(64, 32).relu();

    let value = hidden().linear(32, 1);
    let labels: Vec<f32> = classes(&train).iter().map(|&class| class as f32).collect();
    let numbers = Dataset::new(
        train.inputs().clone(),
        Targets::Values(Tensor::new([train.len(), 1], labels)?),
    )?;
    let given = trained(&value, MeanSquaredError, &numbers, &test, epochs)?;
    let rounded = given.values().iter().map(|x| x.round().clamp(0.0, 9.0) as usize);
    let value = count(&test, rounded);

    let largest = |given: &Tensor| -> Vec<usize> {
        let of_row = |row: &[f32]| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
        (0..test.len()).map(|i| of_row(given.row(i))).collect()
    };
    let ten = hidden().linear(32, 10).softmax();
    let squared = trained(&ten, MeanSquaredError, &train.clone().one_hot()?, &test, epochs)?;
    let entropy = trained(&hidden().linear(32, 10), CrossEntropy, &train, &test, epochs)?;
    Ok([
        value,
        count(&test, largest(&squared).into_iter()),
        count(&test, largest(&entropy).into_iter()),
    ])
}

/// The share on the diagonal.
pub fn accuracy(counts: &Counts) -> f64 {
    let right = (0..10).map(|digit| counts[digit][digit]).sum::<u64>();
    right as f64 / counts.iter().flatten().sum::<u64>() as f64
}

fn trained(
    model: &Sequential,
    loss: impl Loss,
    train: &Dataset,
    test: &Dataset,
    epochs: usize,
) -> Result<Tensor, Error> {
    let mut params = model.init([64], 0)?;
    Trainer::new(model, loss, Adam::new(0.003)).epochs(epochs).fit(&mut params, train, None)?;
    Ok(model.predict(&params, test.inputs())?)
}

fn classes(data: &Dataset) -> &[u32] {
    match data.targets() {
        Targets::Classes { indices, .. } => indices,
        _ => &[],
    }
}

fn count(test: &Dataset, answers: impl Iterator<Item = usize>) -> Counts {
    let mut counts = vec![vec![0; 10]; 10];
    classes(test)
        .iter()
        .zip(answers)
        .for_each(|(&truth, answer)| counts[truth as usize][answer] += 1);
    counts
}

/// The norm of the gradient with respect to two logits when the right class has probability `p`,
/// for the squared error of the softmax and for cross-entropy.
pub fn gradients_at(p: f64) -> Result<[f64; 2], Error> {
    let (logit, target) = ((p / (1.0 - p)).ln(), Tensor::from_rows([[1.0, 0.0]]));
    let mut norms = [0.0; 2];
    for (position, norm) in norms.iter_mut().enumerate() {
        let graph = Graph::new();
        let (x, target) = (
            graph.constant(&Tensor::from_rows([[logit, 0.0]])).keep_gradient(),
            graph.constant(&target),
        );
        let loss = match position {
            0 => MeanSquaredError.forward(Softmax.forward(x), target, Reduction::Sum),
            _ => CrossEntropy.forward(x, target, Reduction::Sum),
        };
        let plan = graph.plan(loss)?;
        let (params, mut workspace) = (plan.init(0)?, plan.workspace());
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut plan.grads());
        *norm = workspace.gradient(x).values().iter().map(|g| g * g).sum::<f64>().sqrt();
    }
    Ok(norms)
}

fn main() -> Result<(), Error> {
    let counts = answers(1797, 40)?;
    let [value, squared, entropy] = counts.each_ref().map(accuracy);
    println!("one output, squared error:          {:5.1} %", 100.0 * value);
    println!("ten outputs, squared error:         {:5.1} %", 100.0 * squared);
    println!("ten outputs, cross-entropy:         {:5.1} %", 100.0 * entropy);
    assert!(value < 0.8 && squared > 0.9 && entropy > 0.95);
    println!("\nthe gradient when the right class has probability p: squared error, cross-entropy");
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for p in [0.999, 0.9, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] {
        let [squared, entropy] = gradients_at(p)?;
        println!("{p:8} {squared:10.1e} {entropy:10.3}");
        small.push((p, squared));
        large.push((p, entropy));
    }
    let [squared_gradient, entropy_gradient] = gradients_at(1e-6)?;
    assert!(
        squared_gradient < 1e-5 && entropy_gradient > 1.0,
        "confidently wrong, the squared error hardly learns"
    );
    println!(
        "One output for the digit's value is right {:.1} % of the time, ten outputs {:.1} % with \
         cross-entropy and {:.1} % \
         with squared errors, whose gradient is {squared_gradient:.0e} instead of \
         {entropy_gradient:.1} where the right \
         class has a probability of 1e-6.",
        100.0 * value,
        100.0 * entropy,
        100.0 * squared
    );

    let [one, _, ten] = counts;
    let names = || (0..10).map(|digit| digit.to_string()).collect();
    let gradients = Curves::new("The gradient with two classes")
        .labels("probability of the right one", "gradient norm")
        .points("squared error of a softmax", small)
        .points("cross-entropy", large);
    let panels = support::Panels::new("Digits as values, and as classes", 3)
        .panel(ConfusionMatrix::new("One output and squared error", names(), one))
        .panel(ConfusionMatrix::new("Ten outputs and cross-entropy", names(), ten))
        .panel(gradients.log_x().log_y());
    support::save("loss_choice", &panels)
}
