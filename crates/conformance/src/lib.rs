#![doc = include_str!("../README.md")]

mod activations;
mod case;
mod compare;

pub use case::{Case, Cases};
pub use compare::{Tolerance, close};

/// The cases of one family from one source, and how they are checked.
#[derive(Debug)]
pub struct Family {
    /// What is checked, such as `activations`.
    pub name: &'static str,
    /// The file of cases, compressed.
    compressed: &'static [u8],
    /// Compares chainrule with one case.
    check: fn(&Case) -> Result<(), String>,
}

/// What came of a family's cases.
#[derive(Debug)]
pub struct Report {
    /// The family.
    pub family: &'static str,
    /// The packages that wrote the cases, with their versions.
    pub source: String,
    /// The number of cases that agree.
    pub passed: usize,
    /// The cases that do not, each with the reason.
    pub failures: Vec<(String, String)>,
}

/// Every family of cases.
#[must_use]
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "activations",
        compressed: include_bytes!("../cases/pytorch_activations.json.gz"),
        check: activations::check,
    }]
}

impl Family {
    /// Checks every case.
    ///
    /// # Panics
    /// If the file of cases, which is part of the program, is damaged.
    #[must_use]
    pub fn run(&self) -> Report {
        let cases = Cases::read(self.compressed).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let outcomes: Vec<_> = cases.cases.iter().map(|case| (case.name(), (self.check)(case))).collect();
        let passed = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
        let failures =
            outcomes.into_iter().filter_map(|(name, outcome)| Some((name.to_owned(), outcome.err()?))).collect();
        Report { family: self.name, source: cases.source, passed, failures }
    }
}
