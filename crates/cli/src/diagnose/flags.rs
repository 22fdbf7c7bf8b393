//! A recipe as flags.

use super::recipe::{Recipe, short};

/// The flags that, behind those of one recipe, give the other: those that differ. Remedies only switch things on.
pub fn difference(from: &Recipe, to: &Recipe) -> String {
    let widths = |recipe: &Recipe| match &recipe.hidden[..] {
        [] => "none".to_owned(),
        widths => widths.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let valued = |recipe: &Recipe| {
        [
            ("hidden", widths(recipe)),
            ("activation", recipe.activation.clone()),
            ("init", recipe.init.clone().unwrap_or_else(|| "fitting".to_owned())),
            ("output-activation", recipe.output_activation.clone().unwrap_or_else(|| "none".to_owned())),
            ("loss", recipe.loss.clone()),
            ("optimizer", recipe.optimizer.clone()),
            ("learning-rate", short(recipe.learning_rate)),
            ("epochs", recipe.epochs.to_string()),
            ("dropout", number(recipe.dropout)),
            ("clip-norm", number(recipe.clip_norm)),
            ("early-stopping", recipe.early_stopping.map(|n| n.to_string()).unwrap_or_default()),
        ]
    };
    let switches = |recipe: &Recipe| {
        [
            ("normalise", recipe.normalise),
            ("class-weights", recipe.class_weights),
            ("standardise-inputs", recipe.standardise_inputs),
            ("standardise-targets", recipe.standardise_targets),
            ("drop-constant-inputs", recipe.drop_constant_inputs),
        ]
    };
    let changed = valued(from).into_iter().zip(valued(to)).filter(|(from, to)| from != to);
    let valued = changed.map(|(_, (name, value))| match value.contains(['(', ' ', '[']) {
        true => format!("--{name} '{value}'"),
        false => format!("--{name} {value}"),
    });
    let switched = switches(from).into_iter().zip(switches(to)).filter(|(from, to)| from != to);
    valued.chain(switched.map(|(_, (name, _))| format!("--{name}"))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::recipe::tests::recipe;
    use super::*;

    #[test]
    fn what_differs_is_told_as_flags_that_give_it() {
        let from = recipe(&["--activation", "sigmoid", "--init", "constant(value=0.1)"]).unwrap();
        let to = ["--hidden", "8,4", "--normalise", "--optimizer", "sgd(momentum=0.9)", "--dropout", "0.5"];
        let to = recipe(&to).unwrap();
        let text = difference(&from, &to);
        assert_eq!(
            text,
            "--hidden 8,4 --activation relu --init fitting --optimizer 'sgd(momentum=0.9)' --learning-rate 0.1 \
             --dropout 0.5 --normalise"
        );
        let flags: Vec<String> = text.split(' ').map(|part| part.replace('\'', "")).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        assert_eq!(recipe(&flags).unwrap(), to);
        assert_eq!(difference(&to, &to), "");
    }
}
