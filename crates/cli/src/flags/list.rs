//! The flags of a training: one for each key of a recipe.

use chainrule::nn::{activation, init, layer, loss};
use chainrule::train::{metric, optimizer, schedule};

/// A flag that stands for a key of a recipe.
#[derive(Debug)]
pub struct Flag {
    pub name: &'static str,
    pub key: &'static str,
    pub kind: Kind,
    /// The word for its value.
    pub value: &'static str,
    pub heading: &'static str,
    help: &'static str,
    /// The names that there are, behind the help.
    names: Option<fn() -> Vec<String>>,
}

/// The kind of value behind a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text for each time that the flag is given.
    Texts,
    /// Whole numbers, separated by commas.
    Widths,
    Count,
    Seed,
    Number,
    /// `true` without a value.
    Switch,
}

impl Flag {
    /// The help, with the names that there are.
    pub fn help(&self) -> String {
        match self.names {
            Some(names) => format!("{}: {}", self.help, names().join(", ")),
            None => self.help.to_owned(),
        }
    }

    /// The help without the names.
    pub fn meaning(&self) -> &'static str {
        self.help
    }

    /// True if a value may begin with a hyphen, as a negative number does.
    pub fn is_number(&self) -> bool {
        !matches!(self.kind, Kind::Text | Kind::Texts | Kind::Switch)
    }

    const fn of(
        key: &'static str,
        kind: Kind,
        value: &'static str,
        heading: &'static str,
        help: &'static str,
    ) -> Flag {
        Flag { name: key, key, kind, value, heading, help, names: None }
    }

    const fn named(self, name: &'static str) -> Flag {
        Flag { name, ..self }
    }

    const fn listing(self, names: fn() -> Vec<String>) -> Flag {
        Flag { names: Some(names), ..self }
    }
}

const NETWORK: &str = "The network";
const STEPS: &str = "The loss and the steps";
const COURSE: &str = "The course of the training";
const DATA: &str = "The data";

