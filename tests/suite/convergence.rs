//! Learnable tasks are learned, from fixed seeds.

use chainrule::nn::activation;
use chainrule::prelude::*;
use chainrule::train::optimizer;

/// 900 digits for training and a fifth of them for testing; both hold all writers.
fn digits() -> (Dataset, Dataset) {
    let (train, test) = Digits::load().unwrap().dataset().split_stratified(0.2, 0).unwrap();
    (train.select(&(0..900).collect::<Vec<_>>()).unwrap(), test)
}

/// The accuracy on the test digits after some epochs.
fn accuracy(model: &Sequential, optimizer: impl Optimizer, epochs: usize) -> f64 {
    let (train, test) = digits();
    let mut params = model.init([64], 0).unwrap();
    let mut trainer =
        Trainer::new(model, CrossEntropy, optimizer).epochs(epochs).metric(Accuracy::new());
    let history = trainer.fit(&mut params, &train, None).unwrap();
    assert_eq!(history.epochs.len(), epochs);
    trainer.evaluate(&params, &test).unwrap().metric("accuracy").unwrap()
}

#[test]
fn the_exclusive_or_needs_a_hidden_layer() {
    let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let labels = [0.0, 1.0, 1.0, 0.0];
    let targets = Targets::Labels(Tensor::from(labels.to_vec()).reshape([4, 1]).unwrap());
    let data: Dataset = Dataset::new(inputs.clone(), targets).unwrap();
    let learn = |model: &Sequential, seed: u64| {
        let mut params = model.init([2], seed).unwrap();
        let mut trainer =
            Trainer::new(model, BinaryCrossEntropy, Adam::new(0.1)).epochs(300).batch_size(4);
        let history = trainer.fit(&mut params, &data, None).unwrap();
        let logits = model.predict(&params, &inputs).unwrap();
        let right = logits
            .values()
            .iter()
            .zip(labels)
            .filter(|(logit, label)| (**logit >= 0.0) == (*label == 1.0));
        (history.last().unwrap().train.loss, right.count())
    };
    for seed in 0..3 {
        let (loss, right) = learn(&Sequential::new().linear(2, 8).tanh().linear(8, 1), seed);
        assert!(loss < 0.01 && right == 4, "seed {seed}: loss {loss}, {right} right");
    }
    // A line gets at most three right, and the best loss is that of a coin.
    let (loss, right) = learn(&Sequential::new().linear(2, 1), 0);
    assert!((loss - 2.0_f64.ln()).abs() < 1e-3 && right <= 3, "loss {loss}, {right} right");
}

#[test]
fn a_straight_line_is_recovered() {
    let x: Tensor<f64> = Tensor::uniform([64, 2], -1.0..1.0, &mut generator(3)).unwrap();
    let y = Tensor::from_fn([64, 1], |i| 3.0 * x.row(i)[0] - 2.0 * x.row(i)[1] + 0.5);
    let data = Dataset::new(x, Targets::Values(y)).unwrap();
    let model = Sequential::double().linear(2, 1);
    let mut params = model.init([2], 0).unwrap();
    Trainer::new(&model, MeanSquaredError, Sgd::new(0.2))
        .epochs(200)
        .batch_size(16)
        .fit(&mut params, &data, None)
        .unwrap();
    let close =
        |got: &[f64], expected: &[f64]| got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8);
    assert!(
        close(params.get("0.weight").unwrap().values(), &[3.0, -2.0]),
        "{:?}",
        params.get("0.weight")
    );
    assert!(close(params.get("0.bias").unwrap().values(), &[0.5]), "{:?}", params.get("0.bias"));
}

#[test]
fn a_sine_is_fitted_closely() {
    let x: Tensor = Tensor::from_fn([128, 1], |i| i as f32 / 64.0 - 1.0);
    let y = x.map(|x| (3.0 * x).sin());
    let data = Dataset::new(x, Targets::Values(y)).unwrap();
    let model = Sequential::new().linear(1, 32).tanh().linear(32, 1);
    let mut params = model.init([1], 0).unwrap();
    let mut trainer =
        Trainer::new(&model, MeanSquaredError, Adam::new(0.01)).epochs(300).batch_size(32);
    trainer.fit(&mut params, &data, None).unwrap();
    let loss = trainer.evaluate(&params, &data).unwrap().loss;
    assert!(loss < 1e-3, "mean squared error {loss}");
}

#[test]
fn every_optimizer_learns_the_digits() {
    let model = Sequential::new().linear(64, 32).relu().linear(32, 10);
    for mut optimizer in optimizer::all::<f32>() {
        let (name, rate) = (optimizer.name(), optimizer.learning_rate());
        // The defaults suit larger networks and longer trainings.
        let faster = match name {
            "sgd" => 0.2,
            "adagrad" => 0.05,
            "lion" => 0.002,
            _ => 0.01,
        };
        optimizer::set_learning_rate(optimizer.as_mut(), rate.max(faster));
        let accuracy = accuracy(&model, optimizer, 15);
        assert!(accuracy > 0.95, "{name}: {accuracy}");
    }
    let momentum = accuracy(&model, Sgd { nesterov: true, ..Sgd::new(0.05).momentum(0.9) }, 15);
    assert!(momentum > 0.95, "sgd with momentum: {momentum}");
}

