//! Kind "names that do nothing": every family that takes a text refuses a name with a letter too
//! few, and a setting's name with a letter too many. It suggests what was probably meant
//! (keras-team/keras#6954).

use chainrule_nn::config::Setting;
use chainrule_nn::{activation, init, layer, loss};

fn names(settings: &[(&'static str, Setting<'_>)]) -> Vec<&'static str> {
    settings.iter().map(|(name, _)| *name).collect()
}

/// The message for a text, none if it is understood.
type Told<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How many texts were refused, each with a suggestion.
fn refused(name: &str, settings: &[&str], told: Told<'_>) -> usize {
    assert_eq!(told(name), None, "{name}");
    let missing: String =
        name.chars().enumerate().filter(|(i, _)| *i != name.len() / 2).map(|(_, c)| c).collect();
    // What is left may be the name of another entry: `l1` of `ml1`.
    let unknown = told(&missing).map_or(0, |told| {
        assert!(told.starts_with("there is no "), "{missing}: {told}");
        assert!(told.contains("(did you mean `") || name.len() < 3, "{missing}: {told}");
        1
    });
    for setting in settings {
        let text = format!("{name}({setting}x=1)");
        let told = told(&text).expect(&text);
        assert!(
            told.contains(&format!("has no setting `{setting}x` (did you mean `")),
            "{text}: {told}"
        );
    }
    unknown + settings.len()
}

#[test]
fn every_name_of_every_list_is_suggested() {
    let mut count = 0;
    for mut entry in activation::all::<f64>() {
        let (name, settings) = (entry.kind().to_owned(), names(&entry.settings()));
        let told =
            |text: &str| activation::by_name::<f64>(text).err().map(|error| error.to_string());
        count += refused(&name, &settings, &told);
    }
    for mut entry in loss::all::<f64>() {
        let (name, settings) = (entry.name().to_owned(), names(&entry.settings()));
        count += refused(&name, &settings, &|text| {
            loss::by_name::<f64>(text).err().map(|error| error.to_string())
        });
    }
    for mut entry in init::all() {
        let (name, settings) = (entry.name().to_owned(), names(&entry.settings()));
        count += refused(&name, &settings, &|text| {
            init::listed(text).err().map(|error| error.to_string())
        });
    }
    for mut entry in layer::all::<f64>() {
        let (name, settings) = (entry.kind().to_owned(), names(&entry.settings()));
        let told = |text: &str| layer::by_name::<f64>(text).err().map(|error| error.to_string());
        count += refused(&name, &settings, &told);
    }
    assert!(count > 100, "{count}");
}
