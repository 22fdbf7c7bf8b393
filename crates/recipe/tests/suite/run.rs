//! Recipes that run: the same bits as a trainer set up by hand, and networks that come back whole.

use chainrule_checkpoint as checkpoint;
use chainrule_data::{Dataset, Digits, StandardScaler, Targets};
use chainrule_nn::loss::CrossEntropy;
use chainrule_nn::{Linear, Model, Sequential, init, layer};
use chainrule_recipe::{Change, Network, Recipe, Scaling, compare};
use chainrule_tensor::random::generator;
use chainrule_tensor::{Real, Tensor};
use chainrule_train::callback::{BestWeights, Monitor};
use chainrule_train::metric::Accuracy;
use chainrule_train::optimizer::{Adam, Sgd};
use chainrule_train::schedule::{Cosine, Interval};
use chainrule_train::{ClipNorm, EpochRecord, Group, MaxNorm, Penalty, StopReason, Trainer};

fn digits<T: Real>() -> (Dataset<T>, Dataset<T>) {
    Digits::load().unwrap().dataset().split_stratified(0.2, 0).unwrap()
}

fn losses(epochs: &[EpochRecord]) -> Vec<[u64; 2]> {
    let of = |epoch: &EpochRecord| {
        [epoch.train.loss, epoch.validation.as_ref().unwrap().loss].map(f64::to_bits)
    };
    epochs.iter().map(of).collect()
}

/// The short form, with He's rule for ReLU.
fn short_form<T: Real>() {
    let (train, test) = digits::<T>();
    let he = || init::He::normal().gain(2.0_f64.sqrt());
    let model = Sequential::<T>::default()
        .layer(Linear::new(64, 24).weight_init(he()).bias_init(0.0))
        .relu()
        .layer(Linear::new(24, 10).weight_init(init::Glorot::uniform()).bias_init(0.0));
    let mut params = model.init([64], 3).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01)).epochs(2).seed(3);
    let history = trainer.fit(&mut params, &train, Some(&test)).unwrap();

    let recipe = "hidden = [24]\nlearning_rate = 0.01\nepochs = 2\nseed = 3";
    let run = Recipe::from_toml(recipe).unwrap().run(&train, Some(&test), &mut []).unwrap();
    assert_eq!(losses(&run.epochs), losses(&history.epochs));
    assert_eq!(run.network.params().values(), params.values());
    assert_eq!(run.end.unwrap(), StopReason::Finished);
    assert!(run.scores.unwrap().loss < 0.5);
}

#[test]
fn a_recipe_gives_the_bits_of_a_trainer_set_up_by_hand() {
    short_form::<f32>();
    short_form::<f64>();
}

