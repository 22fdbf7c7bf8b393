//! Dependencies point downward only, and the lower crates stay light.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The crates that each crate of the workspace may depend on, each line below the crates that it
/// names.
const ALLOWED: [(&str, &[&str]); 17] = [
    ("chainrule-config", &[]),
    ("chainrule-files", &[]),
    ("chainrule-tensor", &[]),
    ("chainrule-graph", &["chainrule-config", "chainrule-tensor"]),
    ("chainrule-nn", &["chainrule-config", "chainrule-tensor", "chainrule-graph"]),
    ("chainrule-data", &["chainrule-config", "chainrule-tensor"]),
    ("chainrule-table", &["chainrule-config", "chainrule-tensor", "chainrule-data"]),
    (
        "chainrule-train",
        &[
            "chainrule-config",
            "chainrule-tensor",
            "chainrule-graph",
            "chainrule-nn",
            "chainrule-data",
        ],
    ),
    (
        "chainrule-checkpoint",
        &["chainrule-config", "chainrule-files", "chainrule-tensor", "chainrule-graph"],
    ),
    (
        "chainrule-recipe",
        &[
            "chainrule-tensor",
            "chainrule-graph",
            "chainrule-nn",
            "chainrule-data",
            "chainrule-train",
            "chainrule-checkpoint",
            "chainrule-files",
        ],
    ),
    (
        "chainrule-insight",
        &[
            "chainrule-config",
            "chainrule-files",
            "chainrule-tensor",
            "chainrule-graph",
            "chainrule-nn",
            "chainrule-data",
            "chainrule-train",
            "chainrule-recipe",
        ],
    ),
    ("chainrule-plot", &["chainrule-files"]),
    (
        "chainrule-report",
        &[
            "chainrule-tensor",
            "chainrule-graph",
            "chainrule-nn",
            "chainrule-data",
            "chainrule-train",
            "chainrule-insight",
            "chainrule-plot",
        ],
    ),
    (
        "chainrule",
        &[
            "chainrule-config",
            "chainrule-tensor",
            "chainrule-graph",
            "chainrule-nn",
            "chainrule-data",
            "chainrule-train",
            "chainrule-recipe",
            "chainrule-insight",
            "chainrule-checkpoint",
            // Only with the feature `report`.
            "chainrule-report",
        ],
    ),
    (
        "chainrule-tensorboard",
        &["chainrule-tensor", "chainrule-graph", "chainrule-train", "chainrule-insight"],
    ),
    ("chainrule-conformance", &["chainrule"]),
    (
        "chainrule-cli",
        &[
            "chainrule",
            "chainrule-files",
            "chainrule-plot",
            "chainrule-table",
            "chainrule-tensorboard",
            "chainrule-conformance",
        ],
    ),
];

/// The crates that draw nothing and do not talk to a terminal, and all they may depend on outside
/// of the workspace. One of them writes and reads its recordings.
const LIGHT: [&str; 6] = [
    "chainrule-config",
    "chainrule-tensor",
    "chainrule-graph",
    "chainrule-nn",
    "chainrule-train",
    "chainrule-insight",
];
const LIGHT_DEPENDENCIES: [&str; 6] =
    ["nalgebra", "bytemuck", "rand", "rand_distr", "strsim", "thiserror"];
const FOR_RECORDINGS: [&str; 2] = ["serde_json", "tempfile"];

/// The dependencies of each crate of the workspace, those for its tests left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("a list of packages").iter();
    let outside_tests = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("a list of dependencies").iter();
        all.filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| text(&dependency["name"]))
            .collect()
    };
    packages.map(|package| (text(&package["name"]), outside_tests(package))).collect()
}

#[test]
fn dependencies_point_downward_only() {
    let allowed = BTreeMap::from(ALLOWED);
    let dependencies = dependencies();
    let known: Vec<&str> = allowed.keys().copied().collect();
    assert_eq!(
        dependencies.keys().map(String::as_str).collect::<Vec<_>>(),
        known,
        "the crates of the workspace"
    );
    for (package, names) in &dependencies {
        for name in names.iter().filter(|name| allowed.contains_key(name.as_str())) {
            assert!(
                allowed[package.as_str()].contains(&name.as_str()),
                "{package} must not depend on {name}"
            );
        }
    }
}

#[test]
fn the_list_of_allowed_edges_has_no_cycle() {
    for (position, (package, below)) in ALLOWED.iter().enumerate() {
        for name in *below {
            assert!(
                ALLOWED[..position].iter().any(|(earlier, _)| earlier == name),
                "{package} -> {name} points upward"
            );
        }
    }
}

#[test]
fn the_lower_crates_are_light() {
    let dependencies = dependencies();
    for package in LIGHT {
        for name in &dependencies[package] {
            let for_recordings =
                package == "chainrule-insight" && FOR_RECORDINGS.contains(&name.as_str());
            let allowed = name.starts_with("chainrule-")
                || LIGHT_DEPENDENCIES.contains(&name.as_str())
                || for_recordings;
            assert!(allowed, "{package} must not depend on {name}");
        }
    }
}

#[test]
fn only_tensor_names_nalgebra() {
    for (package, names) in dependencies() {
        assert_eq!(names.contains("nalgebra"), package == "chainrule-tensor", "{package}");
    }
}