/// All flags, in the order of the help.
pub static FLAGS: [Flag; 40] = [
    Flag::of(
        "hidden",
        Kind::Widths,
        "WIDTHS",
        NETWORK,
        "The widths of the hidden layers, separated by commas; `none` for no hidden layer \
         [default: 256,128]",
    ),
    Flag::of(
        "activation",
        Kind::Text,
        "NAME",
        NETWORK,
        "What the hidden layers apply [default: relu]",
    )
    .listing(activations),
    Flag::of(
        "init",
        Kind::Text,
        "NAME",
        NETWORK,
        "How weights start, such as normal(deviation=0.01); `fitting`, the default, as suits the \
         activation",
    )
    .listing(initialisers),
    Flag::of(
        "output_activation",
        Kind::Text,
        "NAME",
        NETWORK,
        "What the output layer applies, such as softmax; `none`, the default, since most losses \
         take logits",
    )
    .named("output-activation"),
    Flag::of(
        "normalise",
        Kind::Switch,
        "BOOL",
        NETWORK,
        "Normalise what goes into each activation over its features",
    ),
    Flag::of(
        "dropout",
        Kind::Number,
        "SHARE",
        NETWORK,
        "Leave out this part of the hidden values at random",
    ),
    Flag::of(
        "layers",
        Kind::Text,
        "LAYERS",
        NETWORK,
        "The whole model in place of the flags above, such as \
         `sequential[linear(outputs=32), batch_norm, relu, linear(outputs=10)]`",
    )
    .named("model")
    .listing(layers),
    Flag::of(
        "initialisers",
        Kind::Texts,
        "PATTERN: RULE",
        NETWORK,
        "How parameters of these names start, such as `0.*: orthogonal(gain=2)`; again for more",
    )
    .named("initialiser"),
    Flag::of(
        "init_from_data",
        Kind::Text,
        "RULE",
        NETWORK,
        "First weights by the first batch, after all other rules: unit_columns or unit_variance",
    )
    .named("init-from-data"),
    Flag::of(
        "loss",
        Kind::Text,
        "NAME",
        STEPS,
        "The loss, such as cross_entropy(label_smoothing=0.1) [default: cross_entropy for classes, \
         mse for values]",
    )
    .listing(losses),
    Flag::of(
        "class_weights",
        Kind::Switch,
        "BOOL",
        STEPS,
        "Make all classes count the same in the loss",
    )
    .named("class-weights"),
    Flag::of(
        "optimizer",
        Kind::Text,
        "NAME",
        STEPS,
        "The rule that moves the weights, such as adam, the default, or adam(beta1=0.8)",
    )
    .listing(optimizers),
    Flag::of(
        "learning_rate",
        Kind::Number,
        "RATE",
        STEPS,
        "How far each step goes [default: 0.001 for adam, 0.1 for sgd, for others their own]",
    )
    .named("learning-rate"),
    Flag::of(
        "schedule",
        Kind::Text,
        "NAME",
        STEPS,
        "How the learning rate goes, such as cosine(total=40); `none`, the default, keeps it",
    )
    .listing(schedules),
    Flag::of(
        "decay_schedule",
        Kind::Text,
        "NAME",
        STEPS,
        "The course of the groups' weight decay, such as flat_cosine; `none`, the default, keeps \
         it",
    )
    .named("decay-schedule")
    .listing(schedules),
    Flag::of(
        "dropout_schedule",
        Kind::Text,
        "NAME",
        STEPS,
        "The course of the dropped share, such as flat_cosine; `none`, the default, keeps it",
    )
    .named("dropout-schedule")
    .listing(schedules),
    Flag::of(
        "schedule_by",
        Kind::Text,
        "WORD",
        STEPS,
        "What the schedule counts: epoch, the default, or step",
    )
    .named("schedule-by"),
    Flag::of(
        "plateau",
        Kind::Text,
        "RULE",
        STEPS,
        "When the learning rate is lowered, such as reduce_on_plateau(patience=3)",
    ),
    Flag::of(
        "groups",
        Kind::Texts,
        "GROUP",
        STEPS,
        "Parameters with settings of their own, such as `group(on=*.bias, learning_rate=2)`; again \
         for more",
    )
    .named("group"),
    Flag::of(
        "penalties",
        Kind::Texts,
        "PENALTY",
        STEPS,
        "A penalty on large weights, such as `penalty(l2=1e-4, on=*.weight)`; again for more",
    )
    .named("penalty"),
    Flag::of(
        "constraints",
        Kind::Texts,
        "PATTERN: RULE",
        STEPS,
        "What weights must satisfy after each step, such as `*.weight: max_norm(max_norm=3)`; \
         again for more",
    )
    .named("constraint"),
    Flag::of("clip_norm", Kind::Number, "NORM", STEPS, "Shorten gradients to this norm")
        .named("clip-norm"),
    Flag::of(
        "clip_value",
        Kind::Number,
        "SIZE",
        STEPS,
        "Limit each element of the gradient to this size",
    )
    .named("clip-value"),
    Flag::of(
        "epochs",
        Kind::Count,
        "N",
        COURSE,
        "How often to go through the training data [default: 40; 20 to compare]",
    ),
    Flag::of("batch_size", Kind::Count, "N", COURSE, "How many samples make a batch [default: 32]")
        .named("batch-size"),
    Flag::of(
        "drop_last",
        Kind::Switch,
        "BOOL",
        COURSE,
        "Leave out the last batch of an epoch where it is smaller",
    )
    .named("drop-last"),
    Flag::of("accumulate", Kind::Count, "N", COURSE, "How many batches make a step [default: 1]"),
    Flag::of(
        "early_stopping",
        Kind::Count,
        "EPOCHS",
        COURSE,
        "Stop after so many epochs without a better validation loss, and keep the best weights",
    )
    .named("early-stopping"),
    Flag::of(
        "margin",
        Kind::Number,
        "NUMBER",
        COURSE,
        "The least change that counts as better [default: 0]",
    ),
    Flag::of(
        "best_weights",
        Kind::Switch,
        "BOOL",
        COURSE,
        "End with the weights of the best epoch, not of the last",
    )
    .named("best-weights"),
    Flag::of(
        "last_of_equals",
        Kind::Switch,
        "BOOL",
        COURSE,
        "Keep the last of equally good epochs, not the first",
    )
    .named("last-of-equals"),
    Flag::of(
        "monitor",
        Kind::Text,
        "NUMBER",
        COURSE,
        "What tells the best epoch: loss, the default, or such as `highest accuracy`",
    ),
    Flag::of(
        "metrics",
        Kind::Texts,
        "NAME",
        COURSE,
        "What is measured beside the loss, such as f1(average=macro); again for more",
    )
    .named("metric")
    .listing(metrics),
    Flag::of(
        "seed",
        Kind::Seed,
        "N",
        COURSE,
        "Fixes the split of the data, the first weights and the order of the samples [default: 0]",
    ),
    Flag::of(
        "shuffle",
        Kind::Switch,
        "BOOL",
        COURSE,
        "Samples in a new order in each epoch [default: true]",
    ),
    Flag::of(
        "precision",
        Kind::Text,
        "WORD",
        COURSE,
        "How exactly large products are computed: f32, the default, fast or bf16",
    ),
    Flag::of(
        "scale_inputs",
        Kind::Text,
        "WORD",
        DATA,
        "Scale the inputs: `standard` to mean 0 and deviation 1, `min_max` to 0 to 1 \
         [default: none]",
    )
    .named("scale-inputs"),
    Flag::of(
        "scale_targets",
        Kind::Text,
        "WORD",
        DATA,
        "Scale targets that are numbers: standard, min_max or none, the default",
    )
    .named("scale-targets"),
    Flag::of(
        "clamp_answers",
        Kind::Switch,
        "BOOL",
        DATA,
        "Keep answers that are numbers within those of the training data",
    )
    .named("clamp-answers"),
    Flag::of(
        "drop_constant_inputs",
        Kind::Switch,
        "BOOL",
        DATA,
        "Leave out inputs that never change",
    )
    .named("drop-constant-inputs"),
];

