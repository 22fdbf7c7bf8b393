use super::*;

#[derive(Debug, Default, PartialEq)]
struct Everything {
    number: f64,
    gain: f64,
    optional: Option<f64>,
    count: usize,
    optional_count: Option<usize>,
    flag: bool,
    numbers: Vec<f64>,
    counts: Vec<usize>,
    choice: usize,
    inner: Inner,
}

/// `everything` within itself, one level deep.
#[derive(Debug, Default, PartialEq)]
struct Inner(String);

impl Entry for Inner {
    fn text(&self) -> &str {
        &self.0
    }
    fn choose(&mut self, text: &str) -> Result<(), ConfigError> {
        things().by_name(text)?;
        self.0 = text.to_owned();
        Ok(())
    }
}

const GAIN: Words =
    Words { read: |text| (text == "double").then_some(2.0), rule: "a word, such as double" };

impl Configure for Everything {
    fn formula(&self) -> &'static str {
        "x"
    }
    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("number", Setting::Number(&mut self.number)),
            ("gain", Setting::NumberOr(&mut self.gain, GAIN)),
            ("optional", Setting::Optional(&mut self.optional)),
            ("count", Setting::Count(&mut self.count)),
            ("optional_count", Setting::OptionalCount(&mut self.optional_count)),
            ("flag", Setting::Flag(&mut self.flag)),
            ("numbers", Setting::Numbers(&mut self.numbers)),
            ("counts", Setting::Counts(&mut self.counts)),
            ("choice", Setting::Choice(&mut self.choice, &["left", "right"])),
            ("inner", Setting::Entry(&mut self.inner)),
        ]
    }
    fn check(&self) -> Result<(), String> {
        if self.number >= 0.0 {
            Ok(())
        } else {
            Err(format!("number must not be negative, it is {}", self.number))
        }
    }
}

fn things() -> Family<Everything> {
    Family::new("thing", |_| "everything", vec![Box::default()])
}

fn chosen(text: &str) -> Result<Everything, String> {
    things().only(text).map_err(|error| error.to_string())
}

#[test]
fn settings_are_read_from_text_and_written_as_they_are_read() {
    assert_eq!(chosen("everything").unwrap(), Everything::default());
    assert_eq!(chosen(" everything( ) ").unwrap(), Everything::default());
    let text = "everything(number=1e-8, gain=1.5, optional=0.5, count=7, optional_count=3, \
                flag=true, numbers=[1, 2.5, -3], counts=[3, 12], choice=right, \
                inner=everything(number=2, numbers=[1, 2]))";
    let mut all = chosen(text).unwrap();
    let expected = Everything {
        number: 1e-8,
        gain: 1.5,
        optional: Some(0.5),
        count: 7,
        optional_count: Some(3),
        flag: true,
        numbers: vec![1.0, 2.5, -3.0],
        counts: vec![3, 12],
        choice: 1,
        inner: Inner("everything(number=2, numbers=[1, 2])".to_owned()),
    };
    assert_eq!(all, expected);
    let written: Vec<String> =
        all.settings().iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(format!("everything({})", written.join(", ")), text);
    assert_eq!(chosen("everything(gain=double)").unwrap().gain, 2.0);
    let none = chosen("everything(optional=none, optional_count=none, numbers=[])").unwrap();
    assert_eq!(none, Everything::default());
}

#[test]
fn capitals_and_underscores_do_not_count_and_other_names_are_known() {
    for name in ["Everything", "EVERYTHING", "every_thing_"] {
        assert_eq!(chosen(&format!("{name}(count=3)")).unwrap().count, 3);
    }
    assert!(
        chosen("Everything(nmber=1)").unwrap_err().starts_with("everything has no setting `nmber`")
    );
    assert!(chosen("every-thing").unwrap_err().starts_with("there is no thing `every-thing`"));
    let aliases: Aliases = &[("all_of_it", "everything")];
    for (text, expected) in [
        ("AllOfIt", "everything"),
        (" all_of_it (count=3)", "everything(count=3)"),
        ("everything(count=3)", "everything(count=3)"),
        ("all(inner=all_of_it)", "all(inner=all_of_it)"),
    ] {
        assert_eq!(without_alias(aliases, text), expected);
    }
}

#[test]
fn a_text_is_taken_as_it_is() {
    let mut pattern = String::new();
    let mut setting = Setting::Text(&mut pattern);
    assert_eq!(setting.parse(" *.weight "), Ok(()));
    assert_eq!(setting.to_string(), "*.weight");
    assert_eq!(setting.parse(" "), Err("a text".to_owned()));
    assert_eq!(pattern, "*.weight");
}

