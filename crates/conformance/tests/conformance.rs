//! Every case of every family, and every derivative of every list.

use chainrule_conformance::{Checked, derivatives, families};

#[test]
fn chainrule_agrees_with_the_published_packages() {
    families().iter().for_each(|family| assert_agrees(&family.run()));
}

#[test]
fn every_derivative_agrees_with_differences() {
    derivatives::families().iter().for_each(|family| assert_agrees(&family.run()));
}

#[track_caller]
fn assert_agrees(checked: &Checked) {
    assert!(checked.passed > 0, "{} has no cases", checked.family);
    let failures: Vec<String> = checked.failures.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert!(
        failures.is_empty(),
        "{} against {}: {} of {} cases\n{}",
        checked.family,
        checked.source,
        failures.len(),
        failures.len() + checked.passed,
        failures.join("\n")
    );
}
