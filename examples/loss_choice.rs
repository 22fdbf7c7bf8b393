//! One output that is to be the digit's value, or one output for each digit? And squared errors, or cross-entropy?
//!
//! A value makes a 9 lie nearer to an 8 than to a 0, which its pixels know nothing of: what looks like a 0 or a 9 is
//! answered with a 4 or a 5. Ten outputs have no such order. The squared error of a softmax learns slowly from what it
//! gets confidently wrong, since its gradient carries the softmax's own derivative, `p (1 - p)`.
//!
//! ```console
//! cargo run --release --example loss_choice
//! ```

use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// The accuracy on the test digits of the same hidden layer with one output, with ten and squared errors, and with ten and
/// cross-entropy.
pub fn accuracies(samples: usize, epochs: usize) -> Result<[f64; 3], Error> {
    let digits = Digits::load()?.dataset::<f32>().select(&(0..samples).collect::<Vec<_>>())?;
    let (train, test) = digits.split_stratified(0.25, 0)?;
    let classes = |data: &Dataset| match data.targets() {
        Targets::Classes { indices, .. } => indices.clone(),
        _ => Vec::new(),
    };
    let adam = || Adam::new(0.003);

    let value = Sequential::new().linear(64, 32).relu().linear(32, 1);
    let labels: Vec<f32> = classes(&train).iter().map(|&class| class as f32).collect();
    let numbers = Dataset::new(train.inputs().clone(), Targets::Values(Tensor::new([train.len(), 1], labels)?))?;
    let mut params = value.init([64], 0)?;
    Trainer::new(&value, MeanSquaredError, adam()).epochs(epochs).fit(&mut params, &numbers, None)?;
    let rounded = value.predict(&params, test.inputs())?;
    let right = rounded.values().iter().zip(classes(&test)).filter(|(x, class)| x.round() == *class as f32).count();

    let model = || Sequential::new().linear(64, 32).relu().linear(32, 10);
    let squared =
        accuracy(&model().softmax(), MeanSquaredError, &train.clone().one_hot()?, &test.clone().one_hot()?, epochs)?;
    let entropy = accuracy(&model(), CrossEntropy, &train, &test, epochs)?;
    Ok([right as f64 / test.len() as f64, squared, entropy])
}

fn accuracy(model: &Sequential, loss: impl Loss, train: &Dataset, test: &Dataset, epochs: usize) -> Result<f64, Error> {
    let mut params = model.init([64], 0)?;
    let mut trainer = Trainer::new(model, loss, Adam::new(0.003)).epochs(epochs).metric(Accuracy::new());
    trainer.fit(&mut params, train, None)?;
    Ok(trainer.evaluate(&params, test)?.metric("accuracy").ok_or("there is a metric")?)
}

/// The norm of the gradient with respect to two logits when the right class has probability `p`, for the squared error of
/// the softmax and for cross-entropy.
pub fn gradients_at(p: f64) -> Result<[f64; 2], Error> {
    let (logit, target) = ((p / (1.0 - p)).ln(), Tensor::from_rows([[1.0, 0.0]]));
    let mut norms = [0.0; 2];
    for (position, norm) in norms.iter_mut().enumerate() {
        let graph = Graph::new();
        let (x, target) = (graph.constant(&Tensor::from_rows([[logit, 0.0]])).keep_gradient(), graph.constant(&target));
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
    let [value, squared, entropy] = accuracies(1797, 40)?;
    println!("one output, squared error:          {:5.1} %", 100.0 * value);
    println!("ten outputs, squared error:         {:5.1} %", 100.0 * squared);
    println!("ten outputs, cross-entropy:         {:5.1} %", 100.0 * entropy);
    assert!(value < 0.8 && squared > 0.9 && entropy > 0.95);
    println!("\nthe gradient when the right class has probability p: squared error, cross-entropy");
    for p in [0.5, 1e-2, 1e-4, 1e-6] {
        let [squared, entropy] = gradients_at(p)?;
        println!("{p:8.0e} {squared:10.1e} {entropy:10.3}");
    }
    let [squared, entropy] = gradients_at(1e-6)?;
    assert!(squared < 1e-5 && entropy > 1.0, "confidently wrong, the squared error hardly learns");
    Ok(())
}
