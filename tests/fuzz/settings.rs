//! Texts that choose entries of lists, with settings of every kind.

use chainrule::nn::config::Setting;
use chainrule::nn::{Configure, activation, init, layer, loss};
use chainrule::train::{Penalty, constraint, metric, optimizer, schedule};

use crate::draw::Draw;

/// The text of an entry with some of its settings drawn.
pub fn text(draw: &mut Draw, name: &str, entry: &mut (impl Configure + ?Sized)) -> String {
    let mut settings = Vec::new();
    for (setting, value) in entry.settings() {
        if draw.once_in(2) {
            settings.push(format!("{setting}={}", drawn(draw, &value)));
        }
    }
    if settings.is_empty() { name.to_owned() } else { format!("{name}({})", settings.join(", ")) }
}

fn drawn(draw: &mut Draw, setting: &Setting<'_>) -> String {
    match setting {
        Setting::Number(_) => draw.number().to_string(),
        Setting::NumberOr(..) if draw.once_in(2) => "tanh".to_owned(),
        Setting::Optional(_) | Setting::OptionalCount(_) if draw.once_in(3) => "none".to_owned(),
        Setting::NumberOr(..) | Setting::Optional(_) => draw.number().to_string(),
        Setting::Count(_) | Setting::OptionalCount(_) => draw.count().to_string(),
        Setting::Flag(_) => draw.of(&["true", "false"]).to_owned(),
        Setting::Numbers(_) => {
            let numbers: Vec<String> =
                (0..draw.below(5)).map(|_| draw.number().to_string()).collect();
            format!("[{}]", numbers.join(", "))
        }
        Setting::Choice(_, words) => draw.of(words).to_owned(),
        Setting::Text(_) => draw.of(&["*", "*.weight", "nothing", "0.bias", "**"]).to_owned(),
        Setting::Entry(_) => {
            let entries = [
                "adam",
                "sgd(momentum=0.9)",
                "constant",
                "cosine(total=3)",
                "step(step_size=0)",
                "lookahead",
            ];
            draw.of(&entries).to_owned()
        }
        other => other.to_string(),
    }
}

/// Texts without sense, to every list: nothing of them may be more than an error.
pub fn texts(draw: &mut Draw) {
    let words = [
        "relu",
        "linear",
        "sequential",
        "residual",
        "parallel",
        "adam",
        "lookahead",
        "inner",
        "then",
        "outputs",
    ];
    let marks = [
        "(",
        ")",
        "[",
        "]",
        ",",
        "=",
        " ",
        "none",
        "nan",
        "-1",
        "1e999",
        "18446744073709551616",
        "é",
        "\0",
    ];
    let mut text = String::new();
    match draw.below(4) {
        // Deep.
        0 => {
            let (open, depth) = (
                draw.of(&["sequential[", "residual[", "lookahead(inner=", "((", "["]),
                draw.below(3000),
            );
            text = open.repeat(depth)
                + draw.of(&["relu", "", ","])
                + &draw.of(&["]", ")", ""]).repeat(depth);
        }
        // Wide.
        1 => text = format!("parallel[{}relu]", "relu, ".repeat(draw.below(40))),
        _ => {
            for _ in 0..draw.below(30) {
                text += if draw.once_in(2) { draw.of(&words) } else { draw.of(&marks) };
            }
        }
    }
    match draw.below(10) {
        0 => _ = activation::by_name::<f32>(&text).map(|_| ()),
        1 => _ = layer::by_name::<f32>(&text).map(|_| ()),
        2 => _ = loss::by_name::<f32>(&text).map(|_| ()),
        3 => _ = init::by_name(&text).map(|_| ()),
        4 => _ = optimizer::by_name::<f32>(&text).map(|_| ()),
        5 => _ = schedule::by_name(&text).map(|_| ()),
        6 => _ = metric::by_name::<f32>(&text).map(|_| ()),
        7 => _ = constraint::by_name::<f32>(&text).map(|_| ()),
        8 => _ = text.parse::<Penalty>().map(|_| ()),
        _ => _ = text.parse::<optimizer::Lbfgs>().map(|_| ()),
    }
}