#[test]
fn the_full_batch_method_learns_a_few_digits_with_any_activation() {
    // As scikit-learn tests its own: the first 200 digits of three and of two classes, 50 hidden
    // units, scaled to [0, 1].
    for classes in [3, 2] {
        let all = Digits::load().unwrap().dataset();
        let Targets::Classes { indices, .. } = all.targets() else {
            unreachable!("digits have classes")
        };
        let rows: Vec<usize> =
            (0..all.len()).filter(|&row| indices[row] < classes).take(200).collect();
        let indices = rows.iter().map(|&row| indices[row]).collect();
        let inputs = all.select(&rows).unwrap().into_parts().0;
        let data =
            Dataset::new(inputs, Targets::Classes { indices, classes: classes as usize }).unwrap();
        let (train, test) = data.split(0.25, 0).unwrap();
        for name in ["identity", "sigmoid", "tanh", "relu"] {
            let activation = activation::by_name::<f32>(name).unwrap();
            let model =
                Sequential::new().linear(64, 50).layer(activation).linear(50, classes as usize);
            let mut params = model.init([64], 0).unwrap();
            let minimum = Lbfgs::new(150).fit(&model, &CrossEntropy, &mut params, &train).unwrap();
            assert!(minimum.iterations <= 150 && minimum.loss < 1e-3, "{name}: {minimum:?}");
            let mut trainer =
                Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).metric(Accuracy::new());
            for part in [&train, &test] {
                let accuracy = trainer.evaluate(&params, part).unwrap().metric("accuracy").unwrap();
                assert!(accuracy > 0.95, "{name}, {classes} classes: {accuracy}");
            }
        }
    }
}

#[test]
fn every_hidden_activation_learns_the_digits() {
    for activation in activation::all::<f32>() {
        let name = activation.kind().to_owned();
        let model = Sequential::new()
            .linear(64, 32 * activation.divisor())
            .layer(activation)
            .linear(32, 10);
        // Hidden units behind a softmax share one unit of activity, which makes them learn slowly:
        // no usual choice, but it learns.
        let (epochs, expected) =
            if ["softmax", "softmin"].contains(&&*name) { (40, 0.8) } else { (15, 0.95) };
        let accuracy = accuracy(&model, Adam::new(0.01), epochs);
        assert!(accuracy > expected, "{name}: {accuracy}");
    }
}

#[test]
fn several_labels_of_one_sample_are_learned_at_once() {
    // Does the picture show a curve to the left, a closed loop, an even digit? The answers do not
    // exclude each other.
    let (train, test) = digits();
    let labelled = |data: Dataset| {
        let (inputs, targets) = data.into_parts();
        let Targets::Classes { indices, .. } = targets else { unreachable!("digits have classes") };
        let answers = |digit: u32| {
            [[3, 5, 9].contains(&digit), [0, 6, 8, 9].contains(&digit), digit.is_multiple_of(2)]
        };
        let labels = indices
            .iter()
            .flat_map(|&digit| answers(digit))
            .map(|yes| f32::from(u8::from(yes)))
            .collect();
        Dataset::new(inputs, Targets::Labels(Tensor::new([indices.len(), 3], labels).unwrap()))
            .unwrap()
    };
    let (train, test) = (labelled(train), labelled(test));
    let model = Sequential::new().linear(64, 32).relu().linear(32, 3);
    let mut params = model.init([64], 0).unwrap();
    let mut trainer = Trainer::new(&model, BinaryCrossEntropy, Adam::new(0.01))
        .epochs(20)
        .metric(MultiLabelAccuracy::per_label())
        .metric(MultiLabelAccuracy::exact_match());
    trainer.fit(&mut params, &train, None).unwrap();
    let scores = trainer.evaluate(&params, &test).unwrap();
    let [single, exact] =
        ["label_accuracy", "exact_match"].map(|name| scores.metric(name).unwrap());
    assert!(single > 0.95 && exact > 0.9 && exact <= single, "{scores:?}");
}

#[test]
fn class_indices_and_one_hot_rows_train_the_same_weights() {
    let (by_index, _) = digits();
    let (inputs, targets) = by_index.clone().into_parts();
    let one_hot = Dataset::new(inputs, targets.one_hot().unwrap()).unwrap();
    let model = Sequential::new().linear(64, 16).tanh().linear(16, 10);
    let train = |data: &Dataset| {
        let mut params = model.init([64], 4).unwrap();
        let mut trainer =
            Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(3).metric(Accuracy::new());
        (trainer.fit(&mut params, data, None).unwrap(), params)
    };
    let ((history, a), (other, b)) = (train(&by_index), train(&one_hot));
    // The gradients are the same numbers, rounded in another order: p * 1 - 1 against p, then - 1.
    for (a, b) in a.values().iter().zip(b.values()) {
        assert!((a - b).abs() <= 1e-5, "{a} and {b}");
    }
    for (a, b) in history.epochs.iter().zip(&other.epochs) {
        assert_eq!(a.train.metric("accuracy"), b.train.metric("accuracy"));
        assert!((a.train.loss - b.train.loss).abs() < 1e-6);
    }
}
