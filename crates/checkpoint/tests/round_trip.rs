//! Saving, loading, and every way in which a file can be wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chainrule_checkpoint::{description, load, save};
use chainrule_graph::{Graph, Params};
use chainrule_nn::{BatchNorm, Model, Sequential};
use chainrule_tensor::Real;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn model<T: Real>(hidden: usize) -> Sequential<T> {
    Sequential::default().linear(3, hidden).prelu().linear(hidden, 2)
}

fn params<T: Real>(hidden: usize, seed: u64) -> Params<T> {
    model(hidden).init([3], seed).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn saved(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("model.safetensors");
    save(&params::<f32>(4, 7), &path, "text \u{3b1}").unwrap();
    path
}

#[test]
fn buffers_are_saved_with_the_parameters() {
    let graph = Graph::<f64>::new();
    let _ = (graph.param("w", [2], 1.0), graph.statistic("mean", [3], 2.0));
    let mut params = Params::<f64>::init(graph.layout(), 0).unwrap();
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    params.get_mut("mean").unwrap()[1] = 7.0;
    save(&params, &path, "").unwrap();
    let mut loaded = Params::<f64>::init(graph.layout(), 0).unwrap();
    load(&mut loaded, &path).unwrap();
    assert_eq!(loaded.get("mean").unwrap().values(), [2.0, 7.0, 2.0]);
}

#[test]
fn what_is_saved_comes_back_bit_for_bit() {
    let folder = folder();
    let path = saved(&folder);
    let mut loaded = params::<f32>(4, 8);
    load(&mut loaded, &path).unwrap();
    assert_eq!(loaded.values(), params::<f32>(4, 7).values());
    assert_eq!(description(&path).unwrap().as_deref(), Some("text \u{3b1}"));

    let double = params::<f64>(4, 7);
    save(&double, &path, "").unwrap();
    let mut loaded = params::<f64>(4, 8);
    load(&mut loaded, &path).unwrap();
    assert_eq!(loaded.values(), double.values());
}

#[test]
fn the_same_parameters_give_the_same_bytes_and_leave_nothing_else_behind() {
    let folder = folder();
    let path = saved(&folder);
    let first = std::fs::read(&path).unwrap();
    saved(&folder);
    assert_eq!(std::fs::read(&path).unwrap(), first);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn single_precision_loads_into_double() {
    let folder = folder();
    let mut double = params::<f64>(4, 0);
    load(&mut double, saved(&folder)).unwrap();
    let single = params::<f32>(4, 7);
    assert!(double.values().iter().zip(single.values()).all(|(d, &s)| *d == f64::from(s)));
}

#[test]
fn a_file_that_does_not_fit_says_how_and_changes_nothing() {
    let folder = folder();
    let path = saved(&folder);

    let mut wider = params::<f32>(5, 0);
    let before = wider.values().to_vec();
    let error = load(&mut wider, &path).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "parameter `0.weight` has shape [3, 4] in the file, but [3, 5] in the model"
        ),
        "{error}"
    );
    assert_eq!(wider.values(), before);

    let mut other =
        Sequential::new().linear(3, 4).tanh().linear(4, 2).linear(2, 1).init([3], 0).unwrap();
    let error = load(&mut other, &path).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "missing from the file: 3.weight, 3.bias; in the file but not in the model: 1.slope"
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_is_none_says_so() {
    let folder = folder();
    let path = saved(&folder);
    let bytes = std::fs::read(&path).unwrap();
    let broken = folder.path().join("broken.safetensors");
    for length in [0, 4, 20, bytes.len() - 1] {
        std::fs::write(&broken, &bytes[..length]).unwrap();
        let error = load(&mut params::<f32>(4, 0), &broken).unwrap_err().to_string();
        assert!(error.contains("broken.safetensors is not a valid safetensors file"), "{error}");
    }
    let error =
        load(&mut params::<f32>(4, 0), folder.path().join("absent")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
    let error = save(&params::<f32>(4, 0), folder.path().join("absent").join("file"), "")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot write "), "{error}");
}

/// Kind "memory safety": a header states shapes whose product no number holds, or more than the
/// file.
#[test]
fn shapes_that_a_file_only_states_are_refused() {
    let path = folder();
    let path = path.path().join("net.safetensors");
    for (shape, end) in [
        ("[4294967296, 4294967296]", 0),
        ("[4294967296, 4294967296, 0]", 0),
        ("[18446744073709551615, 2]", 8),
        ("[1000000000000]", 8),
        ("[2305843009213693953, 8]", 64),
    ] {
        let header = format!(
            "{{\"0.weight\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[0,{end}]}}}}"
        );
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        std::fs::write(&path, [&bytes[..], &vec![0; end]].concat()).unwrap();
        let mut params = params::<f32>(4, 0);
        let before = params.values().to_vec();
        let error = load(&mut params, &path).unwrap_err().to_string();
        assert!(error.contains("net.safetensors"), "{shape}: {error}");
        assert_eq!(params.values(), before, "{shape}");
    }
}

/// A file as another program writes it, with this metadata.
fn foreign(path: &Path, tensors: &[(&str, &[usize], &[f64])], metadata: Option<(&str, &str)>) {
    let bytes = |values: &[f64]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let held: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (*name, shape.to_vec(), bytes(values)))
        .collect();
    let views = held.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F64, shape.clone(), bytes).unwrap())
    });
    let metadata = metadata.map(|(key, value)| HashMap::from([(key.to_owned(), value.to_owned())]));
    std::fs::write(path, safetensors::serialize(views, metadata).unwrap()).unwrap();
}

