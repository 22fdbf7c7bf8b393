//! The content of the figures, and which there are for which model.

use crate::common;

use chainrule_data::{Dataset, Targets};
use chainrule_insight::{Evidence, Instruments, Recording};
use chainrule_nn::activation::LeakyRelu;
use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy};
use chainrule_nn::{Embedding, Loss, Model, Residual, Sequential};
use chainrule_plot::{Figure, Theme, Unit};
use chainrule_report::{Material, figure};
use chainrule_tensor::Tensor;
use chainrule_train::Trainer;
use chainrule_train::optimizer::Sgd;
use common::{digits, regression, signs};

fn titles(run: &Material<'_>) -> Vec<String> {
    run.figures().unwrap().iter().map(|figure| figure.title().to_owned()).collect()
}

#[test]
fn a_classifier_of_pictures_has_all_but_the_decisions() {
    let trained = digits(4);
    assert_eq!(
        titles(&trained.run()),
        [
            "Loss by epoch",
            "Accuracy by epoch",
            "Update-to-weight ratios",
            "Confusion over 360 samples",
            &figure::pictures(&trained.run()).unwrap().unwrap().title,
            "Gradients by layer and step",
            "Activations",
            "Dead and saturated units over 360 samples",
            "First-layer weights, 0.weight",
            "Loss around the trained weights",
            "Activations and their derivatives",
            "The graph for 32 samples",
        ]
    );
    for figure in trained.run().figures().unwrap() {
        figure.check().unwrap_or_else(|reason| panic!("{}: {reason}", figure.title()));
    }
}

#[test]
fn the_numbers_are_those_of_the_training() {
    let trained = digits(4);
    let (run, history) = (trained.run(), trained.recording.history.as_ref().unwrap());
    let losses = figure::losses(&trained.recording).unwrap();
    let expected: Vec<(f64, f64)> =
        history.epochs.iter().map(|record| (record.epoch as f64, record.train.loss)).collect();
    assert_eq!(
        (losses.series[0].points.clone(), losses.series[1].label.as_str()),
        (expected, "validation")
    );
    let accuracy = history.last().unwrap().validation.as_ref().unwrap().metric("accuracy").unwrap();
    assert_eq!(figure::metrics(&trained.recording)[0].series[1].points[3], (4.0, accuracy));

    // The test data are the validation data here.
    let confusion = figure::confusion(&run).unwrap().unwrap();
    let right: u64 = (0..10).map(|class| confusion.counts[class][class]).sum();
    let all: u64 = confusion.counts.iter().flatten().sum();
    assert_eq!((all, right), (360, (accuracy * 360.0).round() as u64));

    let pictures = figure::pictures(&run).unwrap().unwrap();
    assert_eq!(pictures.title, format!("Samples with predictions, {} of 360 wrong", 360 - right));
    let wrong =
        |at: usize| pictures.digits[at].actual.as_ref() != Some(&pictures.digits[at].predicted);
    let shown = (360 - right as usize).min(20);
    assert_eq!(pictures.digits.len(), 30);
    assert!((0..shown).all(wrong) && !(shown..30).any(wrong));
    let pixels: Vec<f64> = trained.test.inputs().values().iter().map(|&x| f64::from(x)).collect();
    assert!(
        pictures.digits.iter().all(|digit| pixels.chunks(64).any(|image| image == digit.pixels))
    );

    let flow = figure::gradient_flow(&trained.recording).unwrap();
    assert_eq!(flow.layers, ["0 relu", "2 tanh", "4"]);
    let first =
        trained.recording.log.records[0].layers[0].pre_activation_gradients.as_ref().unwrap();
    assert_eq!((flow.steps[0], flow.norms[0][0]), (1.0, first.norm));

    let ridge = figure::activations(&trained.recording).unwrap();
    assert_eq!(ridge.rows.len(), 6);
    assert_eq!(ridge.rows[0].label, "0 relu, step 1");
    assert_eq!(ridge.rows[0].counts.iter().sum::<f64>(), 32.0 * 32.0);

    let weights = figure::weights(&run).unwrap();
    let matrix = trained.params.get("0.weight").unwrap();
    assert_eq!((weights.units.len(), weights.units[5][9]), (32, f64::from(matrix.at(&[9, 5]))));
    assert_eq!(figure::functions(&run).unwrap().unwrap().functions.len(), 2);
    let drawing = figure::graph(&run).unwrap().unwrap();
    let names: Vec<&str> = drawing.nodes.iter().map(|node| node.label.as_str()).collect();
    assert!(
        names.contains(&"affine") && names.iter().any(|name| name.contains("cross_entropy")),
        "{names:?}"
    );
}

