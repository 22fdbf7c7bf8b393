//! Losses over batches: a mean over several is that of one batch of all, for every loss of the list
//! with its settings varied (pytorch#50528, #61309, #75181; transformers#24725).

use chainrule_data::{Dataset, Targets};
use chainrule_graph::{Params, Var};
use chainrule_nn::config::Setting;
use chainrule_nn::layer::BatchNorm;
use chainrule_nn::loss::{self, CrossEntropy, CustomLoss, TargetForm};
use chainrule_nn::{Layer, Loss, Model, Sequential, TargetKind};
use chainrule_tensor::random::generator;
use chainrule_tensor::{Shape, Tensor};
use chainrule_train::callback::{
    BatchEnd, BestWeights, Callback, EarlyStopping, EpochEnd, Flow, Monitor, StepEnd,
};
use chainrule_train::metric::{Accuracy, ConfusionMatrix};
use chainrule_train::optimizer::{Lbfgs, Sgd};
use chainrule_train::schedule::{RangeTest, ReduceOnPlateau};
use chainrule_train::{History, Penalty, TrainError, Trainer};

const SAMPLES: usize = 7;
const WIDTH: usize = 3;

/// A factor for each output, so that a gradient goes back through any loss.
#[derive(Debug)]
struct Factors;

impl Layer<f64> for Factors {
    fn kind(&self) -> &str {
        "factors"
    }
    fn forward<'g>(&self, x: Var<'g, f64>) -> Var<'g, f64> {
        x * x.graph().param("factors", x.features(), 1.0)
    }
}

/// Texts of every loss with its default settings, and with each of them changed.
fn varied() -> Vec<String> {
    let mut texts = Vec::new();
    for mut loss in loss::all::<f64>() {
        let name = loss.name().to_owned();
        texts.push(name.clone());
        for (setting, value) in loss.settings() {
            let values = match value {
                Setting::Number(x) => vec![format!("{}", *x * 0.5 + 0.25)],
                Setting::Optional(_) => vec!["0".to_owned(), "1".to_owned()],
                Setting::Count(n) => vec![(3 - *n).to_string()],
                Setting::Flag(flag) => vec![(!*flag).to_string()],
                Setting::Numbers(_) => vec!["[1, 5, 0.25]".to_owned(), "[0, 2, 3]".to_owned()],
                Setting::Choice(_, words) => words.iter().map(|&word| word.to_owned()).collect(),
                other => panic!("{name}: {setting} is a setting of a new kind, {other:?}"),
            };
            texts.extend(values.iter().map(|value| format!("{name}({setting}={value})")));
        }
    }
    texts.push("cross_entropy(weights=[1, 5, 2], ignore_index=1, label_smoothing=0.1)".to_owned());
    texts.push("nll(weights=[1, 5, 2], ignore_index=1)".to_owned());
    texts
}

/// Data that the loss takes, one set for each form of its targets.
fn data_for(loss: &dyn Loss<f64>) -> Vec<Dataset<f64>> {
    let domain = loss.domain();
    let data = |&form: &TargetForm| {
        let shape = Shape::new(&[SAMPLES, WIDTH]);
        let (inputs, targets) = domain.draw(form, shape, &mut generator(4));
        let targets = match form.kind() {
            TargetKind::Classes => {
                let indices: Vec<u32> =
                    targets.values().iter().map(|&class| class as u32).collect();
                assert!((0..WIDTH as u32).all(|class| indices.contains(&class)), "{indices:?}");
                Targets::Classes { indices, classes: WIDTH }
            }
            TargetKind::Probabilities => Targets::Probabilities(targets),
            TargetKind::Labels => Targets::Labels(targets),
            TargetKind::Values if form == TargetForm::SampleSigns => {
                Targets::Values(targets.reshape([SAMPLES, 1]).unwrap())
            }
            TargetKind::Values => Targets::Values(targets),
        };
        Dataset::new(inputs, targets).unwrap()
    };
    domain.targets.iter().map(data).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-13 * a.abs().max(1.0)
}

