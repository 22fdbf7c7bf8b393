//! Names that are typed where a trainer takes one: unknown ones are refused before the first step,
//! with a suggestion. Kind "names that do nothing" (keras-team/keras#6954).

use crate::common;

use chainrule_nn::loss::CrossEntropy;
use chainrule_nn::{Model, config::Setting};
use chainrule_train::callback::{BestWeights, EarlyStopping, Monitor, Progress};
use chainrule_train::constraint::{MaxNorm, NonNegative};
use chainrule_train::metric::{Accuracy, LogLoss, TopKAccuracy};
use chainrule_train::optimizer::{Adam, Optimizer, RmsProp, Sgd, Update};
use chainrule_train::schedule::{Interval, ReduceOnPlateau};
use chainrule_train::{Group, Penalty, Trainer, constraint, metric, optimizer, schedule};
use common::{classes, classifier};

/// The message of a training that is set up like this, none if it runs; no step may have been made.
fn refused(set_up: impl FnOnce(Trainer<'_>) -> Trainer<'_>) -> Option<String> {
    let (model, data) = (classifier(), classes(20, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.clone();
    let mut epochs = 0;
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(2);
    let result =
        set_up(trainer.callback(Progress::new(|_| epochs += 1))).fit(&mut params, &data, None);
    let error = result.err().map(|error| error.to_string());
    if error.is_some() {
        assert_eq!(
            (epochs, params.values()),
            (0, before.values()),
            "refused before the first step"
        );
    }
    error
}

#[test]
fn every_monitor_of_an_unknown_number_is_refused_with_a_suggestion() {
    type SetUp = fn(Trainer<'_>, Monitor) -> Trainer<'_>;
    let places: [SetUp; 5] = [
        |trainer, monitor| trainer.callback(EarlyStopping::new(monitor, 3)),
        |trainer, monitor| trainer.callback(BestWeights::new(monitor)),
        |trainer, monitor| trainer.reduce_on_plateau(ReduceOnPlateau::default(), monitor),
        |trainer, monitor| {
            // Through a reference, as callbacks are kept that are asked afterwards.
            trainer.callback(Box::leak(Box::new(EarlyStopping::new(monitor, 3))))
        },
        |trainer, monitor| {
            trainer
                .callback(EarlyStopping::new(Monitor::loss(), 3))
                .callback(BestWeights::new(monitor))
        },
    ];
    let has = "the trainer has: loss, accuracy, log_loss, each taken from the validation data if \
               there are any";
    for place in places {
        let told = |monitor| {
            refused(|trainer| {
                place(trainer.metric(Accuracy::new()).metric(LogLoss::new()), monitor)
            })
        };
        for (name, meant) in [
            ("acuracy", Some("accuracy")),
            ("Accuracy", Some("accuracy")),
            ("val_accuracy", Some("accuracy")),
            ("validation/log_loss", Some("log_loss")),
            ("val_loss", Some("loss")),
            ("accuracy_score", Some("accuracy")),
            ("lossloss", Some("loss")),
            ("f1", None),
            ("", None),
        ] {
            let meant =
                meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
            let expected = format!("there is no `{name}` to watch{meant}; {has}");
            assert_eq!(told(Monitor::highest(name)), Some(expected.clone()));
            assert_eq!(told(Monitor::lowest(name)), Some(expected));
        }
        for monitor in [Monitor::loss(), Monitor::lowest("loss"), Monitor::lowest("log_loss")] {
            assert_eq!(told(monitor), None);
        }
    }
}

#[test]
fn a_name_stands_for_one_number_alone() {
    let again =
        refused(|trainer| trainer.metric(TopKAccuracy::new(1)).metric(TopKAccuracy::new(2)));
    assert_eq!(
        again.unwrap(),
        "a metric is called `top_k_accuracy`, which is the name of another metric: add it with \
         `metric_as` and a name of \
         its own, or leave it out"
    );
    let loss = refused(|trainer| trainer.metric_as("loss", Accuracy::new())).unwrap();
    assert!(loss.starts_with("a metric is called `loss`, which is the name of the loss"), "{loss}");
    for place in 0..metric::all::<f32>().len() {
        let [first, second] = [(); 2].map(|()| metric::all::<f32>().swap_remove(place));
        let name = first.name();
        let again = refused(|trainer| trainer.metric(first).metric(second)).unwrap();
        assert!(again.starts_with(&format!("a metric is called `{name}`, ")), "{again}");
    }

    let (model, data) = (classifier(), classes(20, 0));
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1))
        .metric_as("top_1", TopKAccuracy::new(1))
        .metric_as("top_2", TopKAccuracy::new(2))
        .callback(EarlyStopping::new(Monitor::highest("top_2"), 3));
    let history = trainer.fit(&mut model.init([2], 0).unwrap(), &data, None).unwrap();
    let scores = &history.last().unwrap().train;
    assert!(scores.metric("top_1").unwrap() < scores.metric("top_2").unwrap(), "{scores:?}");
}

#[test]
fn every_pattern_without_a_parameter_is_refused_with_a_suggestion() {
    type SetUp = for<'a> fn(Trainer<'a>, &'static str) -> Trainer<'a>;
    let places: [SetUp; 4] = [
        |trainer, pattern| trainer.freeze(pattern),
        |trainer, pattern| trainer.groups([Group::new(pattern).learning_rate(0.5)]),
        |trainer, pattern| trainer.penalty(Penalty::l2(0.1).on(pattern)),
        |trainer, pattern| trainer.constraint(pattern, MaxNorm { max_norm: 1.0 }),
    ];
    for place in places {
        for (pattern, meant) in [
            ("0.wieght", " (did you mean `0.weight`?)"),
            ("0.Weight", " (did you mean `0.weight`?)"),
            ("*.bais", " (did you mean `0.bias`?)"),
            ("", ""),
            ("xyz", ""),
        ] {
            let told = refused(|trainer| place(trainer, pattern)).unwrap();
            let there = "there are: 0.weight, 0.bias, 2.weight, 2.bias";
            assert_eq!(told, format!("no parameter has a name like `{pattern}`{meant}; {there}"));
        }
        assert_eq!(refused(|trainer| place(trainer, "0.*")), None);
    }
}

#[test]
fn settings_that_cannot_act_together_are_refused() {
    type SetUp = fn(Trainer<'_>) -> Trainer<'_>;
    let cases: [(SetUp, &str); 8] = [
        (
            |trainer| trainer.freeze("0.*").freeze("2.*"),
            "all parameters are frozen, so that nothing would be trained",
        ),
        (
            |trainer| trainer.schedule_by(Interval::Step),
            "`schedule_by` has no effect without a schedule",
        ),
        (
            |trainer| {
                let up = ReduceOnPlateau { maximise: true, ..ReduceOnPlateau::default() };
                trainer.reduce_on_plateau(up, Monitor::loss())
            },
            "reduce_on_plateau: maximise=true, but the monitor says that less of the watched \
             number is better",
        ),
        (
            |trainer| {
                trainer.groups([
                    Group::new("0.*").learning_rate(0.5),
                    Group::new("*").weight_decay(0.1),
                ])
            },
            "group `0.*` has no effect: later groups choose all of its parameters",
        ),
        (
            |trainer| trainer.groups([Group::new("0.*").learning_rate(0.5).frozen()]),
            "group `0.*`: what is frozen has no use for a learning rate or a weight decay",
        ),
        (
            |trainer| trainer.freeze("0.*").penalty(Penalty::l2(0.1).on("0.weight")),
            "the penalty on `0.weight` has no effect: all parameters of these names are frozen",
        ),
        (
            |trainer| trainer.freeze("0.*").constraint("0.*", NonNegative),
            "the constraint on `0.*` has no effect: all parameters of these names are frozen",
        ),
        (
            |trainer| trainer.metric(Accuracy::new()).metric(Accuracy::new()),
            "a metric is called `accuracy`",
        ),
    ];
    for (set_up, expected) in cases {
        let told = refused(set_up).expect(expected);
        assert!(told.starts_with(expected), "{told}");
    }
    for accepted in [
        (|trainer| {
            trainer
                .groups([Group::new("*").weight_decay(0.1), Group::new("0.*").learning_rate(0.5)])
        }) as SetUp,
        |trainer| trainer.freeze("0.*").penalty(Penalty::l2(0.1)).constraint("*", NonNegative),
    ] {
        assert_eq!(refused(accepted), None);
    }
    for margin in [-1e-9, -1.0, f64::NAN, f64::INFINITY] {
        let told = refused(|trainer| {
            trainer.callback(EarlyStopping::new(Monitor::loss(), 3).margin(margin))
        })
        .unwrap();
        let expected = format!(
            "early stopping: the margin must be finite and not negative, but it is {margin}"
        );
        assert_eq!(told, expected);
    }
    let error = optimizer::by_name::<f32>("sgd(dampening=0.5)").unwrap_err().to_string();
    assert_eq!(error, "sgd: dampening has no effect without a momentum; leave it out, or give one");
}

/// Every family that takes a text: a letter less in a name or in a setting's name is refused, and
/// the name is suggested.
#[test]
fn every_name_of_every_list_is_suggested_for_itself_without_a_letter() {
    fn without_a_letter(name: &str) -> String {
        name.chars().enumerate().filter(|(i, _)| *i != name.len() / 2).map(|(_, c)| c).collect()
    }
    let mut tried = 0;
    let mut check =
        |name: &str, settings: Vec<&'static str>, error: &dyn Fn(&str) -> Option<String>| {
            let missing = without_a_letter(name);
            // What is left may be another name: `adam` of `adamw`.
            if let Some(told) = error(&missing) {
                assert!(
                    told.starts_with("there is no ") && told.contains("did you mean `"),
                    "{missing}: {told}"
                );
                tried += 1;
            }
            for setting in settings {
                let missing = format!("{name}({}x=1)", without_a_letter(setting));
                let told = error(&missing).expect(&missing);
                assert!(told.contains(" has no setting `"), "{missing}: {told}");
                tried += 1;
            }
        };
    fn names(settings: &[(&'static str, Setting<'_>)]) -> Vec<&'static str> {
        settings.iter().map(|(name, _)| *name).collect()
    }
    for mut entry in optimizer::all::<f32>() {
        let (name, settings) = (entry.name(), names(&entry.settings()));
        check(name, settings, &|text| {
            optimizer::by_name::<f32>(text).err().map(|error| error.to_string())
        });
    }
    for mut entry in metric::all::<f32>() {
        let (name, settings) = (entry.name(), names(&entry.settings()));
        check(name, settings, &|text| {
            metric::by_name::<f32>(text).err().map(|error| error.to_string())
        });
    }
    for mut entry in schedule::all() {
        let (name, settings) = (entry.name(), names(&entry.settings()));
        check(name, settings, &|text| schedule::by_name(text).err().map(|error| error.to_string()));
    }
    for mut entry in constraint::all::<f32>() {
        let (name, settings) = (entry.name(), names(&entry.settings()));
        check(name, settings, &|text| {
            constraint::by_name::<f32>(text).err().map(|error| error.to_string())
        });
    }
    assert!(tried > 100, "{tried}");
}

/// Remembers more than any state holds.
#[derive(Debug)]
struct Greedy;

impl Optimizer for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }
    fn learning_rate(&self) -> f64 {
        0.1
    }
    fn slots(&self) -> &[&'static str] {
        &["a", "b", "c", "d", "e", "f"]
    }
    fn step(&self, _: Update<'_, f32>) {}
}