#[test]
fn all_that_a_recipe_says_reaches_the_trainer() {
    let (train, test) = digits::<f32>();
    let text = "sequential[linear(outputs=16), batch_norm, tanh, linear(outputs=10)]";
    let model = layer::by_name::<f32>(text).unwrap();
    let mut params = model.init([64], 1).unwrap();
    params.draw("0.weight", &init::Orthogonal::default(), 1).unwrap();
    let mut best = BestWeights::new(Monitor::highest("accuracy"));
    let history = Trainer::new(&*model, CrossEntropy, Sgd::new(0.3).momentum(0.9))
        .epochs(3)
        .batch_size(20)
        .accumulate(2)
        .seed(1)
        .in_order()
        .schedule(Cosine::new(90))
        .schedule_by(Interval::Step)
        .groups([Group::new("*.bias").learning_rate(2.0)])
        .penalty(Penalty::l2(1e-3).on("*.weight"))
        .constraint("3.weight", MaxNorm { max_norm: 1.0 })
        .rule(ClipNorm { max_norm: 0.5 })
        .metric(Accuracy::new())
        .callback(&mut best)
        .fit(&mut params, &train, Some(&test))
        .unwrap();

    let recipe = Recipe::from_toml(&format!(
        "layers = '{text}'
         initialisers = ['0.weight: orthogonal']
         optimizer = 'sgd(momentum=0.9)'
         learning_rate = 0.3
         epochs = 3
         batch_size = 20
         accumulate = 2
         seed = 1
         shuffle = false
         schedule = 'cosine(total=90)'
         schedule_by = 'step'
         groups = ['group(on=*.bias, learning_rate=2)']
         penalties = ['penalty(l2=1e-3, on=*.weight)']
         constraints = ['3.weight: max_norm(max_norm=1)']
         clip_norm = 0.5
         metrics = ['accuracy']
         best_weights = true
         monitor = 'highest accuracy'"
    ))
    .unwrap();
    let run = recipe.run(&train, Some(&test), &mut []).unwrap();
    assert_eq!(losses(&run.epochs), losses(&history.epochs));
    assert_eq!(run.network.params().values(), params.values());
    assert_eq!(run.best, best.best());
    assert_eq!(run.recipe(), &recipe);
    // Each key of the recipe moves the weights, but for those that only measure.
    let text = recipe.to_toml();
    let mut tried = 0;
    for left_out in text.lines().filter(|line| !line.starts_with("metrics")) {
        let without = text.replace(&format!("{left_out}\n"), "");
        // What is watched is only of use where something watches.
        let Ok(without) = Recipe::from_toml(&without) else { continue };
        if without == recipe || without.layers.is_none() {
            continue;
        }
        let other = without.run(&train, Some(&test), &mut []).unwrap();
        assert_ne!(other.network.params().values(), params.values(), "{left_out}");
        tried += 1;
    }
    assert_eq!(tried, 15);
}

/// Values on a plane, with a constant column between; targets far from 0 and 1.
fn plane<T: Real>(samples: usize) -> Dataset<T> {
    let x: Tensor<f64> = Tensor::normal([samples, 2], 5.0, 3.0, &mut generator(1)).unwrap();
    let rows = (0..samples).map(|i| (x.row(i)[0], x.row(i)[1]));
    let inputs: Vec<T> =
        rows.clone().flat_map(|(a, b)| [a, 7.0, 100.0 * b].map(T::from_f64)).collect();
    let targets: Vec<T> = rows.map(|(a, b)| T::from_f64(1000.0 + 20.0 * a - 30.0 * b)).collect();
    let targets = Targets::Values(Tensor::new([samples, 1], targets).unwrap());
    Dataset::new(Tensor::new([samples, 3], inputs).unwrap(), targets).unwrap()
}

