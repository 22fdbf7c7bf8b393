//! The subcommands that show and check the lists.

use crate::common;

use common::{files, object, run, stderr, stdout};
use serde_json::Value;

#[test]
fn list_shows_every_list_with_settings_and_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let all = object(&run(folder.path(), &["list", "--json"]));
    for (list, entry, setting, default) in
        [("activations", "elu", "alpha", "1"), ("initialisers", "he_normal", "fan_out", "false")]
    {
        let entries = all[list].as_array().unwrap();
        let found = entries.iter().find(|known| known["name"] == entry).unwrap();
        assert_eq!(found["settings"][setting], default);
        assert!(!found["formula"].as_str().unwrap().is_empty());
    }
    let known = |name: &str| {
        let found =
            all["activations"].as_array().unwrap().iter().find(|entry| entry["name"] == name);
        found.unwrap().clone()
    };
    let alpha = &known("elu")["about"]["alpha"];
    assert_eq!(alpha["rule"], "must be finite and above 0");
    assert!(alpha["means"].as_str().unwrap().contains("far below zero"), "{alpha}");
    assert_eq!(known("silu")["aliases"], serde_json::json!(["swish"]));
    let properties = &known("relu6")["properties"];
    assert_eq!(properties["range"], serde_json::json!([0.0, 6.0]));
    assert_eq!(properties["kinks"][1], serde_json::json!({ "at": 6.0, "derivative": 0.0 }));
    assert_eq!(properties["responsive"], serde_json::json!([null, 6.0]));
    assert_eq!(properties["derivative_from"], "output");
    let text = stdout(&run(folder.path(), &["list", "losses"]));
    assert!(text.starts_with("losses\n  mse "), "{text}");
    assert!(!text.contains("activations"), "{text}");
    let tables = stdout(&run(folder.path(), &["list", "activations", "--format", "markdown"]));
    assert!(tables.contains("| `tanh` | tanh x | -1 to 1 |"), "{tables}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn checks_print_counts_for_each_family_and_succeed() {
    let folder = tempfile::tempdir().unwrap();
    for check in ["gradcheck", "conformance"] {
        let output = run(folder.path(), &[check, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let families = object(&output);
        let families = families.as_object().unwrap();
        assert!(
            families.contains_key("activations") && families.contains_key("losses"),
            "{families:?}"
        );
        for (family, counts) in families {
            assert!(counts["passed"].as_u64().unwrap() > 0, "{check} {family}");
            assert_eq!(counts["failed"], 0, "{check} {family}");
            assert!(matches!(&counts["source"], Value::String(source) if !source.is_empty()));
            // All of ONNX's node tests are told of: several of one operation that is not there
            // count as several.
            if family == "onnx" {
                assert_eq!(
                    counts["passed"].as_u64().unwrap() + counts["skipped"].as_u64().unwrap(),
                    1325
                );
            }
        }
    }
    let output = run(folder.path(), &["gradcheck", "activations"]);
    assert_eq!(stdout(&output).lines().count(), 1);
    assert!(stdout(&output).contains(" 0 failed"), "{}", stdout(&output));
}

#[test]
fn a_list_or_family_that_is_not_there_is_an_error_that_names_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, what) in [
        (["list", "activation"], "list"),
        (["gradcheck", "x"], "family"),
        (["conformance", "x"], "family"),
    ] {
        let output = run(folder.path(), &flags);
        assert_eq!(output.status.code(), Some(2));
        let expected =
            format!("error: there is no {what} `{}`; there are: activations, losses", flags[1]);
        assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
    }
}
