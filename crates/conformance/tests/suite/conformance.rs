//! Every case of every family, and every derivative of every list.

use chainrule_conformance::catalogue::catalogue;
use chainrule_conformance::{Checked, derivatives, families};

#[test]
fn chainrule_agrees_with_the_published_packages() {
    families().iter().for_each(|family| assert_agrees(&family.run()));
}

#[test]
fn every_derivative_agrees_with_differences() {
    derivatives::families().iter().for_each(|family| assert_agrees(&family.run()));
}

/// Lists of which no package can have cases: initialisers are random.
const WITHOUT_CASES: [&str; 1] = ["initialisers"];

#[test]
fn every_entry_of_every_list_has_cases() {
    for list in catalogue().iter().filter(|list| !WITHOUT_CASES.contains(&list.name)) {
        let family = families().into_iter().find(|family| family.name == list.name);
        let configs =
            family.unwrap_or_else(|| panic!("there is no family of {}", list.name)).configs();
        for entry in &list.entries {
            let is_of_entry =
                |config: &String| config.split(['(', '[']).next() == Some(&entry.name);
            match (configs.iter().any(is_of_entry), entry.in_no_package) {
                (true, None) | (false, Some(_)) => {}
                (false, None) => panic!(
                    "no case of {} is of `{}`: add some, or state why it is in no package",
                    list.name, entry.name
                ),
                (true, Some(why)) => panic!("`{}` has cases, but states: {why}", entry.name),
            }
        }
    }
}

#[track_caller]
fn assert_agrees(checked: &Checked) {
    assert!(checked.passed > 0, "{} has no cases", checked.family);
    let failures: Vec<String> =
        checked.failures.iter().map(|(name, why)| format!("{name}: {why}")).collect();
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