/// Kind "losses over batches" (pytorch#61309): what the loss ignores is no mistake of the
/// classifier.
#[test]
fn samples_that_the_loss_ignores_are_in_no_row_of_the_confusion() {
    let recording = Recording::default();
    let model = Sequential::new().linear(2, 3);
    let params = model.init([2], 0).unwrap();
    let targets = Targets::Classes { indices: vec![0, 1, 2, 2, 1, 2, 0, 2], classes: 3 };
    let data = Dataset::new(Tensor::from_fn([8, 2], |i| (i as f32).sin()), targets).unwrap();
    let loss = CrossEntropy { ignore_index: Some(2.0), ..CrossEntropy };
    for (loss, rows) in [(&loss as &dyn Loss, [2, 2, 0]), (&CrossEntropy, [2, 2, 4])] {
        let known = Evidence::new().model(&model).params(&params).loss(loss).data(&data);
        let run = Material::new("ignored", &recording).evidence(known);
        let confusion = figure::confusion(&run).unwrap().unwrap();
        let counted: Vec<u64> = confusion.counts.iter().map(|row| row.iter().sum()).collect();
        assert_eq!(counted, rows);
        let title = format!("Confusion over {} samples", rows.iter().sum::<u64>());
        assert_eq!(confusion.title, title);
    }
}

#[test]
fn the_landscape_is_lowest_where_it_was_trained_and_always_the_same() {
    let trained = digits(4);
    let landscape = || figure::landscape(&trained.run()).unwrap().unwrap();
    let losses = landscape().losses;
    assert_eq!((losses.len(), landscape().losses.clone()), (25 * 25, losses.clone()));
    // The middle is the loss of the trained weights over the same samples.
    let middle = losses[12 * 25 + 12];
    let first = trained.test.select(&(0..256).collect::<Vec<_>>()).unwrap();
    let trainer = Trainer::new(&trained.model, trained.loss.as_ref(), Sgd::new(0.1));
    let expected = trainer.batch_size(256).evaluate(&trained.params, &first).unwrap().loss;
    assert_eq!(middle, expected);
    let corners = [0, 24, 24 * 25, 24 * 25 + 24].map(|corner| losses[corner]);
    assert!(corners.iter().all(|corner| *corner > 2.0 * middle), "{middle} {corners:?}");
}

#[test]
fn dead_and_saturated_units_are_told_apart() {
    let mut trained = digits(1);
    trained.params.get_mut("0.bias").unwrap()[3] = -1e6;
    trained.params.get_mut("2.bias").unwrap()[7] = 1e6;
    let map = figure::units(&trained.run()).unwrap().unwrap();
    let states =
        |layer: usize| map.layers[layer].units.iter().filter(|unit| **unit != Unit::Alive).count();
    assert_eq!((map.layers[0].label.as_str(), map.layers[0].units[3]), ("0 relu", Unit::Dead));
    assert_eq!((map.layers[1].label.as_str(), map.layers[1].units[7]), ("2 tanh", Unit::Saturated));
    assert!(states(0) < 16 && states(1) < 8, "the others are alive: {map:?}");
}

#[test]
fn two_inputs_make_a_plane_of_decisions() {
    for (trained, classes) in [(signs(false), 2), (signs(true), 2)] {
        let surface = figure::decision(&trained.run()).unwrap().unwrap();
        assert_eq!(
            (surface.classes.len(), surface.cells.len(), surface.points.len()),
            (classes, 10_000, 64)
        );
        // Three quarters of the way to the upper right both have the same sign.
        let at = |x: usize, y: usize| surface.cells[y * 100 + x];
        assert_eq!(
            [at(75, 75), at(25, 25), at(75, 25), at(25, 75)].map(|(class, _)| class),
            [1, 1, 0, 0]
        );
        assert!(surface.cells.iter().all(|(_, certainty)| (0.5..=1.0).contains(certainty)));
        let confusion = figure::confusion(&trained.run()).unwrap().unwrap();
        assert!(confusion.counts[0][0] + confusion.counts[1][1] > 55, "{confusion:?}");
        assert!(
            figure::pictures(&trained.run()).unwrap().is_none()
                && figure::weights(&trained.run()).is_none()
        );
    }
    // Without the loss, a single output says nothing of classes.
    let trained = signs(true);
    let run = trained.run();
    let run = Material { evidence: Evidence { loss: None, ..run.evidence }, ..run };
    assert!(
        figure::decision(&run).unwrap().is_none() && figure::confusion(&run).unwrap().is_none()
    );
}

#[test]
fn a_regression_has_no_answers_to_show() {
    let trained = regression();
    let shown = titles(&trained.run());
    assert!(
        !shown.iter().any(|title| title.contains("Confusion") || title.contains("Decisions")),
        "{shown:?}"
    );
    assert!(shown.iter().any(|title| title.contains("Loss around")), "{shown:?}");
}

