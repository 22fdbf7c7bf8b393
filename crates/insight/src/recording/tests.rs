use chainrule_data::{Dataset, Targets};
use chainrule_nn::loss::MeanSquaredError;
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::metric::MeanAbsoluteError;
use chainrule_train::optimizer::Sgd;
use chainrule_train::{StopReason, Trainer};

use super::*;
use crate::monitor::GradientNoise;
use crate::{Diagnosis, Evidence, Instruments, Kind, Severity};

/// Some steps towards a line, and what the trainer says of them.
fn recorded(learning_rate: f64) -> Recording {
    let inputs: Tensor = Tensor::from_fn([32, 2], |i| (i as f32 * 0.7).sin());
    let targets =
        Targets::Values(Tensor::from_fn([32, 1], |i| inputs.row(i)[0] - inputs.row(i)[1]));
    let data = Dataset::new(inputs, targets).unwrap();
    let model = Sequential::new().linear(2, 3).relu().linear(3, 1);
    let mut params = model.init([2], 0).unwrap();
    let mut instruments = Instruments::new().every(2).window(2).singular_values_up_to(4);
    let fitted = Trainer::new(&model, MeanSquaredError, Sgd::new(learning_rate))
        .epochs(3)
        .batch_size(8)
        .metric(MeanAbsoluteError::new())
        .callback(&mut instruments)
        .fit(&mut params, &data, Some(&data));
    Recording::of(&fitted)
        .log(instruments.into_log())
        .configuration([("learning rate", learning_rate)])
}

fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// The message for a file with this text, without the file's name.
fn message(text: &str) -> String {
    let (_folder, path) = written(text);
    let message = Recording::load(&path).unwrap_err().to_string();
    message
        .strip_prefix(&path.display().to_string())
        .expect("the file's name first")
        .trim_start()
        .to_owned()
}

