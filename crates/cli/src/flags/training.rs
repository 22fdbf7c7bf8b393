//! The flags that every command shares that trains.

use std::path::PathBuf;

use chainrule::recipe::{Recipe, RecipeError};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::error::FlagError;
use super::idle::idle;
use super::list::{FLAGS, Flag, Kind, flag_of};
use super::{parse, rate};

/// A recipe from a file, and flags over it.
#[derive(Clone, Debug, Default)]
pub struct TrainingArgs {
    file: Option<PathBuf>,
    given: Vec<(&'static Flag, Vec<String>)>,
}

impl TrainingArgs {
    /// The recipe of the file, or this one without a file, with the flags over it.
    ///
    /// # Errors
    /// The first flag whose value makes no sense, or that cannot act.
    pub fn recipe(&self, base: &Recipe) -> Result<Recipe, FlagError> {
        let mut recipe = match &self.file {
            Some(path) => {
                let read = Recipe::from_file(path);
                read.map_err(|error| FlagError::File(error.to_string()))?
            }
            None => base.clone(),
        };
        for (flag, values) in &self.given {
            let last = values.last().map_or("", String::as_str);
            let set = plain(flag, values).and_then(|text| {
                recipe.set(flag.key, &text).map_err(|error| match error {
                    RecipeError::Value { why, .. } => why,
                    error => error.to_string(),
                })
            });
            set.map_err(|why| self.refused(flag, last, why))?;
        }
        let has = |key| self.has(key);
        let has_none = self.file.is_none() && base.learning_rate.is_none();
        if !has("learning_rate") && (has_none || has("optimizer")) {
            // A text that names no optimizer is told below.
            recipe.learning_rate = rate::suited(&recipe.optimizer).ok();
        }
        recipe.best_weights |= has("early_stopping") && !has("best_weights");
        recipe.dropout = recipe.dropout.filter(|share| *share != 0.0);
        if has("learning_rate") && has("optimizer") && recipe.optimizer.contains("learning_rate") {
            self.refuse(&["learning_rate"], "--optimizer gives one, too; leave one of both out")?;
        }
        // Before the recipe is checked, which names keys in place of flags.
        let mut flags = self.given.iter();
        if let Some((flag, why)) =
            flags.find_map(|(flag, _)| Some((flag, idle(&recipe, flag.key)?)))
        {
            return Err(FlagError::Idle { flag: flag.name, why: why.to_owned() });
        }
        recipe.check().map_err(|error| self.told(error))?;
        Ok(recipe)
    }

    /// True if the flag of this key was given.
    pub fn has(&self, key: &str) -> bool {
        self.given.iter().any(|(flag, _)| flag.key == key)
    }

    /// True if the loss is chosen by a flag or a file.
    pub fn chooses_loss(&self) -> bool {
        self.file.is_some() || self.has("loss")
    }

    /// Refuses the flags of these keys, which cannot act for this reason.
    ///
    /// # Errors
    /// The first of them that was given.
    pub fn refuse(&self, keys: &[&str], why: &str) -> Result<(), FlagError> {
        match self.given.iter().find(|(flag, _)| keys.contains(&flag.key)) {
            Some((flag, _)) => Err(FlagError::Idle { flag: flag.name, why: why.to_owned() }),
            None => Ok(()),
        }
    }

    /// Refuses every flag, where nothing is trained.
    ///
    /// # Errors
    /// The first that was given.
    pub fn refuse_all(&self, why: &str) -> Result<(), FlagError> {
        let file = self.file.iter().map(|_| "recipe");
        match file.chain(self.given.iter().map(|(flag, _)| flag.name)).next() {
            Some(flag) => Err(FlagError::Idle { flag, why: why.to_owned() }),
            None => Ok(()),
        }
    }

