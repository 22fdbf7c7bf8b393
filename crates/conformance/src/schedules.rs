//! Schedules: the learning rates of 300 steps.

use chainrule::train::schedule::{self, Plateau, Schedule};

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let (config, base, expected) = (case.text("config")?, case.number("base")?, case.numbers("rates")?);
    let got: Vec<f64> = if case.get("values").is_some() {
        let mut plateau = Plateau::new(config.parse().map_err(|error| format!("{error}"))?, base);
        let observe = |value| {
            let rate = plateau.learning_rate();
            plateau.observe(value);
            rate
        };
        case.numbers("values")?.into_iter().map(observe).collect()
    } else {
        let schedule = schedule::by_name(config).map_err(|error| error.to_string())?;
        (0..expected.len() as u64).map(|step| schedule.learning_rate(base, step)).collect()
    };
    close("rates", &got, &expected, Tolerance::DOUBLE)
}