#[test]
fn a_training_comes_back_as_it_was() {
    let mut recording = recorded(0.1);
    recording.findings =
        Diagnosis::<f32>::new().all_findings(&Evidence::new().recording(&recording));
    assert!(recording.log.records.len() == 6 && recording.log.windows.len() == 3, "{recording:?}");
    assert_eq!(recording.history.as_ref().map(|history| history.stop), Some(StopReason::Finished));
    let (_folder, path) = written("what was there before");
    recording.save(&path).unwrap();
    let loaded = Recording::load(&path).unwrap();
    assert_eq!(loaded, recording);
    assert!(
        loaded.epochs()[2].validation.as_ref().unwrap().metric("mean_absolute_error").is_some(),
        "{:?}",
        loaded.epochs()[2]
    );
    assert_eq!(loaded.environment, Environment::here());
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn every_number_keeps_its_bits() {
    let numbers = [
        0.1 + 0.2,
        -0.0,
        f64::MIN_POSITIVE / 8.0,
        f64::MAX,
        -1e300,
        1e22,
        123_456_789_012_345_680.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let mut recording = recorded(0.1);
    let record = recording.log.records[0].clone();
    recording.log.records =
        numbers.map(|x| super::super::monitor::Record { loss: x, ..record.clone() }).to_vec();
    recording.log.records[0].step = u64::MAX;
    recording.log.records[0].noise =
        Some(GradientNoise { samples: 8, of_samples: f64::NAN, of_batch: -0.0 });
    let (_folder, path) = written("");
    recording.save(&path).unwrap();
    let loaded = Recording::load(&path).unwrap();
    let bits = |recording: &Recording| {
        recording.log.records.iter().map(|r| r.loss.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&loaded), bits(&recording));
    assert_eq!(loaded.log.records[0].step, u64::MAX);
    assert!(loaded.log.records[0].noise.unwrap().of_batch.is_sign_negative());
    assert_eq!(loaded.to_json(), recording.to_json());
}

#[test]
fn a_recording_is_diagnosed_like_the_training_itself() {
    let mut recording = recorded(1e30);
    assert!(recording.history.is_none());
    let failure = recording.failure.as_ref().unwrap();
    assert!(failure.message.contains("in epoch 1, step"), "{failure:?}");
    recording.findings = Diagnosis::<f32>::new().findings(&Evidence::new().recording(&recording));
    let (_folder, path) = written("");
    recording.save(&path).unwrap();
    let loaded = Recording::load(&path).unwrap();
    let found = Diagnosis::<f32>::new().findings(&Evidence::new().recording(&loaded));
    assert_eq!((found[0].kind, found[0].severity), (Kind::NonFinite, Severity::Error));
    assert!(found[0].evidence.contains("it began with"), "{}", found[0]);
    assert_eq!(found, recording.findings);
}

#[test]
fn other_files_are_refused() {
    let other = "is not the recording of a training; those are what `Recording::save` and \
                 `chainrule --record` write";
    for text in
        ["{}", "[1, 2]", "text", "{\"format\": \"something else\", \"version\": 1}", "\u{0}\u{1}"]
    {
        assert_eq!(message(text), other, "{text}");
    }
    assert_eq!(
        message("{\"format\": \"chainrule recording\", \"version\": 2, \"recording\": 3}"),
        "is a recording of format 2, and this version reads format 1; record the training anew, or \
         read it with the \
         version that wrote it"
    );
    let missing = Recording::load("/nowhere/run.json").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read /nowhere/run.json: "), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let unwritable =
        Recording::default().save(folder.path().join("missing/run.json")).unwrap_err().to_string();
    assert!(
        unwritable.starts_with("cannot write ") && unwritable.contains("missing/run.json: "),
        "{unwritable}"
    );
}

#[test]
fn half_a_file_is_noticed_wherever_it_ends() {
    let text = recorded(0.1).to_json();
    for length in (0..text.len() - 1).step_by(997) {
        let message = message(&text[..length]);
        assert_eq!(message, "ends too early: it was not written or copied as a whole", "{length}");
    }
}

#[test]
fn damage_is_named_with_its_place() {
    let text = recorded(0.1).to_json();
    // The place, what stands there instead, and what is said.
    let cases = [
        ("/log/records/1/loss", json!("much"), "log.records[1].loss` should be a number"),
        ("/log/layers/0/units", json!(-1), "log.layers[0].units` should be a whole number"),
        ("/log/windows/0/steps", json!([1]), "log.windows[0].steps` should be a list of two"),
        ("/environment", json!({ "version": "1" }), "environment.threads` should be there"),
        ("/history/stop", json!("Tired"), "history.stop` should be why a training ended"),
        (
            "/log/parameters/0/shape",
            json!(vec![1; 7]),
            "log.parameters[0].shape` should be a shape of at most 6 axes",
        ),
        (
            "/log/layers",
            json!([]),
            "log.records[0]` should be an entry for each layer and each parameter",
        ),
    ];
    for (place, instead, expected) in cases {
        let mut file: Value = serde_json::from_str(&text).unwrap();
        *file["recording"].pointer_mut(place).unwrap() = instead;
        assert_eq!(
            message(&file.to_string()),
            format!("is a damaged recording: `recording.{expected}")
        );
    }
}

/// Kind "names that do nothing" (keras-team/keras#6954): a member that no recording has, in any
/// object of it.
#[test]
fn unknown_members_are_refused_wherever_they_stand() {
    let with = |file: &Value, place: &str| {
        let mut file = file.clone();
        let object = file.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("lossx".to_owned(), json!(1));
        message(&file.to_string())
    };
    fn objects(value: &Value, place: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.push(place.to_owned());
                members
                    .iter()
                    .for_each(|(name, value)| objects(value, &format!("{place}/{name}"), found));
            }
            // All of a list are alike.
            Value::Array(values) => {
                values
                    .iter()
                    .take(2)
                    .enumerate()
                    .for_each(|(i, value)| objects(value, &format!("{place}/{i}"), found));
            }
            _ => {}
        }
    }
    let mut recording = recorded(0.1);
    recording.findings = Diagnosis::<f32>::new().findings(&Evidence::new().recording(&recording));
    let file: Value = serde_json::from_str(&recording.to_json()).unwrap();
    let mut places = Vec::new();
    objects(&file, "", &mut places);
    assert!(places.len() > 20, "{places:?}");
    for place in places {
        let told = with(&file, &place);
        assert!(
            told.ends_with("lossx` should be left out, since no recording has it"),
            "{place}: {told}"
        );
    }
}

#[test]
fn every_remedy_comes_back() {
    use chainrule_recipe::Change;
    let remedies = vec![
        Change::activation("leaky_relu(slope=0.2)"),
        Change::loss("cross_entropy(weights=[1, 2])"),
        Change::optimizer("adam"),
        Change::early_stopping(2),
        Change::set("clip_norm", 1.5),
        Change::times("learning_rate", 0.1),
        Change::times("hidden", 4.0),
    ];
    let finding = Finding {
        kind: Kind::Underfitting,
        severity: Severity::Warning,
        layer: None,
        evidence: String::new(),
        remedy: String::new(),
        remedies,
    };
    let recording = Recording { findings: vec![finding], ..Recording::default() };
    let (_folder, path) = written("");
    recording.save(&path).unwrap();
    assert_eq!(Recording::load(&path).unwrap(), recording);
}
