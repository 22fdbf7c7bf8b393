use std::fmt;

use super::Comparison;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.runs.iter().map(|run| name(run.knob.as_ref())).collect();
        let widths: Vec<usize> = names.iter().map(|name| name.chars().count().max(10)).collect();
        let mut row = |title: &str, cell: &dyn Fn(usize) -> String| {
            write!(f, "{title:<22}")?;
            for (run, width) in widths.iter().enumerate() {
                write!(f, "  {:>width$}", cell(run))?;
            }
            writeln!(f)
        };
        let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.4}"));
        row("", &|run| names[run].clone())?;
        row("parameters", &|run| self.runs[run].weights.to_string())?;
        row("of them equal at first", &|run| self.runs[run].same_weights.to_string())?;
        row("epochs", &|run| self.runs[run].epochs.len().to_string())?;
        row("loss, first epoch", &|run| number(self.runs[run].epochs.first().map(|epoch| epoch.train.loss)))?;
        row("loss, last epoch", &|run| number(self.runs[run].epochs.last().map(|epoch| epoch.train.loss)))?;
        row("validation loss", &|run| number(self.runs[run].loss()))?;
        row("validation accuracy", &|run| number(self.runs[run].accuracy()))?;
        for (run, name) in self.runs.iter().zip(&names) {
            if let Some(why) = &run.failed {
                writeln!(f, "{name}: {why}")?;
            }
        }
        Ok(())
    }
}

fn name(knob: Option<&super::Knob>) -> String {
    knob.map_or_else(|| "unchanged".to_owned(), ToString::to_string)
}
