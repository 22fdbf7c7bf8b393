use super::*;
use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;

/// Three classes by the angle of a point of the plane.
fn data(samples: usize, seed: u64) -> Dataset<f64> {
    let inputs = Tensor::normal([samples, 2], 0.0, 1.0, &mut generator(seed)).unwrap();
    let class = |row: &[f64]| if row[1] > row[0].abs() { 0 } else { 1 + u32::from(row[0] > 0.0) };
    let indices = (0..samples).map(|i| class(inputs.row(i))).collect();
    Dataset::new(inputs, Targets::Classes { indices, classes: 3 }).unwrap()
}

fn small() -> Recipe {
    Recipe { width: 8, epochs: 3, ..Recipe::default() }
}

#[test]
fn nothing_but_the_knob_changes() {
    let knobs = [Knob::Activation("relu".to_owned()), Knob::Activation("tanh".to_owned()), Knob::Seed(1)];
    let runs = compare(&small(), &knobs, &data(90, 0), &data(30, 1)).unwrap().runs;
    let losses = |run: usize| runs[run].epochs.iter().map(|epoch| epoch.train.loss.to_bits()).collect::<Vec<_>>();
    // A knob turned to where it was changes no bit.
    assert_eq!(losses(0), losses(1));
    assert_ne!(losses(0), losses(2));
    assert_ne!(losses(0), losses(3));
    // Weights are the same under another activation; under another seed the biases alone.
    assert_eq!([runs[0].weights, runs[2].same_weights], [(3 * 8) + 9 * 8 + 9 * 3; 2]);
    assert_eq!(runs[3].same_weights, 8 + 8 + 3);
    assert_eq!(runs[2].recipe, Recipe { activation: "tanh".to_owned(), ..small() });
}

#[test]
fn a_learned_slope_is_one_parameter_more_and_moves_no_other() {
    let knobs = [Knob::Activation("prelu".to_owned())];
    let runs = compare(&small(), &knobs, &data(60, 0), &data(30, 1)).unwrap().runs;
    assert_eq!((runs[1].weights, runs[1].same_weights), (runs[0].weights + 2, runs[0].weights));
}

#[test]
fn another_depth_has_nearly_as_many_parameters() {
    for (depth, wide) in [(1, true), (4, false), (12, false)] {
        let runs =
            compare(&Recipe { width: 64, epochs: 1, ..small() }, &[Knob::Depth(depth)], &data(40, 0), &data(9, 1));
        let runs = runs.unwrap().runs;
        let (before, after) = (runs[0].weights as f64, runs[1].weights as f64);
        assert_eq!((runs[1].recipe.depth, runs[1].recipe.width > 64), (depth, wide));
        // One unit more or less changes a narrow deep model by some percent.
        assert!((after / before - 1.0).abs() < 0.1, "depth {depth}: {after} parameters, not {before}");
    }
}

#[test]
fn losses_without_indices_get_rows_and_accuracy_is_comparable() {
    let knobs = [Knob::Loss("mse".to_owned()), Knob::Initialiser("glorot_uniform".to_owned())];
    let comparison = compare(&Recipe { epochs: 20, ..small() }, &knobs, &data(200, 0), &data(100, 1)).unwrap();
    assert!(comparison.runs.iter().all(|run| run.accuracy().unwrap() > 0.8), "{comparison}");
    let text = comparison.to_string();
    assert!(text.contains("unchanged    loss mse  initialiser glorot_uniform"), "{text}");
}

#[test]
fn a_training_that_explodes_is_an_outcome_with_the_epochs_before() {
    let comparison = compare(&small(), &[Knob::LearningRate(1e200)], &data(320, 0), &data(30, 1)).unwrap();
    let failed = comparison.runs[1].failed.as_ref().unwrap();
    assert!(failed.contains("became") && comparison.runs[1].epochs.len() < 3, "{failed}");
    assert!(comparison.to_string().contains(": the "), "{comparison}");
    assert_eq!(comparison.runs[0].failed, None);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let message = |recipe: &Recipe, knob| compare(recipe, &[knob], &data(30, 0), &data(9, 1)).unwrap_err().to_string();
    assert_eq!(message(&small(), Knob::Depth(0)), "the depth must be at least 1, but it is 0");
    assert_eq!(message(&Recipe { width: 0, ..small() }, Knob::Seed(1)), "the width must be at least 1, but it is 0");
    assert!(message(&small(), Knob::Activation("rely".to_owned())).contains("relu"));
    assert!(message(&small(), Knob::Loss("bce_with_logits".to_owned())).contains("cannot be used with class"));
}
