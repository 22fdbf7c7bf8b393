#![doc = include_str!("../README.md")]

mod activations;
mod case;
pub mod catalogue;
mod columns;
mod compare;
pub mod derivatives;
mod layers;
mod least_squares;
mod losses;
mod metrics;
mod onnx;
mod optimizers;
mod schedules;
mod second_order;
mod trainings;

pub use case::{Case, Cases, Skipped};
pub use compare::{Tolerance, close};

/// The cases of one family, from one source or several, and how they are checked.
#[derive(Debug)]
pub struct Family {
    /// The family that is checked, such as `activations`.
    pub name: &'static str,
    /// The files of cases, one for each source, compressed.
    compressed: &'static [&'static [u8]],
    /// Compares chainrule with one case.
    check: fn(&Case) -> Result<(), String>,
}

/// The outcome of the checks of a family.
#[derive(Debug)]
pub struct Checked {
    /// The family.
    pub family: &'static str,
    /// The source that chainrule was compared with: packages with their versions, or differences.
    pub source: String,
    /// The number of cases that agree.
    pub passed: usize,
    /// The cases that do not, each with the reason.
    pub failures: Vec<(String, String)>,
    /// The cases of the source that cannot be expressed, and are not checked.
    pub skipped: Vec<Skipped>,
}

impl Checked {
    fn new(
        family: &'static str,
        source: String,
        outcomes: impl Iterator<Item = (String, Result<(), String>)>,
    ) -> Self {
        let mut checked =
            Checked { family, source, passed: 0, failures: Vec::new(), skipped: Vec::new() };
        for (name, outcome) in outcomes {
            match outcome {
                Ok(()) => checked.passed += 1,
                Err(why) => checked.failures.push((name, why)),
            }
        }
        checked
    }
}

/// Every family of cases.
#[must_use]
pub fn families() -> Vec<Family> {
    macro_rules! family {
        ($name:ident, $($file:literal),+) => {
            Family {
                name: stringify!($name),
                compressed: &[$(include_bytes!(concat!("../cases/", $file, ".json.gz"))),+],
                check: $name::check,
            }
        };
    }
    vec![
        family!(activations, "pytorch_activations", "pytabkit_activations"),
        family!(losses, "pytorch_losses"),
        family!(layers, "pytorch_layers", "pytabkit_layers"),
        family!(optimizers, "pytorch_optimizers", "optax_optimizers"),
        family!(schedules, "pytorch_schedules", "pytabkit_schedules"),
        family!(metrics, "scikit_learn_metrics"),
        family!(second_order, "pytorch_second_order"),
        family!(onnx, "onnx_nodes"),
        family!(columns, "pytabkit_columns"),
        family!(trainings, "pytabkit_trainings"),
        family!(least_squares, "nist_least_squares"),
    ]
}

impl Family {
    /// Checks every case.
    ///
    /// # Panics
    /// If the file of cases, which is part of the program, is damaged.
    #[must_use]
    pub fn run(&self) -> Checked {
        let cases = self.cases();
        let outcomes = cases.cases.iter().map(|case| (case.name().to_owned(), (self.check)(case)));
        Checked { skipped: cases.skipped, ..Checked::new(self.name, cases.source, outcomes) }
    }

    /// The texts that choose what is checked, for each case that has one.
    ///
    /// # Panics
    /// As [`run`](Family::run).
    #[must_use]
    pub fn configs(&self) -> Vec<String> {
        self.cases()
            .cases
            .iter()
            .filter_map(|case| case.text("config").ok().map(str::to_owned))
            .collect()
    }

    fn cases(&self) -> Cases {
        let read = |file: &&[u8]| {
            Cases::read(file).unwrap_or_else(|error| panic!("{}: {error}", self.name))
        };
        let of_all = |mut all: Cases, of_one: Cases| {
            all.source = format!("{}; {}", all.source, of_one.source);
            all.cases.extend(of_one.cases);
            all.skipped.extend(of_one.skipped);
            all
        };
        self.compressed.iter().map(read).reduce(of_all).expect("each family has a file")
    }
}