/// Kind "names that do nothing": a matrix of another program is transposed or refused, unless it
/// shows itself that it need not be, or the file says so (Jittor/jittor#400).
#[test]
fn matrices_of_other_programs_are_told_apart_or_refused() {
    let folder = folder();
    let path = folder.path().join("other.safetensors");
    let load_into = |model: Sequential<f64>, inputs: usize| {
        let mut params = model.init([inputs], 0).unwrap();
        let before = params.values().to_vec();
        let loaded = load(&mut params, &path).map_err(|error| error.to_string());
        assert!(loaded.is_ok() || params.values() == before, "changed all the same");
        loaded.map(|()| params.get("0.weight").unwrap().values().to_vec())
    };
    let square = || Sequential::default().linear(2, 2);
    let tensors: [(&str, &[usize], &[f64]); 2] =
        [("0.weight", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), ("0.bias", &[2], &[0.0, 0.0])];
    for metadata in [None, Some(("format", "pt"))] {
        foreign(&path, &tensors, metadata);
        let error = load_into(square(), 2).unwrap_err();
        let expected = "it cannot be told whether `0.weight`, of shape [2, 2], is [inputs, \
                        outputs], as here, or [outputs, inputs]";
        assert!(error.contains(expected), "{error}");
    }
    foreign(&path, &tensors, Some(("chainrule", "transposed in Python")));
    assert_eq!(load_into(square(), 2).unwrap(), [1.0, 2.0, 3.0, 4.0]);

    // One that is not square shows it for all.
    let wide = |shape| -> [(&str, &[usize], &[f64]); 4] {
        [tensors[0], tensors[1], ("1.weight", shape, &[0.5; 6]), ("1.bias", &[3], &[0.0; 3])]
    };
    foreign(&path, &wide(&[2, 3]), None);
    assert_eq!(load_into(square().linear(2, 3), 2).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    foreign(&path, &wide(&[3, 2]), None);
    let error = load_into(square().linear(2, 3), 2).unwrap_err();
    assert!(
        error.ends_with(
            "parameter `1.weight` has shape [3, 2] in the file, but [2, 3] in the model; it is its \
             transpose: PyTorch keeps \
             weights as [outputs, inputs], and here they are [inputs, outputs]"
        ),
        "{error}"
    );
    // A single weight is the same either way.
    foreign(&path, &[("0.weight", &[1, 1], &[7.0]), ("0.bias", &[1], &[0.0])], None);
    assert_eq!(load_into(Sequential::default().linear(1, 1), 1).unwrap(), [7.0]);
}

/// Kind "names that do nothing": values that no training leaves, in every parameter and statistic,
/// both ways.
#[test]
fn values_that_cannot_be_are_refused_by_load_and_save() {
    let norm = BatchNorm { momentum: None, ..BatchNorm::default() };
    fn model<T: Real>(norm: BatchNorm) -> Sequential<T> {
        Sequential::default().linear(1, 2).layer(norm)
    }
    let names = [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.batches",
    ];
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    let whole = model::<f64>(norm).init([1], 0).unwrap();
    for name in names {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, -1.0] {
            let mut broken = whole.clone();
            let values = broken.get_mut(name).unwrap();
            values[values.len() - 1] = value;
            let position = values.len() - 1;
            let (variance, fits) =
                (name.ends_with("running_var") || name.ends_with("batches"), value.abs() < 1e38);
            let refused = !value.is_finite() || variance && value < 0.0;
            save(&whole, &path, "").unwrap();
            let before = std::fs::read(&path).unwrap();
            match save(&broken, &path, "") {
                Ok(()) => {
                    assert!(!refused, "{name} {value}");
                    let mut double = model::<f64>(norm).init([1], 1).unwrap();
                    load(&mut double, &path).unwrap();
                    assert_eq!(
                        (double.values(), double.statistic_values()),
                        (broken.values(), broken.statistic_values())
                    );
                }
                Err(error) => {
                    assert!(refused, "{name} {value}: {error}");
                    assert!(
                        error
                            .to_string()
                            .contains(&format!("`{name}` holds {value} at position {position}")),
                        "{error}"
                    );
                    assert_eq!(std::fs::read(&path).unwrap(), before, "the file stays as it was");
                }
            }
            // As another program would write it.
            let tensors: Vec<_> = broken.iter().chain(broken.statistics()).collect();
            let tensors: Vec<(&str, &[usize], &[f64])> = tensors
                .iter()
                .map(|(name, tensor)| {
                    let entry =
                        broken.layout().entries().iter().chain(broken.layout().statistics());
                    let shape = entry.into_iter().find(|entry| entry.name == *name).unwrap();
                    (*name, &*shape.shape, tensor.values())
                })
                .collect();
            foreign(&path, &tensors, None);
            let mut single = model::<f32>(norm).init([1], 1).unwrap();
            let kept = single.clone();
            let loaded = load(&mut single, &path).map_err(|error| error.to_string());
            assert_eq!(loaded.is_ok(), !refused && fits, "{name} {value}: {loaded:?}");
            if let Err(error) = loaded {
                assert!(error.contains(&format!("`{name}` holds ")), "{error}");
                assert_eq!(single.values(), kept.values());
                assert_eq!(single.statistic_values(), kept.statistic_values());
            }
        }
    }
}

