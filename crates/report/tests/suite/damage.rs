//! A recording whose numbers were changed by hand is refused, or shown with what it says; it never
//! panics.

use chainrule_data::{Dataset, Targets};
use chainrule_insight::{Diagnosis, Evidence, Instruments, Recording};
use chainrule_nn::loss::MeanSquaredError;
use chainrule_nn::{Model, Sequential};
use chainrule_plot::Theme;
use chainrule_report::Material;
use chainrule_tensor::Tensor;
use chainrule_train::Trainer;
use chainrule_train::optimizer::Sgd;
use serde_json::{Value, json};

/// A recording with one or two of everything.
fn small() -> Recording {
    let inputs: Tensor = Tensor::from_fn([8, 2], |i| (i as f32).sin());
    let targets = Targets::Values(Tensor::from_fn([8, 1], |i| inputs.row(i)[0]));
    let data = Dataset::new(inputs, targets).unwrap();
    let model = Sequential::new().linear(2, 2).relu().linear(2, 2).tanh().linear(2, 1);
    let mut params = model.init([2], 0).unwrap();
    let mut instruments = Instruments::new().every(1).window(1).bins(2).singular_values_up_to(4);
    let fitted = Trainer::new(&model, MeanSquaredError, Sgd::new(0.1))
        .epochs(2)
        .callback(&mut instruments)
        .fit(&mut params, &data, Some(&data));
    Recording::of(&fitted).log(instruments.into_log())
}

/// The places of all numbers, as JSON pointers.
fn numbers(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(place.to_owned()),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(i, value)| numbers(value, &format!("{place}/{i}"), found)),
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(name, value)| numbers(value, &format!("{place}/{name}"), found));
        }
        _ => {}
    }
}

#[test]
fn a_number_changed_by_hand_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    small().save(&path).unwrap();
    let whole: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut places = Vec::new();
    numbers(&whole["recording"], "/recording", &mut places);
    assert!(places.len() > 200, "{}", places.len());
    let (mut loaded, mut refused) = (0, 0);
    for (i, place) in places.iter().enumerate() {
        for (j, instead) in
            [json!(0), json!(u64::MAX), json!(-1e308), json!("NaN")].into_iter().enumerate()
        {
            let mut file = whole.clone();
            *file.pointer_mut(place).unwrap() = instead;
            std::fs::write(&path, file.to_string()).unwrap();
            let Ok(recording) = Recording::load(&path) else {
                refused += 1;
                continue;
            };
            loaded += 1;
            let _ = Diagnosis::<f32>::new().all_findings(&Evidence::new().recording(&recording));
            let figures = Material::<f32>::new("Changed", &recording).figures().unwrap();
            // Drawing takes longer than all the rest.
            if (i + j) % 16 == 0 {
                figures
                    .iter()
                    .for_each(|figure| assert!(figure.svg(Theme::Light).starts_with("<svg ")));
            }
        }
    }
    assert!(loaded > 2 * refused && refused > 100, "{loaded} {refused}");
}
