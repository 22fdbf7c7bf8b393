//! Schedules: the learning rates of 300 steps, and the momenta where they follow the schedule.

use chainrule::train::schedule::{self, Plateau, Schedule};

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let (config, base, expected) =
        (case.text("config")?, case.number("base")?, case.numbers("rates")?);
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
        let momenta: Vec<f64> =
            (0..expected.len() as u64).filter_map(|step| schedule.momentum(step)).collect();
        let own = case.get("momenta").is_none();
        close(
            "momenta",
            &momenta,
            &if own { Vec::new() } else { case.numbers("momenta")? },
            Tolerance::DOUBLE,
        )?;
        (0..expected.len() as u64).map(|step| schedule.learning_rate(base, step)).collect()
    };
    close("rates", &got, &expected, Tolerance::DOUBLE)
}
