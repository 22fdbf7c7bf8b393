use chainrule_config::settings;
use chainrule_data::{Dataset, Targets};
use chainrule_recipe::Change;
use chainrule_tensor::{Real, Tensor};

use super::{Evidence, Finding, Kind, Rule, Severity, median, words};

settings! {
    "unscaled_data":
        "inputs: median rms > large, deviations by more than spread; targets: deviation or mean \
         beyond large";

    /// Inputs or targets are unscaled or constant.
    ///
    /// - Inputs: the median root mean square of the features that vary is above `large`. Or their
    ///   deviations, the upper tenth against the lower tenth, differ by more than the factor
    ///   `spread`. Or at least the part `constant` of them never changes. Fewer that never change
    ///   are an info. Whole numbers in front of an embedding are left alone.
    /// - Targets that are numbers: the deviation of a column is above `large` or below its inverse,
    ///   or its mean is more than `large` deviations away from zero. A column that never changes,
    ///   or a single class, is an error.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct UnscaledData {
        /// The largest scale: raw pixels up to 255 are above it, digits up to 16 below.
        pub large: f64 = 20.0, above(0.0);
        /// The largest factor between the deviations of features.
        pub spread: f64 = 1000.0, above(0.0);
        /// The part of the features that never change.
        pub constant: f64 = 0.5, above(0.0);
    }
}

/// Mean and deviation of one column.
#[derive(Clone, Copy)]
struct Column {
    mean: f64,
    deviation: f64,
}

impl Column {
    fn varies(&self) -> bool {
        self.deviation > 1e-9 * self.mean.abs()
    }

    fn root_mean_square(&self) -> f64 {
        self.mean.hypot(self.deviation)
    }
}

impl<T: Real> Rule<T> for UnscaledData {
    fn name(&self) -> &'static str {
        "unscaled_data"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(data) = evidence.data else { return Vec::new() };
        let embedded = evidence
            .log
            .and_then(|log| log.layers.first())
            .is_some_and(|layer| layer.op == "gather_rows");
        let inputs = if embedded {
            Vec::new()
        } else {
            self.inputs(&columns(data.inputs(), data.input_width()))
        };
        inputs.into_iter().chain(self.targets(data)).collect()
    }
}

impl UnscaledData {
    fn inputs(&self, columns: &[Column]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut varying: Vec<Column> = columns.iter().copied().filter(Column::varies).collect();
        let still = columns.len() - varying.len();
        if still > 0 {
            let many = still as f64 >= self.constant * columns.len() as f64;
            findings.push(found(
                if varying.is_empty() {
                    Severity::Error
                } else if many {
                    Severity::Warning
                } else {
                    Severity::Info
                },
                format!("{still} of {} inputs never change", columns.len()),
                "leave the constant inputs out, or find out where their values were lost",
                (!varying.is_empty()).then_some(Change::set("drop_constant_inputs", true)),
            ));
        }
        varying.sort_by(|a, b| a.deviation.total_cmp(&b.deviation));
        let Some(size) = median(varying.iter().map(Column::root_mean_square)) else {
            return findings;
        };
        let tenth = varying.len() / 10;
        let (low, high) = (varying[tenth].deviation, varying[varying.len() - 1 - tenth].deviation);
        let remedy = "scale the inputs to mean 0 and deviation 1 with a StandardScaler fitted to \
                      the training data";
        if size > self.large {
            let evidence = format!("the inputs have a root mean square of {}", words(size));
            findings.push(found(
                Severity::Warning,
                evidence,
                remedy,
                Some(Change::set("scale_inputs", "standard")),
            ));
        } else if high > self.spread * low {
            let evidence =
                format!("the inputs have deviations from {} to {}", words(low), words(high));
            findings.push(found(
                Severity::Warning,
                evidence,
                remedy,
                Some(Change::set("scale_inputs", "standard")),
            ));
        }
        findings
    }

    fn targets<T: Real>(&self, data: &Dataset<T>) -> Vec<Finding> {
        let mut findings = Vec::new();
        match data.targets() {
            Targets::Classes { indices, .. } => {
                if let Some(class) =
                    indices.first().filter(|first| indices.iter().all(|class| class == *first))
                {
                    let evidence = format!("every sample is of class {class}");
                    findings.push(found(
                        Severity::Error,
                        evidence,
                        "get samples of the other classes",
                        None,
                    ));
                }
            }
            Targets::Probabilities(_) | Targets::Labels(_) => {}
            Targets::Values(values) => {
                for (i, column) in columns(values, data.targets().width()).into_iter().enumerate() {
                    let Column { mean, deviation } = column;
                    let (low, high) = (1.0 / self.large / self.large, self.large);
                    if !column.varies() {
                        let evidence = format!("target {i} is {} for every sample", words(mean));
                        findings.push(found(
                            Severity::Error,
                            evidence,
                            "find out where its values were lost",
                            None,
                        ));
                    } else if deviation > high
                        || deviation < low
                        || mean.abs() > self.large * deviation
                    {
                        let evidence = format!(
                            "target {i} has mean {} and deviation {}",
                            words(mean),
                            words(deviation)
                        );
                        let remedy =
                            "scale the targets to mean 0 and deviation 1, and the predictions back";
                        findings.push(found(
                            Severity::Warning,
                            evidence,
                            remedy,
                            Some(Change::set("scale_targets", "standard")),
                        ));
                    }
                }
            }
        }
        findings
    }
}

fn found(severity: Severity, evidence: String, remedy: &str, cure: Option<Change>) -> Finding {
    let remedies = cure.into_iter().collect();
    Finding {
        kind: Kind::UnscaledData,
        severity,
        layer: None,
        evidence,
        remedy: remedy.to_owned(),
        remedies,
    }
}

fn columns<T: Real>(values: &Tensor<T>, width: usize) -> Vec<Column> {
    let rows = (values.values().len() / width.max(1)).max(1) as f64;
    let mut means = vec![0.0; width];
    let mut squares = vec![0.0; width];
    for row in values.values().chunks_exact(width.max(1)) {
        row.iter().zip(&mut means).for_each(|(x, mean)| *mean += x.to_f64() / rows);
    }
    // A second pass, so that large means cost no digits.
    for row in values.values().chunks_exact(width.max(1)) {
        for ((x, mean), square) in row.iter().zip(&means).zip(&mut squares) {
            *square += (x.to_f64() - mean).powi(2) / rows;
        }
    }
    means
        .into_iter()
        .zip(squares)
        .map(|(mean, square)| Column { mean, deviation: square.sqrt() })
        .collect()
}