    /// An error of a recipe with the flag that it goes back to.
    pub fn told(&self, error: RecipeError) -> FlagError {
        let RecipeError::Value { key, why, .. } = error else {
            return FlagError::File(crate::text::unfit::recipe(&error));
        };
        match (self.given.iter().find(|(flag, _)| flag.key == key), &self.file, flag_of(&key)) {
            (Some((flag, values)), ..) => {
                self.refused(flag, values.last().map_or("", String::as_str), why)
            }
            (None, Some(path), _) => FlagError::File(format!("{}: `{key}`: {why}", path.display())),
            (None, None, Some(flag)) => FlagError::Idle { flag: flag.name, why },
            (None, None, None) => FlagError::File(format!("`{key}`: {why}")),
        }
    }

    fn refused(&self, flag: &Flag, value: &str, why: String) -> FlagError {
        match flag.kind {
            Kind::Switch if value == "true" => FlagError::Idle { flag: flag.name, why },
            _ => FlagError::Value { flag: flag.name, value: value.to_owned(), why },
        }
    }
}

/// The values of a flag as the text of its key.
fn plain(flag: &Flag, values: &[String]) -> Result<String, String> {
    let last = values.last().map_or("", String::as_str).trim();
    match flag.kind {
        Kind::Texts => Ok(format!("[{}]", values.join(", "))),
        Kind::Widths if matches!(last, "" | "none") => Ok("[]".to_owned()),
        Kind::Widths => {
            let is_width = |width: &str| width.trim().parse::<usize>().is_ok_and(|n| n > 0);
            match last.split(',').all(is_width) {
                true => Ok(last.to_owned()),
                false => Err("must be whole numbers of at least 1, separated by commas, such as \
                              64,32, or `none`"
                    .to_owned()),
            }
        }
        Kind::Count if last != "none" => parse::count(last).map(|count| count.to_string()),
        Kind::Seed => parse::seed(last).map(|seed| seed.to_string()),
        Kind::Number if last != "none" => parse::number(last).map(|_| last.to_owned()),
        Kind::Text if last.is_empty() => Err("is empty; give a name, or leave it out".to_owned()),
        _ => Ok(last.to_owned()),
    }
}

impl Args for TrainingArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("recipe")
            .long("recipe")
            .value_name("FILE.toml")
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading("The training as a file")
            .help(
                "Take the training from a recipe, as it stands beside or inside a saved network; \
                 flags go over it",
            );
        let of = |flag: &'static Flag| {
            let arg = Arg::new(flag.key).long(flag.name).value_name(flag.value);
            let arg = arg.help(flag.help()).help_heading(flag.heading);
            match flag.kind {
                Kind::Texts => arg.action(ArgAction::Append),
                Kind::Switch => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
                    .action(ArgAction::Set),
                _ => arg.action(ArgAction::Set).allow_hyphen_values(flag.is_number()),
            }
        };
        command.arg(file).args(FLAGS.iter().map(of))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TrainingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |flag: &'static Flag| {
            let values: Vec<String> = matches.get_many::<String>(flag.key)?.cloned().collect();
            Some((flag, values))
        };
        let file = matches.get_one::<PathBuf>("recipe").cloned();
        Ok(TrainingArgs { file, given: FLAGS.iter().filter_map(given).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The training without any flag.
pub fn usual() -> Recipe {
    Recipe { hidden: vec![256, 128], epochs: 40, ..Recipe::default() }
}

/// The same with a metric among those that are measured.
pub fn measuring(mut recipe: Recipe, metric: &str) -> Recipe {
    if !recipe.metrics.iter().any(|known| known == metric) {
        recipe.metrics.push(metric.to_owned());
    }
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::list::activations;
    use crate::flags::told::difference;
    use chainrule::prelude::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        training: TrainingArgs,
    }

    fn resolve(flags: &[&str]) -> Result<Recipe, String> {
        let flags = Flags::try_parse_from(["chainrule"].iter().chain(flags)).unwrap();
        flags.training.recipe(&usual()).map_err(|error| error.to_string())
    }

    #[test]
    fn without_flags_everything_has_a_default() {
        let recipe = resolve(&[]).unwrap();
        assert_eq!((recipe.seed, recipe.epochs, recipe.batch_size), (0, 40, 32));
        assert_eq!((recipe.optimizer.as_str(), recipe.rate().unwrap()), ("adam", 0.001));
        assert_eq!((&recipe.hidden[..], recipe.activation.as_str()), (&[256, 128][..], "relu"));
    }

    /// Kind: a flag that says nothing. Each flag of the list with a value, by itself.
    #[test]
    fn every_flag_reaches_its_key() {
        for (flag, value) in [
            ("hidden", "8,4"),
            ("activation", "tanh"),
            ("init", "orthogonal"),
            ("output-activation", "identity"),
            ("normalise", "true"),
            ("dropout", "0.5"),
            ("model", "sequential[linear(outputs=10)]"),
            ("initialiser", "0.*: orthogonal"),
            ("loss", "mse"),
            ("init-from-data", "unit_columns"),
            ("class-weights", "true"),
            ("optimizer", "lamb"),
            ("learning-rate", "0.5"),
            ("schedule", "cosine(total=40)"),
            ("decay-schedule", "flat_cosine"),
            ("dropout-schedule", "flat_cosine"),
            ("schedule-by", "step"),
            ("plateau", "reduce_on_plateau(patience=3)"),
            ("group", "group(on=*.bias, learning_rate=2)"),
            ("penalty", "penalty(l2=1e-4, on=*.weight)"),
            ("constraint", "*.weight: max_norm(max_norm=3)"),
            ("clip-norm", "1"),
            ("clip-value", "0.5"),
            ("epochs", "3"),
            ("batch-size", "17"),
            ("drop-last", "true"),
            ("accumulate", "2"),
            ("early-stopping", "4"),
            ("margin", "0.1"),
            ("best-weights", "true"),
            ("last-of-equals", "true"),
            ("monitor", "highest accuracy"),
            ("metric", "f1(average=macro)"),
            ("seed", "7"),
            ("shuffle", "false"),
            ("precision", "fast"),
            ("scale-inputs", "standard"),
            ("scale-targets", "min_max"),
            ("clamp-answers", "true"),
            ("drop-constant-inputs", "true"),
        ] {
            let found = FLAGS.iter().find(|known| known.name == flag).unwrap();
            let mut flags = vec![format!("--{flag}={value}")];
            // What else it takes for the flag to act.
            match flag {
                "margin" => flags.push("--early-stopping=3".to_owned()),
                "monitor" => flags.push("--best-weights".to_owned()),
                "schedule-by" => flags.push("--schedule=exponential".to_owned()),
                _ => {}
            }
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            let recipe = resolve(&flags).unwrap();
            assert_ne!(recipe.values(found.key), usual().values(found.key), "{flag}");
            // And back again.
            let told = difference(&resolve(&[]).unwrap(), &recipe);
            assert!(told.contains(&format!("--{flag}")), "{told}");
        }
        assert_eq!(FLAGS.len(), 40);
    }

    #[test]
    fn the_learning_rate_follows_the_optimizer_unless_given() {
        let rate = |flags: &[&str]| resolve(flags).unwrap().rate().unwrap();
        assert_eq!(rate(&["--optimizer", "sgd"]), 0.1);
        assert_eq!(rate(&["--optimizer", "sgd", "--learning-rate", "2"]), 2.0);
        assert_eq!(rate(&["--optimizer", "sgd(learning_rate=0.3)"]), 0.3);
    }

    #[test]
    fn hidden_layers_are_read_as_a_list() {
        let hidden = |text: &str| resolve(&["--hidden", text]).map(|recipe| recipe.hidden);
        for none in ["", "none", " "] {
            assert_eq!(hidden(none), Ok(vec![]));
        }
        assert_eq!(hidden("64"), Ok(vec![64]));
        assert_eq!(hidden("64, 32,16"), Ok(vec![64, 32, 16]));
        for wrong in ["64,", "0", "-3", "64;32", "1e3"] {
            let rest = "must be whole numbers of at least 1, separated by commas, such as 64,32, \
                        or `none`";
            assert_eq!(hidden(wrong), Err(format!("--hidden {wrong}: {rest}")));
        }
    }

    #[test]
    fn lists_are_given_one_by_one() {
        let flags = ["--metric", "accuracy", "--metric", "f1(average=micro)"];
        assert_eq!(resolve(&flags).unwrap().metrics, ["accuracy", "f1(average=micro)"]);
    }

    #[test]
    fn every_activation_in_the_list_works_and_others_are_named() {
        for name in activations() {
            assert_eq!(resolve(&["--activation", &name]).unwrap().activation, name);
        }
        let error = resolve(&["--activation", "rleu"]).unwrap_err();
        let expected = "--activation rleu: there is no activation `rleu` (did you mean `relu`?)";
        assert!(error.starts_with(expected), "{error}");
        let known = format!("there are: {}", activations().join(", "));
        for name in ["softmax", "log_softmax", "softmin"] {
            let why = "turns the outputs of a whole layer into probabilities, so that it is not \
                       for hidden layers";
            assert_eq!(
                resolve(&["--activation", name]).unwrap_err(),
                format!("--activation {name}: `{name}` {why}; {known}")
            );
        }
    }

    #[test]
    fn an_optimizer_can_be_given_settings() {
        let optimizer = |flags: &[&str]| {
            resolve(flags).map(|recipe| format!("{:?}", recipe.optimizer::<f32>().unwrap()))
        };
        let adam = Adam { beta1: 0.8, ..Adam::new(0.001) };
        assert_eq!(optimizer(&["--optimizer", "adam(beta1=0.8)"]), Ok(format!("{adam:?}")));
        let adam = Adam { learning_rate: 0.01, ..adam };
        let flags = ["--optimizer", "adam(beta1=0.8)", "--learning-rate", "0.01"];
        assert_eq!(optimizer(&flags), Ok(format!("{adam:?}")));
        let sgd = Sgd::new(0.1).momentum(0.9);
        assert_eq!(optimizer(&["--optimizer", "sgd(momentum=0.9)"]), Ok(format!("{sgd:?}")));
        assert_eq!(
            optimizer(&["--optimizer", "adam(beta1=2)"]).unwrap_err(),
            "--optimizer adam(beta1=2): adam: beta1 must lie in [0, 1), but it is 2"
        );
    }

    #[test]
    fn wrong_values_are_told_with_the_flag() {
        for (flags, expected) in [
            (&["--epochs", "0"][..], "--epochs 0: must be a whole number of at least 1"),
            (&["--batch-size", "-5"], "--batch-size -5: must be a whole number of at least 1"),
            (&["--learning-rate", "inf"], "--learning-rate inf: must be a number above 0"),
            (&["--learning-rate", "NaN"], "--learning-rate NaN: must be a number above 0"),
            (&["--optimizer", "adma"], "--optimizer adma: there is no optimizer `adma` (did you"),
            (&["--optimizer", "lbfgs"], "--optimizer lbfgs: lbfgs takes all samples at once"),
            (&["--init", "he"], "there is no initialiser `he` (did you mean `he_normal`?)"),
            (&["--loss", "crosentropy"], "(did you mean `cross_entropy`?)"),
            (&["--output-activation", "softmx"], "(did you mean `softmax`?)"),
            (&["--dropout", "1"], "--dropout 1: must be a share from 0 to below 1"),
            (&["--clip-norm", "0"], "--clip-norm 0: must be a number above 0"),
            (&["--early-stopping", "0"], "--early-stopping 0: must be a whole number of at least"),
            (&["--schedule", "cosin"], "--schedule cosin: there is no schedule `cosin` (did you"),
            (&["--metric", "accurcy"], "--metric accurcy: there is no metric `accurcy` (did you"),
            (&["--constraint", "max_norm"], "name the parameters in front of the rule"),
            (&["--monitor", "accuracy", "--best-weights"], "--monitor accuracy: must be loss, or"),
            (&["--model", "linearr"], "--model linearr: there is no layer `linearr` (did you mean"),
            (&["--normalise=maybe"], "--normalise maybe: must be true or false"),
            (&["--precision", "f16"], "--precision f16: must be one of: f32, fast, bf16"),
        ] {
            let error = resolve(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// Kind: a flag that cannot act.
    #[test]
    fn flags_that_cannot_act_are_refused() {
        let whole = "the model is given as a whole";
        for (flags, expected) in [
            (&["--model", "linear(outputs=10)", "--hidden", "8"][..], ("hidden", whole)),
            (&["--model", "linear(outputs=10)", "--dropout", "0.5"], ("dropout", whole)),
            (&["--hidden", "none", "--dropout", "0.5"], ("dropout", "there is no hidden layer")),
            (&["--hidden", "none", "--normalise"], ("normalise", "there is no hidden layer")),
            (&["--loss", "mse", "--class-weights"], ("class-weights", "the loss `mse` has no")),
            (&["--margin", "0.1"], ("margin", "has no effect without --early-stopping")),
            (&["--monitor", "lowest log_loss"], ("monitor", "nothing watches it")),
            (&["--schedule-by", "step"], ("schedule-by step", "has no effect without a")),
        ] {
            let error = resolve(flags).unwrap_err();
            let (flag, why) = expected;
            assert!(error.starts_with(&format!("--{flag}: ")) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn flags_go_over_the_recipe_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recipe.toml");
        let file = path.to_str().unwrap();
        std::fs::write(&path, "hidden = [5]\nepochs = 3\noptimizer = \"sgd\"\n").unwrap();
        let recipe = resolve(&["--recipe", file]).unwrap();
        let expected = Recipe { hidden: vec![5], epochs: 3, ..Recipe::default() };
        assert_eq!(recipe, Recipe { optimizer: "sgd".to_owned(), ..expected });
        let recipe = resolve(&["--recipe", file, "--epochs", "7", "--optimizer", "adam"]).unwrap();
        assert_eq!((recipe.epochs, recipe.hidden, recipe.learning_rate), (7, vec![5], Some(0.001)));
        std::fs::write(&path, "epoch = 3").unwrap();
        let error = resolve(&["--recipe", file]).unwrap_err();
        assert!(error.contains("recipe.toml: line 1: there is no key `epoch`"), "{error}");
        std::fs::write(&path, "layers = \"linear(outputs=10)\"").unwrap();
        let error = resolve(&["--recipe", file, "--hidden", "8"]).unwrap_err();
        assert!(error.starts_with("--hidden: the model is given as a whole"), "{error}");
        assert!(resolve(&["--recipe", "no/such"]).unwrap_err().starts_with("--recipe no/such: "));
    }

    #[test]
    fn what_differs_is_told_as_flags_that_give_it() {
        let from = resolve(&["--activation", "sigmoid", "--init", "constant(value=0.1)"]).unwrap();
        let to = ["--hidden", "8,4", "--normalise", "--optimizer", "sgd(momentum=0.9)"];
        let to = [&to[..], &["--dropout", "0.5", "--penalty", "penalty(l2=1e-4)"]].concat();
        let to = resolve(&to).unwrap();
        let text = difference(&from, &to);
        assert_eq!(
            text,
            "--hidden 8,4 --activation relu --init fitting --normalise --dropout 0.5 \
             --optimizer 'sgd(momentum=0.9)' --learning-rate 0.1 --penalty 'penalty(l2=1e-4)'"
        );
        let flags: Vec<String> = text.split(' ').map(|part| part.replace('\'', "")).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        assert_eq!(resolve(&flags).unwrap(), to);
        assert_eq!(difference(&to, &to), "");
    }
}