/// The flag of a key.
pub fn flag_of(key: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.key == key)
}

/// The activations that a hidden layer can have: those that make no distribution of its outputs.
pub fn activations() -> Vec<String> {
    let all = activation::all::<f32>().into_iter();
    let hidden = all.filter(|activation| !activation.for_outputs());
    hidden.map(|activation| activation.kind().to_owned()).collect()
}

fn initialisers() -> Vec<String> {
    init::all().iter().map(|entry| entry.name().to_owned()).collect()
}

fn layers() -> Vec<String> {
    layer::all::<f32>().iter().map(|entry| entry.kind().to_owned()).collect()
}

fn losses() -> Vec<String> {
    loss::all::<f32>().iter().map(|entry| entry.name().to_owned()).collect()
}

fn optimizers() -> Vec<String> {
    optimizer::all::<f32>().iter().map(|entry| entry.name().to_owned()).collect()
}

fn schedules() -> Vec<String> {
    schedule::all().iter().map(|entry| entry.name().to_owned()).collect()
}

fn metrics() -> Vec<String> {
    metric::all::<f32>().iter().map(|entry| entry.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::recipe::Recipe;

    #[test]
    fn every_key_of_a_recipe_has_one_flag_and_every_flag_a_key() {
        let mut keys = Recipe::keys();
        let mut named: Vec<&str> = FLAGS.iter().map(|flag| flag.key).collect();
        keys.sort_unstable();
        named.sort_unstable();
        assert_eq!(keys, named);
        for flag in &FLAGS {
            let singular = matches!(flag.kind, Kind::Texts) || flag.key == "layers";
            assert!(singular || flag.name == flag.key.replace('_', "-"), "{}", flag.name);
        }
    }

    #[test]
    fn the_defaults_in_the_help_are_the_real_ones() {
        let help = flag_of("learning_rate").unwrap().help();
        for (optimizer, rate) in [("adam", 0.001), ("sgd", 0.1)] {
            assert!(help.contains(&format!("{rate} for {optimizer}")), "{help}");
            assert_eq!(crate::flags::rate::suited(optimizer).unwrap(), rate);
        }
    }
}
