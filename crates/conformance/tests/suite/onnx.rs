//! The share of ONNX's node tests that is checked, and that which is not.

use std::collections::BTreeMap;

/// Every case of ONNX 1.22.0, without those that write another one out in further operators.
const ALL: usize = 1325;

#[test]
fn what_is_skipped_is_what_is_listed() {
    let family = chainrule_conformance::families().into_iter().find(|family| family.name == "onnx");
    let report = family.expect("ONNX's node tests are a family").run();
    let skipped: usize = report.skipped.iter().map(|skipped| skipped.cases).sum();
    assert_eq!(report.passed + report.failures.len() + skipped, ALL);

    let mut reasons = BTreeMap::<&str, Vec<String>>::new();
    for skipped in &report.skipped {
        let name = match skipped.cases {
            1 => skipped.name.clone(),
            cases => format!("{} x{cases}", skipped.name),
        };
        reasons.entry(&skipped.why).or_default().push(name);
    }
    let listed: Vec<String> =
        reasons.iter().map(|(why, names)| format!("{why}:\n{}\n", names.join("\n"))).collect();
    let expected = include_str!("onnx_skipped.txt");
    if listed.join("\n") != expected {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/onnx_skipped.txt");
        if std::env::var_os("UPDATE_SKIPPED").is_some() {
            std::fs::write(path, listed.join("\n")).unwrap();
        }
        panic!(
            "what is skipped is not what tests/onnx_skipped.txt lists; to list it anew, set \
             UPDATE_SKIPPED=1"
        );
    }
}
