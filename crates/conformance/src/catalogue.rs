//! Every entry of every list, as a table.

use std::fmt::Write;

use chainrule::config::{Aliases, Family, Field};
use chainrule::graph::DerivativeReads;
use chainrule::nn::init::UnitVariance;
use chainrule::nn::{Activation, Configure, activation, init, layer, loss};
use chainrule::train::optimizer::Lbfgs;
use chainrule::train::schedule::ReduceOnPlateau;
use chainrule::train::{metric, optimizer, schedule};

/// One list: activations, losses and so on.
#[derive(Debug)]
pub struct List {
    /// The kind of entries, in the plural.
    pub name: &'static str,
    /// Its entries, in order.
    pub entries: Vec<Entry>,
}

/// One entry of a list.
#[derive(Debug)]
pub struct Entry {
    /// The name, as in configuration.
    pub name: String,
    /// Other names that are taken for it.
    pub aliases: Vec<&'static str>,
    /// The settings and their defaults.
    pub settings: Vec<(&'static str, String)>,
    /// The statements of the settings, if there are any.
    pub fields: Vec<Field>,
    /// The formula.
    pub formula: &'static str,
    /// Why there are no reference cases of it, if there are none.
    pub in_no_package: Option<&'static str>,
    /// The known facts of an activation.
    pub facts: Option<Facts>,
}

/// The known facts of an activation with its default settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The infimum and supremum of the values.
    pub range: (f64, f64),
    /// Where the derivative or the value jumps, each with the derivative that is taken there, if
    /// that is a number.
    pub kinks: Vec<(f64, Option<f64>)>,
    /// The Lipschitz constant; infinite if there is none.
    pub lipschitz: f64,
    /// The inputs outside of which the function saturates.
    pub responsive: (f64, f64),
    /// The values that an element-wise derivative is computed from.
    pub derivative_reads: Option<DerivativeReads>,
    /// True if a unit can stop learning for good.
    pub can_die: bool,
    /// The factor on weights in front of it.
    pub gain: f64,
}

impl Facts {
    fn of(activation: &dyn Activation<f64>) -> Self {
        let (known, function) = (activation.properties(), activation.pointwise());
        let reads = function.as_ref().map(|function| function.derivative_reads());
        let derivative = |kink: f64| {
            let function = function.as_ref()?;
            let from_output = reads == Some(DerivativeReads::Output);
            Some(function.derivative(if from_output { function.value(kink) } else { kink }))
        };
        Facts {
            range: known.range,
            kinks: known.kinks.iter().map(|&kink| (kink, derivative(kink))).collect(),
            lipschitz: known.lipschitz,
            responsive: known.responsive,
            derivative_reads: reads,
            can_die: known.can_die,
            gain: known.gain,
        }
    }

    /// The values that the derivative is computed from, in a word.
    #[must_use]
    pub fn derivative_from(&self) -> Option<&'static str> {
        self.derivative_reads.map(|reads| match reads {
            DerivativeReads::Input => "input",
            DerivativeReads::Output => "output",
            DerivativeReads::Nothing => "nothing",
        })
    }
}

/// Every list.
#[must_use]
pub fn catalogue() -> Vec<List> {
    let facts: Vec<Facts> = activation::all().iter().map(|entry| Facts::of(&**entry)).collect();
    let by_data = UnitVariance::ALIASES;
    let by_data = Entry::new("unit_variance".to_owned(), by_data, &mut UnitVariance::default());
    let by_unit = Entry::new("unit_columns".to_owned(), &[], &mut init::UnitColumns::default());
    let by_search = Entry::new("lbfgs".to_owned(), &[], &mut Lbfgs::default());
    let by_score = ReduceOnPlateau::ALIASES;
    let by_score =
        Entry::new("reduce_on_plateau".to_owned(), by_score, &mut ReduceOnPlateau::default());
    vec![
        list("activations", activation::family::<f64>()).with(facts),
        list("losses", loss::family::<f32>()),
        list("initialisers", init::family()).and(by_data).and(by_unit),
        list("layers", layer::family::<f32>()),
        list("optimizers", optimizer::family::<f32>()).and(by_search),
        list("schedules", schedule::family()).and(by_score),
        list("metrics", metric::family::<f32>()),
    ]
}

fn list<E: Configure + ?Sized>(name: &'static str, family: Family<E>) -> List {
    let aliases = family.aliases();
    let names: Vec<String> = family.names().map(str::to_owned).collect();
    let entries = names.into_iter().zip(family.all());
    let entries = entries.map(|(name, mut entry)| Entry::new(name, aliases, &mut *entry));
    List { name, entries: entries.collect() }
}

