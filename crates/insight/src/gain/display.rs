use std::fmt;

use chainrule_config::number::fixed;

use super::{GainReport, LayerGain, Ratio, Repair};

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| fixed(x, 3));
        f.pad(&format!("{} ({})", text(self.measured), text(self.theory)))
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repair { activation, now, usual, gain, .. } = self;
        write!(f, "{activation}: a gain of {gain:.3} in front of it")?;
        if (gain - usual).abs() > 1e-3 {
            write!(f, " (the usual {usual:.3} does not keep gradients)")?;
        }
        let factor = self.factor();
        if (0.9..1.1).contains(&factor) {
            write!(f, "; the weights have {now:.3}, leave them")
        } else {
            write!(f, "; the weights have {now:.3}, multiply them by {factor:.3}")
        }
    }
}

impl fmt::Display for GainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&LayerGain) -> &str| {
            self.layers.iter().map(|layer| text(layer).len()).max().unwrap_or(0)
        };
        let (a, b) = (width(|layer| &layer.path).max(5), width(|layer| &layer.kind));
        writeln!(
            f,
            "{:<a$}  {:<b$}  {:>10}  {:>18}  {:>10}  {:>18}  {:>5}",
            "layer", "", "values^2", "out/in (theory)", "gradient", "in^2/out^2 (th.)", "gain"
        )?;
        for layer in &self.layers {
            let gain = layer.gain.map_or_else(String::new, |gain| format!("{gain:.2}"));
            let gradient =
                layer.gradient.map_or_else(|| "-".to_owned(), |gradient| format!("{gradient:.1e}"));
            writeln!(
                f,
                "{:<a$}  {:<b$}  {:>10}  {:>18}  {gradient:>10}  {:>18}  {gain:>5}",
                layer.path,
                layer.kind,
                fixed(layer.mean_square, 3),
                layer.forward,
                layer.backward
            )?;
        }
        if let (Some(forward), Some(backward)) = (self.forward, self.backward) {
            writeln!(
                f,
                "from one linear layer to the next, values^2 change by {}, gradients^2 on their \
                 way back by {}",
                fixed(forward, 3),
                fixed(backward, 3)
            )?;
        }
        if let Some(layers) = self.underflow {
            writeln!(
                f,
                "going on so, a gradient of {} underflows after {layers} linear layers",
                self.dtype
            )?;
        }
        if let Some(layers) = self.overflow {
            writeln!(
                f,
                "going on so, a gradient of {} overflows after {layers} linear layers",
                self.dtype
            )?;
        }
        self.repairs.iter().try_for_each(|repair| writeln!(f, "{repair}"))
    }
}