/// Kind "once more": each optimizer of the list within one lookahead and within two, by text,
/// trains or is refused.
#[test]
fn optimizers_within_each_other_train_or_are_refused() {
    let (model, data) = (classifier(), classes(20, 0));
    let fit = |text: &str| {
        let optimizer = optimizer::by_name::<f32>(text).map_err(|error| error.to_string())?;
        let mut params = model.init([2], 0).unwrap();
        let result =
            Trainer::new(&model, CrossEntropy, optimizer).epochs(3).fit(&mut params, &data, None);
        result.map(|_| ()).map_err(|error| error.to_string())
    };
    let texts = optimizer::all::<f32>().into_iter().map(|entry| entry.name().to_owned());
    let texts: Vec<String> = texts
        .chain(
            ["adam(beta1=0.5)", "rmsprop(momentum=0.9, centered=true)", "adamw(amsgrad=true)"]
                .map(str::to_owned),
        )
        .collect();
    for text in texts {
        fit(&format!("lookahead(inner={text})")).unwrap_or_else(|error| panic!("{text}: {error}"));
        let twice = format!("lookahead(inner=lookahead(steps=2, inner={text}), alpha=0.8)");
        if let Err(error) = fit(&twice) {
            let expected = format!(
                "lookahead: `lookahead(steps=2, inner={text})` and the slow weights are 6 vectors"
            );
            assert!(error.starts_with(&expected), "{twice}: {error}");
        }
    }
    let deep = fit("lookahead(inner=lookahead(inner=lookahead(inner=lookahead)))").unwrap_err();
    assert!(
        deep.contains("at most 5 are possible: wrap an optimizer that remembers less"),
        "{deep}"
    );
    let mut params = model.init([2], 0).unwrap();
    let error = Trainer::new(&model, CrossEntropy, Greedy)
        .fit(&mut params, &data, None)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "optimizer `greedy` remembers 6 vectors, but at most 5 are possible");
    // Built by hand, without text.
    let four = RmsProp { momentum: 0.9, centered: true, ..RmsProp::default() };
    let wrapped =
        optimizer::Lookahead::new(optimizer::Lookahead::new(optimizer::Lookahead::new(four)));
    let error = Trainer::new(&model, CrossEntropy, wrapped)
        .fit(&mut params, &data, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("are 6 vectors to remember"), "{error}");
    let fine = optimizer::Lookahead::new(optimizer::Lookahead::new(Adam::default()));
    Trainer::new(&model, CrossEntropy, fine).fit(&mut params, &data, None).unwrap();
}
