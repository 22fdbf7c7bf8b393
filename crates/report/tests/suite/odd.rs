//! Models and data at the edge of what can be trained: each has a page, with all figures that
//! apply.

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_insight::{Diagnosis, Evidence, Instruments, Recording};
use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
use chainrule_nn::{Loss, Model, Sequential};
use chainrule_report::Material;
use chainrule_tensor::{Real, Tensor};
use chainrule_train::Trainer;
use chainrule_train::optimizer::Sgd;

/// Trains, and gives the page.
fn page<T: Real>(
    model: &Sequential<T>,
    loss: &dyn Loss<T>,
    data: &Dataset<T>,
    batch: usize,
    rate: f64,
) -> String {
    let mut params: Params<T> = model.init(&data.input_shape(1)[1..], 0).unwrap();
    let mut instruments = Instruments::new().every(1);
    let fitted = Trainer::new(model, loss, Sgd::new(rate))
        .epochs(2)
        .batch_size(batch)
        .callback(&mut instruments)
        .fit(&mut params, data, None);
    let mut recording = Recording::of(&fitted).log(instruments.into_log());
    let known = Evidence::new().model(model).params(&params).loss(loss).data(data);
    recording.findings = Diagnosis::new().findings(&known.recording(&recording));
    let run = Material::new("Odd", &recording).evidence(known);
    // Samples that are no pictures of this size.
    assert!(run.clone().images(usize::MAX, 2).figures().is_ok());
    run.report().unwrap().html()
}

/// Samples of two inputs with the classes 0, 1, ... in turn.
fn classes<T: Real>(samples: usize, classes: usize) -> Dataset<T> {
    let inputs = Tensor::from_fn([samples, 2], |i| T::from_f64((i as f64 * 1.7).sin()));
    let indices = (0..samples).map(|i| (i % classes) as u32).collect();
    Dataset::new(inputs, Targets::Classes { indices, classes }).unwrap()
}

fn hidden(outputs: usize) -> Sequential {
    Sequential::new().linear(2, 4).relu().linear(4, outputs)
}

#[test]
fn a_single_layer_no_parameters_and_no_layer_at_all() {
    let one = page(&Sequential::new().linear(2, 3), &CrossEntropy, &classes(12, 3), 4, 0.1);
    assert!(
        one.contains("Gradients by layer and step") && !one.contains("Dead and saturated"),
        "{one}"
    );
    for model in [Sequential::new().relu(), Sequential::new()] {
        let bare = page(&model, &CrossEntropy, &classes(12, 2), 4, 0.1);
        assert!(
            bare.contains("Confusion over 12 samples") && bare.contains("The graph for 12 samples"),
            "{bare}"
        );
        assert!(!bare.contains("Loss around") && !bare.contains("Update-to-weight"), "{bare}");
    }
}

#[test]
fn batches_of_one_and_a_single_sample() {
    assert!(
        page(&hidden(3), &CrossEntropy, &classes(12, 3), 1, 0.1)
            .contains("Update-to-weight ratios")
    );
    let single = page(&hidden(3), &CrossEntropy, &classes(1, 3), 1, 0.1);
    assert!(
        single.contains("Confusion over one sample<")
            && single.contains("every sample is of class 0"),
        "{single}"
    );
    // One class, which is always right.
    assert!(
        page(&hidden(1), &CrossEntropy, &classes(12, 1), 4, 0.1).contains("<td>12 (100.0 %)</td>")
    );
}

#[test]
fn numbers_without_bounds() {
    let diverged = page(&hidden(3), &CrossEntropy, &classes(12, 3), 4, 1e38);
    assert!(
        diverged.contains("failed: the loss became inf in epoch 2")
            && diverged.contains("<th scope=\"row\">epochs"),
        "{}",
        &diverged[diverged.find("failed").unwrap_or(0)..][..300]
    );
    let inputs = Tensor::from_fn([16, 2], |i| 1e30 * i as f32);
    let data =
        Dataset::new(inputs, Targets::Values(Tensor::from_fn([16, 3], |i| i as f32))).unwrap();
    let never = page(&hidden(3), &MeanSquaredError, &data, 4, 0.1);
    assert!(never.contains("failed: the loss became inf in epoch 1, step 1"), "{never}");
    assert!(never.contains("Problem: non-finite values<") && !never.contains("Loss by"), "{never}");
}

#[test]
fn a_landscape_without_a_finite_loss_is_left_out() {
    let (model, loss, data) = (hidden(3), CrossEntropy, classes(12, 3));
    let mut params = model.init([2], 0).unwrap();
    params.values_mut().fill(f32::NAN);
    let recording = Recording::default();
    let known = Evidence::new().model(&model).params(&params).loss(&loss).data(&data);
    let run = Material::new("NaN", &recording).evidence(known);
    assert!(chainrule_report::figure::landscape(&run).unwrap().is_none());
    let html = run.images(usize::MAX, 2).report().unwrap().html();
    assert!(html.contains("<td>NaN</td>") && html.contains("<td>0 (0.0 %)</td>"), "{html}");
}

#[test]
fn several_labels_and_double_precision() {
    let labels = Tensor::from_fn([16, 5], |i| (i % 2) as f32);
    let data =
        Dataset::new(Tensor::from_fn([16, 2], |i| (i as f32).sin()), Targets::Labels(labels))
            .unwrap();
    let several = page(&hidden(5), &BinaryCrossEntropy::default(), &data, 4, 0.1);
    assert!(
        several.contains("Loss around the trained weights") && !several.contains("Confusion over"),
        "{several}"
    );
    let double = Sequential::double().linear(2, 4).sigmoid().linear(4, 3);
    assert!(page(&double, &CrossEntropy, &classes(12, 3), 4, 0.1).contains("Decisions"));
}
