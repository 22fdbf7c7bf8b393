//! Every case of every family.

#[test]
fn chainrule_agrees_with_the_published_packages() {
    for family in chainrule_conformance::families() {
        let report = family.run();
        assert!(report.passed > 0, "{} has no cases", report.family);
        let failures: Vec<String> = report.failures.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        assert!(
            failures.is_empty(),
            "{} of {} ({}), {} of {} cases:\n{}",
            report.family,
            report.source,
            env!("CARGO_PKG_NAME"),
            failures.len(),
            failures.len() + report.passed,
            failures.join("\n")
        );
    }
}