#[test]
fn mistakes_are_named_with_what_there_is() {
    for (text, message) in [
        ("every", "there is no thing `every` (did you mean `everything`?); there are: everything"),
        (
            "everything(number=1",
            "`everything(number=1`: the closing parenthesis is missing; write `name` or \
             `name(setting=value, ...)`",
        ),
        (
            "everything(number)",
            "`everything(number)`: a setting needs a value; write `name` or `name(setting=value, \
             ...)`",
        ),
        (
            "everything(numbers=[1, 2)",
            "`everything(numbers=[1, 2)`: a closing bracket is missing; write `name` or \
             `name(setting=value, ...)`",
        ),
        (
            "everything(nmber=1)",
            "everything has no setting `nmber` (did you mean `number`?); it has: number, gain, \
             optional, count, optional_count, flag, numbers, counts, choice, inner",
        ),
        ("everything(number=one)", "everything: number=one: must be a number, such as 0.5"),
        (
            "everything(gain=tank)",
            "everything: gain=tank: must be a number, such as 0.5, or a word, such as double",
        ),
        ("everything(count=-1)", "everything: count=-1: must be a whole number of at least 0"),
        ("everything(flag=yes)", "everything: flag=yes: must be true or false"),
        (
            "everything(numbers=1)",
            "everything: numbers=1: must be numbers in brackets, such as [1, 2, 0.5]",
        ),
        (
            "everything(counts=[1, -2])",
            "everything: counts=[1, -2]: must be whole numbers of at least 0 in brackets, such as \
             [3, 12]",
        ),
        ("everything(choice=up)", "everything: choice=up: must be left or right"),
        (
            "everything(inner=everything(count=1)",
            "`everything(inner=everything(count=1)`: a closing bracket is missing; write `name` or \
             `name(setting=value, ...)`",
        ),
        (
            "everything(inner=nothing)",
            "everything: inner=nothing: must be an entry of its list: there is no thing `nothing`; \
             there are: everything",
        ),
        ("everything(number=-1)", "number must not be negative, it is -1"),
    ] {
        assert_eq!(chosen(text).unwrap_err(), message);
    }
}

settings! {
    "stated": "a formula", checked by even, in no package: "it is a test";

    /// A value of every kind that a statement can have.
    #[derive(Debug, PartialEq)]
    struct Stated {
        /// A rate; of what, is left open.
        rate: f64 = 1e-3, above(0);
        /// A share.
        share: f64 = 0.5, within(0.0..1.0);
        /// A limit,
        /// or none.
        limit: Option<f64> = None, at_least(0);
        /// Where a line begins.
        begin: f64 = 20.0, within(0.0..);
        /// Steps.
        steps: usize = 2, at_least(1);
        /// The most steps.
        most: Option<usize> = Some(3), at_least(1);
        /// Factors.
        factors: Vec<f64> = vec![1.0, 2.0], at_least(0);
        /// Widths.
        widths: Vec<usize> = vec![4], at_least(1);
        /// An index.
        index: Option<f64> = None, whole();
        /// On or off.
        on: bool = true;
        /// A pattern.
        pattern: String = "*".to_owned();
    }
}

fn even(stated: &Stated) -> Result<(), String> {
    let even = stated.steps.is_multiple_of(2);
    if even { Ok(()) } else { Err(format!("stated: {} steps are odd", stated.steps)) }
}

fn stated(text: &str) -> Result<Stated, String> {
    let family = Family::new("thing", |_: &Stated| "stated", vec![Box::default()]);
    family.with_aliases(&[("said", "stated")]).only(text).map_err(|error| error.to_string())
}

#[test]
fn a_statement_gives_defaults_and_text() {
    let mut all = stated("stated").unwrap();
    let written: Vec<String> =
        all.settings().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = "rate=0.001, share=0.5, limit=none, begin=20, steps=2, most=3, factors=[1, 2], \
                widths=[4], index=none, on=true, pattern=*";
    assert_eq!(written.join(", "), text);
    assert_eq!(stated(&format!("Said({text})")).unwrap(), Stated::default());
    assert_eq!(
        stated("stated(limit=0, begin=inf, steps=4)").unwrap(),
        Stated { limit: Some(0.0), begin: f64::INFINITY, steps: 4, ..Stated::default() }
    );
    assert_eq!((all.formula(), all.in_no_package()), ("a formula", Some("it is a test")));
}

#[test]
fn a_statement_refuses_what_lies_out_of_bounds_by_the_name_of_the_setting() {
    for (text, rule) in [
        ("rate=0", "rate must be finite and above 0, but it is 0"),
        ("rate=inf", "rate must be finite and above 0, but it is inf"),
        ("share=1", "share must lie in [0, 1), but it is 1"),
        ("share=NaN", "share must lie in [0, 1), but it is NaN"),
        ("limit=-1", "limit must be finite and not negative, but it is -1"),
        ("begin=-1", "begin must be at least 0, but it is -1"),
        ("steps=0", "steps must be at least 1, but it is 0"),
        ("most=0", "most must be at least 1, but it is 0"),
        ("factors=[1, -2]", "factors must be finite and not negative, but one is -2"),
        ("widths=[4, 0]", "widths must be at least 1, but one is 0"),
        ("index=1.5", "index must be a whole number, but it is 1.5"),
        ("steps=3", "3 steps are odd"),
    ] {
        assert_eq!(stated(&format!("stated({text})")).unwrap_err(), format!("stated: {rule}"));
    }
}

#[test]
fn a_statement_tells_of_each_setting_what_is_stated() {
    let fields = Stated::default().fields();
    let told = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
    assert_eq!(told("rate").default, "1e-3");
    assert_eq!(told("rate").summary(), "A rate");
    assert_eq!(told("rate").rule.as_deref(), Some("must be finite and above 0"));
    assert_eq!(told("most").rule.as_deref(), Some("must be at least 1"));
    assert_eq!(
        (told("limit").summary(), told("on").rule.clone()),
        ("A limit, or none".to_owned(), None)
    );
    let mut stated = Stated::default();
    let named: Vec<_> = stated.settings().iter().map(|(name, _)| *name).collect();
    assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), named);
}