/// A network on scaled data predicts on raw ones, before and after it was saved.
fn scaled_network_comes_back<T: Real>(scaling: Scaling) {
    let data = plane::<T>(200);
    let recipe = Recipe {
        hidden: vec![],
        loss: "mse".to_owned(),
        learning_rate: Some(0.05),
        epochs: 60,
        metrics: vec!["r2".to_owned()],
        scale_inputs: scaling,
        scale_targets: scaling,
        drop_constant_inputs: true,
        ..Recipe::default()
    };
    let run = recipe.run(&data, Some(&data), &mut []).unwrap();
    assert_eq!(run.network.params().get("0.weight").unwrap().shape(), [2, 1].into());
    assert!(run.scores.unwrap().metric("r2").unwrap() > 0.99);
    let answers = run.network.predict(data.inputs()).unwrap();
    let Targets::Values(targets) = data.targets() else { panic!() };
    for (answer, target) in answers.values().iter().zip(targets.values()) {
        assert!((answer.to_f64() - target.to_f64()).abs() < 40.0, "{answer:?} {target:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plane.safetensors");
    run.network.save(&path).unwrap();
    let network = Network::<T>::load(&path).unwrap();
    assert_eq!(network.recipe(), &recipe);
    assert_eq!(network.predict(data.inputs()).unwrap().values(), answers.values());
    assert_eq!(network.preprocessing(), run.network.preprocessing());
    let mut predictor = network.predictor();
    for row in 0..data.len() {
        let sample = data.inputs().view().slice_rows(row..row + 1).unwrap();
        let answer = predictor.predict(sample).unwrap().to_tensor();
        assert_eq!(answer, network.predict(&sample.to_tensor()).unwrap());
    }
    assert_eq!(predictor.plans(), 1);
    let error = network.predict(&Tensor::<T>::zeros([2, 2])).unwrap_err().to_string();
    assert!(error.contains('3') && error.contains('2'), "{error}");
}

#[test]
fn networks_on_scaled_data_come_back_and_answer_in_the_units_of_the_data() {
    for scaling in [Scaling::Standard, Scaling::MinMax] {
        scaled_network_comes_back::<f32>(scaling);
        scaled_network_comes_back::<f64>(scaling);
    }
}

#[test]
fn scaled_data_are_those_of_the_scaler() {
    let data = plane::<f64>(50);
    let recipe =
        Recipe { loss: "mse".to_owned(), scale_inputs: Scaling::Standard, ..Recipe::default() };
    let prepared = recipe.prepare(&data, None).unwrap();
    let (_, expected) = StandardScaler::fit_transform(data.inputs()).unwrap();
    assert_eq!(prepared.train().inputs(), &expected);
}

/// Every layer of the list comes back from a file, with what it remembers.
#[test]
fn networks_of_every_layer_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = plane::<f64>(40);
    for entry in layer::all::<f64>() {
        let (kind, path) = (entry.kind(), folder.path().join(entry.kind()));
        let inner = match kind {
            "sequential" | "parallel" => format!("{kind}[linear(outputs=2), layer_norm]"),
            "residual" => "residual[linear(outputs=3), tanh]".to_owned(),
            // Those need indices, and two inputs side by side.
            "embedding" | "embed_columns" => continue,
            "bilinear" => "bilinear(first=1, second=2, outputs=2)".to_owned(),
            kind => kind.to_owned(),
        };
        let layers = Some(format!("sequential[{inner}, linear(outputs=1)]"));
        let scale_inputs = Scaling::Standard;
        let of =
            Recipe { layers, epochs: 1, loss: "mse".to_owned(), scale_inputs, ..Recipe::default() };
        let run = match of.run(&data, None, &mut []) {
            Ok(run) => run,
            Err(error) => panic!("{inner}: {error}"),
        };
        run.network.save(&path).unwrap();
        let network = Network::<f64>::load(&path).unwrap();
        let [before, after] =
            [&run.network, &network].map(|net| net.predict(data.inputs()).unwrap());
        assert_eq!(before, after, "{inner}");
        assert!(before.values().iter().all(|x| x.is_finite()), "{inner}");
    }
}

#[test]
fn classes_have_names_and_probabilities() {
    let (train, test) = digits::<f32>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net");
    let names: Vec<String> = (0..10).map(|digit| format!("the \"{digit}\"")).collect();
    for loss in ["cross_entropy", "mse", "softmax_focal"] {
        let recipe =
            Recipe { epochs: 8, loss: loss.to_owned(), seed: u64::MAX, ..Recipe::default() };
        let run = recipe.run(&train, None, &mut []).unwrap();
        run.network.with_class_names(names.clone()).save(&path).unwrap();
        let network = Network::<f32>::load(&path).unwrap();
        assert_eq!(network.class_names(), names);
        let Targets::Classes { indices, .. } = test.targets() else { panic!() };
        let classes = network.classes(test.inputs()).unwrap();
        let right = classes.iter().zip(indices).filter(|(a, b)| **a == **b as usize).count();
        assert!(right as f64 > 0.85 * test.len() as f64, "{loss}: {right}");
        match network.probabilities(test.inputs()) {
            Ok(chances) => {
                let sum: f32 = chances.row(0).iter().sum();
                assert!((sum - 1.0).abs() < 1e-5 && loss != "mse", "{loss}: {sum}");
            }
            Err(error) => assert!(loss == "mse" && error.to_string().contains("take `predict`")),
        }
    }
}

