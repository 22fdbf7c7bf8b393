//! Saving, loading, and every way in which a file can be wrong.

use std::path::PathBuf;

use chainrule_checkpoint::{description, load, save};
use chainrule_graph::{Graph, Params};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Real;

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
    let _ = (graph.param("w", [2], 1.0), graph.buffer("mean", [3], 2.0));
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
    assert!(error.ends_with("parameter `0.weight` has shape [3, 4] in the file, but [3, 5] in the model"), "{error}");
    assert_eq!(wider.values(), before);

    let mut other = Sequential::new().linear(3, 4).tanh().linear(4, 2).linear(2, 1).init([3], 0).unwrap();
    let error = load(&mut other, &path).unwrap_err().to_string();
    assert!(
        error.ends_with("missing from the file: 3.weight, 3.bias; in the file but not in the model: 1.slope"),
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
    let error = load(&mut params::<f32>(4, 0), folder.path().join("absent")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
    let error = save(&params::<f32>(4, 0), folder.path().join("absent").join("file"), "").unwrap_err().to_string();
    assert!(error.starts_with("cannot write "), "{error}");
}