/// Kind "once more": whatever parameters are called, a file that is written can be read.
#[test]
fn what_is_saved_can_be_loaded_whatever_the_names_are() {
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    for name in [
        "__metadata__",
        "chainrule",
        "",
        " ",
        "a.b",
        "\"",
        "\\",
        "\u{0}",
        "\n",
        "\u{1f600}",
        "__metadata",
        "{}",
    ] {
        let graph = Graph::<f64>::new();
        let _ = (graph.param(name, [2], 1.0), graph.statistic("other", [1], 2.0));
        let of_statistic = Graph::<f64>::new();
        let _ = (of_statistic.param("other", [2], 1.0), of_statistic.statistic(name, [1], 2.0));
        for graph in [graph, of_statistic] {
            let _ = std::fs::remove_file(&path);
            let mut params = Params::<f64>::init(graph.layout(), 0).unwrap();
            match save(&params, &path, "words") {
                Ok(()) => {
                    load(&mut params, &path).unwrap_or_else(|error| panic!("{name:?}: {error}"))
                }
                Err(error) => {
                    assert_eq!(name, "__metadata__", "{error}");
                    let expected = "the format keeps the name `__metadata__` for itself; give the \
                                    parameter another one";
                    assert!(error.to_string().ends_with(expected), "{error}");
                    assert!(!path.exists());
                }
            }
        }
    }
}

/// Kind "names that do nothing": names of the file that the model does not have come with a guess.
#[test]
fn renamed_tensors_are_guessed() {
    let folder = folder();
    let path = folder.path().join("other.safetensors");
    foreign(
        &path,
        &[("layers.0.weight", &[1, 2], &[1.0, 2.0]), ("layers.0.bias", &[2], &[0.0; 2])],
        None,
    );
    let error = load(&mut Sequential::double().linear(1, 2).init([1], 0).unwrap(), &path)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(
            "missing from the file: 0.weight, 0.bias; in the file but not in the model: \
             layers.0.bias, layers.0.weight (is \
             `layers.0.weight` of the file the model's `0.weight`?)"
        ),
        "{error}"
    );
}