impl List {
    /// With an entry that is none of the list, since it needs more than the others do, but is
    /// chosen by text like them.
    fn and(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    fn with(mut self, facts: Vec<Facts>) -> Self {
        self.entries.iter_mut().zip(facts).for_each(|(entry, facts)| entry.facts = Some(facts));
        self
    }
}

impl Entry {
    fn new<E: Configure + ?Sized>(name: String, aliases: Aliases, entry: &mut E) -> Self {
        let aliases =
            aliases.iter().filter(|(_, of)| *of == name).map(|(alias, _)| *alias).collect();
        let settings = entry
            .settings()
            .into_iter()
            .map(|(name, setting)| (name, setting.to_string()))
            .collect();
        let (formula, in_no_package) = (entry.formula(), entry.in_no_package());
        let fields = entry.fields();
        Entry { name, aliases, settings, fields, formula, in_no_package, facts: None }
    }

    /// The text that names the entry with all its settings, such as `elu(alpha=1)`.
    #[must_use]
    pub fn text(&self) -> String {
        let settings: Vec<String> =
            self.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if settings.is_empty() {
            self.name.clone()
        } else {
            format!("{}({})", self.name, settings.join(", "))
        }
    }
}

/// The lists as tables in Markdown.
#[must_use]
pub fn markdown(lists: &[List]) -> String {
    let mut text = String::new();
    for list in lists {
        let title = list.name[..1].to_uppercase() + &list.name[1..];
        // Writing to a string cannot fail.
        let _ = write!(text, "**{title}** ({})\n\n", list.entries.len());
        text.push_str(if list.entries.iter().any(|entry| entry.facts.is_some()) {
            "| name | computes | range | kinks, with the derivative there | Lipschitz | responds \
             within | derivative from | gain |\n\
             |---|---|---|---|---|---|---|---|\n"
        } else {
            "| name | computes |\n|---|---|\n"
        });
        for entry in &list.entries {
            let formula = entry.formula.replace('|', "\\|");
            let aliases: Vec<String> =
                entry.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let also = if aliases.is_empty() {
                String::new()
            } else {
                format!(" (also {})", aliases.join(", "))
            };
            let _ = write!(text, "| `{}`{also} | {formula} |", entry.text());
            if let Some(facts) = &entry.facts {
                cells(&mut text, facts);
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn cells(text: &mut String, facts: &Facts) {
    let between = |(low, high): (f64, f64)| {
        if low.is_infinite() && high.is_infinite() {
            String::new()
        } else {
            format!("{} to {}", short(low), short(high))
        }
    };
    let kink = |&(at, slope): &(f64, Option<f64>)| match slope {
        Some(slope) => format!("{} ({})", short(at), short(slope)),
        None => short(at),
    };
    let kinks: Vec<String> = facts.kinks.iter().map(kink).collect();
    let lipschitz =
        if facts.lipschitz.is_finite() { short(facts.lipschitz) } else { String::new() };
    let rest = [
        between(facts.range),
        kinks.join(", "),
        lipschitz,
        between(facts.responsive),
        facts.derivative_from().unwrap_or_default().to_owned(),
        short(facts.gain),
    ];
    for cell in rest {
        let _ = if cell.is_empty() { write!(text, " |") } else { write!(text, " {cell} |") };
    }
}

/// At most four places.
fn short(x: f64) -> String {
    match x {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "-∞".to_owned(),
        x => ((x * 1e4).round() / 1e4 + 0.0).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::nn::ConfigError;

    /// The name of the entry that a text names.
    fn found(list: &str, text: &str) -> Result<String, ConfigError> {
        let name = text.split('(').next().unwrap_or_default();
        match (list, name) {
            (_, "unit_variance" | "lsuv" | "layer_sequential_unit_variance") => {
                text.parse::<UnitVariance>().map(|_| "unit_variance".to_owned())
            }
            (_, "unit_columns") => {
                init::from_data_by_name::<f32>(text).map(|entry| entry.name().to_owned())
            }
            (_, "lbfgs") => text.parse::<Lbfgs>().map(|_| "lbfgs".to_owned()),
            (_, "reduce_on_plateau" | "reduce_lr_on_plateau") => {
                text.parse::<ReduceOnPlateau>().map(|_| "reduce_on_plateau".to_owned())
            }
            ("activations", _) => {
                activation::by_name::<f32>(text).map(|entry| entry.kind().to_owned())
            }
            ("losses", _) => loss::by_name::<f32>(text).map(|entry| entry.name().to_owned()),
            ("initialisers", _) => init::listed(text).map(|entry| entry.name().to_owned()),
            ("layers", _) => layer::by_name::<f32>(text).map(|entry| entry.kind().to_owned()),
            ("optimizers", _) => {
                optimizer::by_name::<f32>(text).map(|entry| entry.name().to_owned())
            }
            ("schedules", _) => schedule::by_name(text).map(|entry| entry.name().to_owned()),
            ("metrics", _) => metric::by_name::<f32>(text).map(|entry| entry.name().to_owned()),
            (other, _) => panic!("no way to look up {other}"),
        }
    }

    #[test]
    fn every_entry_is_found_by_the_text_that_names_it_and_by_its_other_names() {
        for list in catalogue() {
            assert!(!list.entries.is_empty());
            for entry in &list.entries {
                let text = entry.text();
                assert_eq!(found(list.name, &text).as_ref(), Ok(&entry.name), "{text}");
                assert!(!entry.formula.is_empty(), "{text} has no formula");
                for alias in &entry.aliases {
                    assert_eq!(found(list.name, alias).as_ref(), Ok(&entry.name), "{alias}");
                }
            }
        }
    }

    /// Kind: messages that name what is wrong. Every stated rule refuses NaN, by the name under
    /// which the entry was chosen and that of the setting.
    #[test]
    fn what_is_out_of_bounds_is_refused_by_the_names_of_entry_and_setting() {
        let mut tried = 0;
        for list in catalogue() {
            for (entry, field) in
                list.entries.iter().flat_map(|e| e.fields.iter().map(move |f| (e, f)))
            {
                let (name, setting) = (&entry.name, field.name);
                assert!(!field.doc.is_empty(), "{name}: {setting} is not documented");
                let Some(rule) = &field.rule else { continue };
                let mut refused = Vec::new();
                for value in ["nan", "[nan]", "0", "[0]"] {
                    let text = format!("{name}({setting}={value})");
                    if let Err(ConfigError::Check(why)) = found(list.name, &text) {
                        refused.push(why);
                    }
                }
                let expected = format!("{name}: {setting} {rule}, but ");
                assert!(
                    refused.iter().any(|why| why.starts_with(&expected)),
                    "{expected}: {refused:?}"
                );
                tried += 1;
            }
        }
        assert!(tried > 40, "{tried}");
    }

    #[test]
    fn no_other_name_is_of_nothing() {
        let aliases = [
            activation::ALIASES,
            loss::ALIASES,
            init::ALIASES,
            layer::ALIASES,
            schedule::ALIASES,
            metric::ALIASES,
        ];
        let known: usize = catalogue()
            .iter()
            .flat_map(|list| &list.entries)
            .map(|entry| entry.aliases.len())
            .sum();
        let beside = UnitVariance::ALIASES.len() + ReduceOnPlateau::ALIASES.len();
        assert_eq!(known, aliases.iter().map(|aliases| aliases.len()).sum::<usize>() + beside);
    }

    #[test]
    fn activations_come_with_what_is_known_of_them() {
        let lists = catalogue();
        let facts = |name: &str| {
            let entry = lists[0].entries.iter().find(|entry| entry.name == name).unwrap();
            entry.facts.clone().unwrap()
        };
        assert_eq!(facts("leaky_relu").kinks, [(0.0, Some(0.01))]);
        assert_eq!(facts("hard_swish").kinks, [(-3.0, Some(0.0)), (3.0, Some(1.0))]);
        assert_eq!(
            (facts("tanh").derivative_from(), facts("gelu").derivative_from()),
            (Some("output"), Some("input"))
        );
        assert_eq!(facts("prelu").kinks, [(0.0, None)]);
        assert!(
            facts("relu").can_die && lists[1].entries.iter().all(|entry| entry.facts.is_none())
        );
    }

    #[test]
    fn a_table_has_a_row_for_each_entry() {
        let entry = || Entry {
            name: "abs".to_owned(),
            aliases: vec!["magnitude"],
            settings: vec![("scale", "2".to_owned())],
            fields: Vec::new(),
            formula: "scale |x|",
            in_no_package: None,
            facts: None,
        };
        let text = markdown(&[List { name: "functions", entries: vec![entry()] }]);
        assert_eq!(
            text,
            "**Functions** (1)\n\n| name | computes |\n|---|---|\n| `abs(scale=2)` (also \
             `magnitude`) | scale \\|x\\| |\n\n"
        );
        let list = List { name: "functions", entries: vec![entry()] };
        let text = markdown(&[list.with(vec![Facts {
            range: (0.0, f64::INFINITY),
            kinks: vec![(0.0, Some(0.0)), (1.0, None)],
            lipschitz: f64::INFINITY,
            responsive: (f64::NEG_INFINITY, 2.0 / 3.0),
            derivative_reads: Some(DerivativeReads::Input),
            can_die: false,
            gain: 1.0,
        }])]);
        let row = "| scale \\|x\\| | 0 to ∞ | 0 (0), 1 | | -∞ to 0.6667 | input | 1 |\n\n";
        assert!(text.ends_with(row), "{text}");
    }
}