#[test]
fn files_that_do_not_say_how_to_use_them_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let network = Recipe::default();
    let (train, _) = digits::<f32>();
    let prepared = network.prepare(&train, None).unwrap();
    let text = prepared.network().description();
    let load = |description: &str| {
        checkpoint::save(prepared.network().params(), &path, description).unwrap();
        Network::<f32>::load(&path).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(load(&text), Ok(()));
    let named = |error: Result<(), String>, part: &str| {
        let error = error.unwrap_err();
        assert!(error.contains("net.safetensors") && error.contains(part), "{error}");
    };
    named(load("a network of mine"), "line 1");
    named(load("seed = 1"), "lacks the shape of a sample");
    named(load(&text.replace("[fitted]\n", "[fitted]\nfeatures = 3\n")), "no key `features`");
    named(load(&text.replace("format = 1", "format = 2")), "must be 1");
    named(load(&text.replace("hidden = [32, 32]", "hidden = [32, 31]")), "does not fit the model");
    named(
        load(&text.replace("scale_inputs = \"none\"", "scale_inputs = \"standard\"")),
        "input_offset",
    );
    let huge = format!("hidden = [{0}, {0}]", i64::MAX);
    assert!(load(&text.replace("hidden = [32, 32]", &huge)).is_err());
    let huge = format!("sample = [{0}, {0}]", i64::MAX);
    assert!(load(&text.replace("sample = [64]", &huge)).is_err());
}

#[test]
fn class_weights_make_classes_count_the_same() {
    let recipe = Recipe { class_weights: true, ..Recipe::default() };
    let loss = format!("{:?}", recipe.loss::<f32>(Some(&[6, 2, 0])).unwrap());
    assert!(loss.contains("[0.6666666666666666, 2.0, 1.0]"), "{loss}");
}