#[test]
fn a_recording_alone_tells_of_the_training_and_nothing_tells_nothing() {
    let trained = digits(2);
    assert_eq!(
        titles(&Material::new("Digits", &trained.recording)),
        [
            "Loss by epoch",
            "Accuracy by epoch",
            "Update-to-weight ratios",
            "Gradients by layer and step",
            "Activations",
            "Dead and saturated units over steps 81 to 89",
            "Activations and their derivatives",
        ]
    );
    let nothing = Recording::default();
    assert!(titles(&Material::new("Nothing", &nothing)).is_empty());
    assert!(
        Material::<f32>::new("Nothing", &nothing)
            .report()
            .unwrap()
            .html()
            .contains("Nothing was found")
    );
}

#[test]
fn activations_are_drawn_with_the_settings_that_the_model_has() {
    let trained = signs(false);
    let model = Sequential::new()
        .linear(2, 4)
        .layer(LeakyRelu { slope: 0.5 })
        .linear(4, 4)
        .tanh()
        .linear(4, 2);
    let params = model.init([2], 0).unwrap();
    let run = trained.run();
    let run = Material { evidence: run.evidence.model(&model).params(&params), ..run };
    let functions = figure::functions(&run).unwrap().unwrap().functions;
    assert_eq!(
        functions.iter().map(|f| f.label.as_str()).collect::<Vec<_>>(),
        ["leaky_relu", "tanh"]
    );
    // At -5.
    assert_eq!((functions[0].values[0], functions[0].derivatives[0]), (-2.5, 0.5));
}

#[test]
fn what_does_not_fit_together_is_an_error() {
    let trained = digits(1);
    let other = Sequential::new().linear(2, 2);
    let run = trained.run();
    let run = Material { evidence: run.evidence.model(&other), ..run };
    let message = run.report().unwrap_err().to_string();
    assert!(message.contains("64"), "{message}");
    // Images of another size are said in the picture.
    let svg = figure::pictures(&trained.run().images(3, 3)).unwrap().unwrap().svg(Theme::Light);
    assert!(svg.contains("64"), "{svg}");
}

#[test]
fn unusual_models_are_no_trouble() {
    // Tokens, labels that do not exclude each other, layers that behave otherwise in training, a
    // residual, one sample.
    let tokens = Dataset::new(
        Tensor::from_fn([40, 3], |i| (i * 7 % 5) as f32),
        Targets::Classes { indices: (0..40).map(|i| i % 3).collect(), classes: 4 },
    );
    let embedded = Sequential::new().layer(Embedding::new(5, 4)).flatten().linear(12, 4);
    let numbers = || Tensor::from_fn([40, 2], |i| (i as f32).cos());
    let labels =
        Dataset::new(numbers(), Targets::Labels(Tensor::from_fn([40, 3], |i| (i % 2) as f32)));
    let noisy = Sequential::new().linear(2, 6).batch_norm().prelu().dropout(0.5).linear(6, 3);
    let one = Dataset::new(
        Tensor::ones([1, 2]),
        Targets::Probabilities(Tensor::from_rows([[0.25, 0.75]])),
    );
    let residual = Sequential::new().layer(Residual::new(Sequential::new().linear(2, 2).sigmoid()));
    let cases: [(_, Sequential, Box<dyn Loss>); 3] = [
        (tokens.unwrap(), embedded, Box::new(CrossEntropy)),
        (labels.unwrap(), noisy, Box::new(BinaryCrossEntropy::default())),
        (one.unwrap(), residual, Box::new(CrossEntropy)),
    ];
    for (data, model, loss) in cases {
        let mut params = model.init(&data.input_shape(1)[1..], 0).unwrap();
        let mut instruments = Instruments::new();
        let fitted = Trainer::new(&model, &loss, Sgd::new(0.1))
            .epochs(2)
            .callback(&mut instruments)
            .fit(&mut params, &data, None);
        let recording = Recording::of(&fitted).log(instruments.into_log());
        let known = Evidence::new().model(&model).params(&params).loss(&loss).data(&data);
        let run = Material::new("Unusual", &recording).evidence(known);
        assert!(fitted.is_ok(), "{fitted:?}");
        for figure in run.figures().unwrap() {
            figure.check().unwrap_or_else(|reason| panic!("{}: {reason}", figure.title()));
            assert!(!figure.svg(Theme::Light).contains("no data"), "{}", figure.title());
        }
        assert!(run.report().unwrap().html().contains("Loss around the trained weights"));
        // Weights that are no numbers any more have no answers.
        let mut broken = params.clone();
        broken.values_mut().fill(f32::NAN);
        let run = Material { evidence: run.evidence.params(&broken), ..run };
        assert!(run.report().is_ok() && figure::confusion(&run).unwrap().is_none());
    }
}