fn trainer<'a>(model: &'a dyn Layer<f64>, loss: impl Loss<f64> + 'a) -> Trainer<'a, f64> {
    Trainer::new(model, loss, Sgd::new(0.01)).in_order()
}

/// Two epochs of one step each, whatever the batches.
fn trained(loss: &dyn Loss<f64>, data: &Dataset<f64>, batch_size: usize) -> (Vec<f64>, History) {
    let mut params = Factors.init(data.input_width(), 0).unwrap();
    let trainer = trainer(&Factors, loss).penalty(Penalty::l2(0.1)).epochs(2);
    let history = trainer
        .batch_size(batch_size)
        .accumulate(data.len().div_ceil(batch_size))
        .fit(&mut params, data, Some(data))
        .unwrap();
    (params.values().to_vec(), history)
}

#[test]
fn every_loss_is_that_of_one_batch_whatever_the_batches() {
    let mut seen = 0;
    for text in varied() {
        let loss = loss::by_name::<f64>(&text).unwrap();
        for data in data_for(&loss) {
            let params = Factors.init(data.input_width(), 0).unwrap();
            let mean = |batch_size| {
                let mut trainer = trainer(&Factors, &loss).batch_size(batch_size);
                trainer.evaluate(&params, &data).unwrap().loss
            };
            let (whole, (weights, history)) = (mean(SAMPLES), trained(&loss, &data, SAMPLES));
            assert_ne!(weights, params.values(), "{text}: nothing is learned");
            for batch_size in 1..SAMPLES {
                let what = format!("{text} with {:?} in batches of {batch_size}", loss.domain());
                let parts = mean(batch_size);
                assert!(near(whole, parts), "{what}: the loss is {parts}, not {whole}");
                let (steps, epochs) = trained(&loss, &data, batch_size);
                let same = weights.iter().zip(&steps).all(|(&a, &b)| near(a, b));
                assert!(same, "{what}: accumulated {steps:?}, at once {weights:?}");
                for (a, b) in history.epochs.iter().zip(&epochs.epochs) {
                    assert!(near(a.train.loss, b.train.loss), "{what}: {a:?} and {b:?}");
                    let [a, b] = [a, b].map(|epoch| epoch.validation.as_ref().unwrap().loss);
                    assert!(near(a, b), "{what}: validated as {b}, not {a}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

/// Seven samples of two classes.
fn seven(indices: [u32; 7]) -> Dataset<f64> {
    let rows =
        [[0.2, -0.1], [1.5, 0.3], [-0.7, 0.4], [2.0, -1.0], [0.1, 0.1], [-1.0, 1.0], [0.5, 0.6]];
    let targets = Targets::Classes { indices: indices.to_vec(), classes: 2 };
    Dataset::new(Tensor::from_rows(rows), targets).unwrap()
}

/// A linear layer that gives what it is given.
fn identity() -> (Sequential<f64>, Params<f64>) {
    let model = Sequential::double().linear(2, 2);
    let mut params = model.init([2], 0).unwrap();
    params.get_mut("0.weight").unwrap().copy_from_slice(&[1.0, 0.0, 0.0, 1.0]);
    params.get_mut("0.bias").unwrap().fill(0.0);
    (model, params)
}

fn weighted() -> CrossEntropy {
    CrossEntropy { weights: vec![1.0, 5.0], ..CrossEntropy }
}

fn ignoring(class: f64) -> CrossEntropy {
    CrossEntropy { ignore_index: Some(class), ..CrossEntropy }
}

#[test]
fn a_weighted_cross_entropy_is_that_of_pytorch_for_every_size_of_batch() {
    let (data, (model, params)) = (seven([0, 0, 0, 1, 0, 0, 1]), identity());
    for batch_size in 1..=8 {
        let loss = trainer(&model, weighted())
            .batch_size(batch_size)
            .evaluate(&params, &data)
            .unwrap()
            .loss;
        assert!((loss - 1.56600).abs() < 5e-6, "{loss} in batches of {batch_size}");
    }
}

/// Notes the progress, the shares of steps and the epochs.
#[derive(Debug, Default)]
struct Notes {
    batches: Vec<BatchEnd>,
    steps: Vec<u64>,
    weights: Vec<Vec<f64>>,
}

impl Callback<f64> for Notes {
    fn batch_end(&mut self, batch: &BatchEnd) {
        self.batches.push(*batch);
    }
    fn step_end(&mut self, step: &StepEnd<'_, f64>) {
        self.steps.push(step.step);
    }
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f64>) -> Flow {
        self.weights.push(epoch.params.values().to_vec());
        Flow::Continue
    }
}

#[test]
fn a_batch_of_ignored_samples_counts_nothing() {
    let (data, (model, start)) = (seven([0, 0, 1, 1, 0, 0, 1]), identity());
    let (mut params, mut notes) = (start.clone(), Notes::default());
    let trainer = trainer(&model, ignoring(0.0)).epochs(1).batch_size(2);
    let history = trainer.callback(&mut notes).fit(&mut params, &data, None).unwrap();
    let divisors: Vec<f64> = notes.batches.iter().map(|batch| batch.divisor).collect();
    assert_eq!((divisors, notes.steps), (vec![0.0, 2.0, 0.0, 1.0], vec![1, 2]));
    assert!(
        notes.batches[0].loss.is_nan() && notes.batches[1..].iter().all(|batch| batch.loss > 0.0)
    );
    assert_eq!(notes.batches[3].loss, history.epochs[0].train.loss);
    assert_eq!(notes.batches[1].loss, notes.batches[2].loss);
    // As if they were not there.
    let (mut without, rest) = (start.clone(), data.select(&[2, 3, 6]).unwrap());
    let mut same = self::trainer(&model, ignoring(0.0)).epochs(1).batch_size(2);
    let there = same.fit(&mut without, &rest, None).unwrap();
    assert_eq!(
        (params.values(), history.epochs[0].train.loss),
        (without.values(), there.epochs[0].train.loss)
    );
}

#[test]
fn a_group_of_ignored_batches_makes_no_step_and_one_among_others_adds_nothing() {
    let (data, (model, start)) = (seven([0, 0, 0, 1, 0, 0, 0]), identity());
    for (batch_size, accumulate, steps) in [(1, 2, 1), (1, 3, 1), (2, 2, 1), (1, 7, 1), (7, 1, 1)] {
        let (mut params, mut notes) = (start.clone(), Notes::default());
        let trainer = trainer(&model, ignoring(0.0)).epochs(1).batch_size(batch_size);
        let trainer = trainer.penalty(Penalty::l2(0.1)).accumulate(accumulate);
        trainer.callback(&mut notes).fit(&mut params, &data, None).unwrap();
        assert_eq!(notes.steps.len(), steps, "{batch_size} x {accumulate}");
        let (mut alone, only) = (start.clone(), data.select(&[3]).unwrap());
        let trainer = self::trainer(&model, ignoring(0.0)).penalty(Penalty::l2(0.1)).epochs(1);
        { trainer }.fit(&mut alone, &only, None).unwrap();
        assert_eq!(params.values(), alone.values(), "{batch_size} x {accumulate}");
    }
}

#[test]
fn running_statistics_are_of_batches_that_count() {
    let data = seven([0, 0, 1, 1, 0, 0, 1]);
    let model = Sequential::double().layer(BatchNorm::default()).linear(2, 2);
    let run = |data: &Dataset<f64>| {
        let mut params = model.init([2], 0).unwrap();
        trainer(&model, ignoring(0.0))
            .epochs(1)
            .batch_size(2)
            .fit(&mut params, data, None)
            .unwrap();
        params.statistic_values().to_vec()
    };
    let pairs = data.select(&[0, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!(run(&pairs), run(&data.select(&[2, 3]).unwrap()));
}

#[test]
fn data_of_which_nothing_counts_are_refused_before_the_first_step() {
    let (all, some) = (seven([0; 7]), seven([0, 1, 0, 0, 0, 0, 0]));
    let (model, start) = identity();
    let text = |what| {
        format!(
            "no sample of the {what} data counts in the loss `cross_entropy`: each of the 7 is \
             ignored, or has a \
             weight or a mask of 0; look at the settings of the loss and at the targets"
        )
    };
    let zero = CrossEntropy { weights: vec![0.0, 1.0], ..CrossEntropy };
    for loss in [ignoring(0.0), zero] {
        let mut params = start.clone();
        let mut fit =
            |train, validation| trainer(&model, &loss).fit(&mut params, train, validation);
        assert_eq!(fit(&all, Some(&some)).unwrap_err().to_string(), text("training"));
        assert_eq!(fit(&some, Some(&all)).unwrap_err().to_string(), text("validation"));
        assert_eq!(params.values(), start.values());
        let error = Lbfgs::new(3).fit(&model, &loss, &mut start.clone(), &all).unwrap_err();
        assert_eq!(error.to_string(), text("training"));
        let error = trainer(&model, &loss).evaluate(&start, &all).unwrap_err();
        assert_eq!(error.to_string(), text("given"));
        let test = RangeTest { batches: 3, ..RangeTest::default() };
        let error = trainer(&model, &loss).range_test(&start, &all, &test).unwrap_err();
        assert_eq!(error.to_string(), text("training"));
        // One sample among seven batches: each of the test's batches is one that counts.
        let report = trainer(&model, &loss).batch_size(1).range_test(&start, &some, &test).unwrap();
        assert!(report.losses.len() == 3 && report.losses.iter().all(|loss| loss.is_finite()));
    }
}

/// The squared error where the second half of a target is 1.
fn masked<'g>(prediction: Var<'g, f64>, target: Var<'g, f64>) -> Var<'g, f64> {
    (prediction - target.slice(1, 0..1)).square() * target.slice(1, 1..2)
}

#[test]
fn a_loss_of_ones_own_states_its_divisor() {
    let inputs = Tensor::from_rows([[1.0], [2.0], [3.0], [4.0], [5.0]]);
    let targets = [[0.5, 1.0], [9.0, 0.0], [1.0, 1.0], [9.0, 0.0], [-1.0, 1.0]];
    let data = Dataset::new(inputs, Targets::Values(Tensor::from_rows(targets))).unwrap();
    let loss = CustomLoss::new("masked", masked);
    let known = loss.divided_by(|target: Var<'_, f64>| target.slice(1, 1..2).sum(..));
    let params = Factors.init([1], 0).unwrap();
    for batch_size in 1..=5 {
        let mut trainer = trainer(&Factors, &known).batch_size(batch_size);
        let loss = trainer.evaluate(&params, &data).unwrap().loss;
        assert!(near(loss, (0.25 + 4.0 + 36.0) / 3.0), "{loss} in batches of {batch_size}");
        let (weights, _) = trained(&known, &data, batch_size);
        assert!(near(weights[0], trained(&known, &data, 5).0[0]), "{weights:?}");
    }
    // Without one it is a mean over all values, for every size of batch as well.
    let plain = CustomLoss::new("masked", masked);
    for batch_size in 1..=5 {
        let loss =
            trainer(&Factors, &plain).batch_size(batch_size).evaluate(&params, &data).unwrap().loss;
        assert!(near(loss, (0.25 + 4.0 + 36.0) / 5.0), "{loss} in batches of {batch_size}");
    }
}

#[test]
fn a_divisor_that_is_no_count_is_refused() {
    let data = Dataset::new(Tensor::ones([2, 1]), Targets::Values(Tensor::ones([2, 1]))).unwrap();
    let refused = |divisor: fn(Var<'_, f64>) -> Var<'_, f64>| {
        let loss = CustomLoss::new("own", |p: Var<'_, f64>, t| p - t).divided_by(divisor);
        let mut params = Factors.init([1], 0).unwrap();
        let error = trainer(&Factors, &loss).fit(&mut params, &data, None).unwrap_err();
        assert!(trainer(&Factors, &loss).evaluate(&params, &data).is_err());
        error
    };
    let error = refused(|target| -target.sum(..));
    assert!(matches!(error, TrainError::Divisor { divisor: -2.0, .. }), "{error:?}");
    let text = "the loss `own` divides the mean of a batch by -2, which must be finite and not \
                negative: a sum of \
                weights or the number of values that count";
    assert_eq!(error.to_string(), text);
    let error = refused(|target| target.sum(..) / 0.0);
    assert!(matches!(error, TrainError::Divisor { .. }), "{error:?}");
    assert!(refused(|target| target).to_string().contains("[2, 1]"));
}

#[test]
fn metrics_leave_out_what_the_loss_ignores() {
    // Right where the class is 1 or 2; wrong for class 0, which is ignored.
    let rows =
        [[0.0, 9.0, 1.0], [0.0, 9.0, 1.0], [0.0, 1.0, 9.0], [0.0, 9.0, 1.0], [0.0, 9.0, 1.0]];
    let targets = Targets::Classes { indices: vec![0, 1, 2, 0, 2], classes: 3 };
    let data = Dataset::new(Tensor::from_rows(rows), targets).unwrap();
    let params = Factors.init([3], 0).unwrap();
    for batch_size in 1..=5 {
        let accuracy = |loss: CrossEntropy| {
            let mut matrix = ConfusionMatrix::default();
            let trainer = trainer(&Factors, loss).batch_size(batch_size).metric(Accuracy::new());
            let scores = trainer.metric(&mut matrix).evaluate(&params, &data).unwrap();
            (scores.metric("accuracy").unwrap(), matrix.samples())
        };
        assert_eq!(accuracy(CrossEntropy), (2.0 / 5.0, 5), "batches of {batch_size}");
        assert_eq!(accuracy(ignoring(0.0)), (2.0 / 3.0, 3), "batches of {batch_size}");
        assert_eq!(accuracy(ignoring(2.0)), (1.0 / 3.0, 3), "batches of {batch_size}");
    }
}

#[test]
fn what_watches_the_loss_sees_the_same_for_every_size_of_batch() {
    let data = seven([0, 0, 0, 1, 0, 0, 1]);
    let run = |batch_size: usize| {
        let (model, mut params) = identity();
        let (mut stopping, mut best) =
            (EarlyStopping::new(Monitor::loss(), 2), BestWeights::new(Monitor::loss()));
        let mut notes = Notes::default();
        // A step of no length: all epochs are the same.
        let trainer = Trainer::new(&model, weighted(), Sgd::new(0.0)).in_order().epochs(9);
        let trainer = trainer.batch_size(batch_size).reduce_on_plateau(
            ReduceOnPlateau { patience: 0, epsilon: 0.0, ..ReduceOnPlateau::default() },
            Monitor::loss(),
        );
        let trainer = trainer.callback(&mut stopping).callback(&mut best).callback(&mut notes);
        let history = { trainer }.fit(&mut params, &data, None).unwrap();
        let last = notes.batches.last().unwrap().loss;
        assert!(near(last, history.last().unwrap().train.loss));
        let (epoch, value) = best.best().unwrap();
        assert!(near(value, last));
        (epoch, stopping.stopped_after(), history.epochs.len(), (last * 1e12).round())
    };
    let whole = run(7);
    assert_eq!((whole.0, whole.1), (1, Some(3)));
    for batch_size in 1..7 {
        assert_eq!(run(batch_size), whole, "batches of {batch_size}");
    }
}