/// Kind: names that do nothing. Values of a recipe that cannot act on targets of another kind.
#[test]
fn what_cannot_act_on_the_targets_is_refused_before_training() {
    let values = plane::<f32>(8);
    let weighted = Recipe { class_weights: true, ..Recipe::default() };
    let scaled = Recipe { scale_targets: Scaling::Standard, ..Recipe::default() };
    for (recipe, data, expected) in [
        (weighted, &values, "`class_weights`: the targets are no classes"),
        (scaled, &digits::<f32>().0, "`scale_targets`: there are no targets that are numbers"),
    ] {
        let error = recipe.prepare(data, None).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn patterns_of_no_parameter_are_refused_before_training() {
    let (train, _) = digits::<f32>();
    for key in ["groups", "penalties", "constraints", "initialisers"] {
        let value = match key {
            "groups" => "group(on=9.*, frozen=true)",
            "penalties" => "penalty(l2=1, on=9.*)",
            "constraints" => "9.*: unit_norm",
            _ => "9.*: orthogonal",
        };
        let recipe = Change::set(key, format!("[{value}]")).apply(&Recipe::default());
        let error = recipe.unwrap().unwrap().run(&train, None, &mut []).unwrap_err().to_string();
        assert!(error.contains("no parameter has a name like `9.*`"), "{key}: {error}");
    }
}

/// Three classes by the angle of a point of the plane.
fn angles(samples: usize, seed: u64) -> Dataset<f64> {
    let inputs = Tensor::normal([samples, 2], 0.0, 1.0, &mut generator(seed)).unwrap();
    let class = |row: &[f64]| if row[1] > row[0].abs() { 0 } else { 1 + u32::from(row[0] > 0.0) };
    let indices = (0..samples).map(|i| class(inputs.row(i))).collect();
    Dataset::new(inputs, Targets::Classes { indices, classes: 3 }).unwrap()
}

fn small() -> Recipe {
    Recipe {
        hidden: vec![8, 8],
        init: "he_normal".to_owned(),
        optimizer: "sgd".to_owned(),
        learning_rate: Some(0.1),
        epochs: 3,
        ..Recipe::default()
    }
}

#[test]
fn nothing_but_the_change_differs() {
    let changes =
        ["activation=relu", "activation=tanh", "seed=1"].map(|text| text.parse().unwrap());
    let variants = compare(&small(), &changes, &angles(90, 0), &angles(30, 1)).unwrap().variants;
    let losses = |run: usize| losses(&variants[run].epochs);
    // A knob turned to where it was changes no bit.
    assert_eq!(losses(0), losses(1));
    assert_ne!(losses(0), losses(2));
    assert_ne!(losses(0), losses(3));
    // Weights are the same under another activation; under another seed the biases alone.
    assert_eq!([variants[0].weights, variants[2].same_weights], [(3 * 8) + 9 * 8 + 9 * 3; 2]);
    assert_eq!(variants[3].same_weights, 8 + 8 + 3);
    assert_eq!(variants[2].recipe, Recipe { activation: "tanh".to_owned(), ..small() });
}

#[test]
fn a_learned_slope_is_one_parameter_more_and_moves_no_other() {
    let changes = [Change::set("activation", "prelu")];
    let variants = compare(&small(), &changes, &angles(60, 0), &angles(30, 1)).unwrap().variants;
    assert_eq!(
        (variants[1].weights, variants[1].same_weights),
        (variants[0].weights + 2, variants[0].weights)
    );
}

#[test]
fn another_depth_has_nearly_as_many_parameters() {
    for (depth, wide) in [(1, true), (4, false), (12, false)] {
        let recipe = Recipe { hidden: vec![64, 64], epochs: 1, ..small() };
        let changes = [Change::depth(&recipe, depth, 2, 3)];
        let variants = compare(&recipe, &changes, &angles(40, 0), &angles(9, 1)).unwrap().variants;
        let (before, after) = (variants[0].weights as f64, variants[1].weights as f64);
        let hidden = &variants[1].recipe.hidden;
        assert_eq!((hidden.len(), hidden[0] > 64), (depth, wide));
        // One unit more or less changes a narrow deep model by some percent.
        assert!((after / before - 1.0).abs() < 0.1, "depth {depth}: {after}, not {before}");
    }
}

#[test]
fn losses_without_indices_get_rows_and_accuracy_is_comparable() {
    let changes = [Change::set("loss", "mse"), Change::set("init", "glorot_uniform")];
    let recipe = Recipe { epochs: 20, ..small() };
    let comparison = compare(&recipe, &changes, &angles(200, 0), &angles(100, 1)).unwrap();
    assert!(comparison.variants.iter().all(|run| run.accuracy().unwrap() > 0.8), "{comparison}");
    let text = comparison.to_string();
    assert!(text.contains("unchanged    loss=mse  init=glorot_uniform"), "{text}");
}

#[test]
fn a_training_that_explodes_is_an_outcome_with_the_epochs_before() {
    let changes = [Change::set("learning_rate", 1e200)];
    let comparison = compare(&small(), &changes, &angles(320, 0), &angles(30, 1)).unwrap();
    let failed = comparison.variants[1].failed.as_ref().unwrap();
    assert!(failed.contains("became") && comparison.variants[1].epochs.len() < 3, "{failed}");
    assert!(comparison.to_string().contains(": the "), "{comparison}");
    assert_eq!(comparison.variants[0].failed, None);
}

#[test]
fn losses_of_two_outputs_for_each_target_get_them() {
    let data = plane::<f64>(60);
    let scaling = Scaling::Standard;
    let loss = "gaussian_nll".to_owned();
    let recipe =
        Recipe { loss, scale_inputs: scaling, scale_targets: scaling, ..Recipe::default() };
    let prepared = recipe.prepare(&data, None).unwrap();
    assert_eq!(prepared.network().params().get("4.weight").unwrap().shape(), [32, 2].into());
}
