use crate::axis::{Axis, brief, number, shown};
use crate::canvas::Canvas;
use crate::cells::same_length;
use crate::chart::Chart;
use crate::figure::Figure;

/// The size of the gradient in each layer, early and late in training: bars by layer, with time as
/// colour.
///
/// Bars that shrink from layer to layer show gradients that vanish, bars that grow show gradients
/// that explode. The axis is logarithmic; a norm of zero is a short bar marked `0`. Of more than
/// ten moments, ten at equal distances are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientFlow {
    /// The title.
    pub title: String,
    /// The names of the layers, from the input to the output.
    pub layers: Vec<String>,
    /// The steps at which the norms were taken.
    pub steps: Vec<f64>,
    /// `norms[step][layer]`.
    pub norms: Vec<Vec<f64>>,
}

impl GradientFlow {
    /// Without moments.
    #[must_use]
    pub fn new(title: impl Into<String>, layers: Vec<String>) -> GradientFlow {
        GradientFlow { title: title.into(), layers, ..GradientFlow::default() }
    }

    /// Adds a moment with a norm for each layer.
    #[must_use]
    pub fn step(mut self, step: f64, norms: Vec<f64>) -> GradientFlow {
        self.steps.push(step);
        self.norms.push(norms);
        self
    }

    /// At most ten of the moments, with the first and the last.
    fn chosen(&self) -> Vec<usize> {
        let count = self.norms.len().min(10);
        (0..count).map(|index| index * (self.norms.len() - 1) / (count - 1).max(1)).collect()
    }
}

impl Figure for GradientFlow {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let last = self.norms.last().map_or(String::new(), |norms| {
            let pairs = self
                .layers
                .iter()
                .zip(norms)
                .map(|(layer, &norm)| format!("{layer} {}", brief(norm)));
            format!("; at the last of them {}", pairs.collect::<Vec<_>>().join(", "))
        });
        let moments = match self.steps.len() {
            1 => "one moment".to_owned(),
            several => format!("{several} moments"),
        };
        format!("Norms of gradients of {} layers at {moments}{last}.", self.layers.len())
    }

    fn check(&self) -> Result<(), String> {
        let (layers, steps) = (self.layers.len(), self.steps.len());
        if self.norms.len() != steps {
            return Err(format!(
                "there are norms of {} moments for {steps} steps",
                self.norms.len()
            ));
        }
        same_length("the norms", &self.norms)?;
        match self.norms.first() {
            Some(norms) if norms.len() != layers => {
                Err(format!("there are {} norms for {layers} layers", norms.len()))
            }
            _ => Ok(()),
        }
    }

    fn draw(&self, canvas: &Canvas) {
        let theme = canvas.theme();
        let below = canvas.titled(&self.title);
        let chosen = self.chosen();
        let norms: Vec<f64> =
            chosen.iter().flat_map(|&moment| self.norms[moment].iter().copied()).collect();
        let left_out = norms.iter().filter(|&&norm| !shown(norm)).count();
        let below = below.remark(&match left_out {
            0 => String::new(),
            count => format!("{count} of {} norms are not finite and left out", norms.len()),
        });
        if left_out == norms.len() {
            return below.nothing("There are no norms to show.");
        }
        let shade = |index: usize| theme.gradual(index as f64 / (chosen.len() - 1).max(1) as f64);
        let (first, last) = (self.steps[chosen[0]], self.steps[chosen[chosen.len() - 1]]);
        let bar = [(0.0, number(first, 1.0)), (1.0, number(last, 1.0))];
        let below = match chosen.len() {
            1 => below,
            _ => below.color_bar("step", &bar, |share| theme.gradual(share)),
        };
        let y = Axis::around("norm of the gradient", norms, true, true);
        let chart = Chart::with_grid(&below, Axis::named(&self.layers), y, (false, true));
        let width = 0.8 / chosen.len() as f64;
        for (layer, name) in self.layers.iter().enumerate() {
            canvas.group("layer", name, || {
                for (index, &moment) in chosen.iter().enumerate() {
                    let norm = self.norms[moment][layer];
                    let Some(top) = chart.y.position(norm) else { continue };
                    let left = layer as f64 - 0.4 + index as f64 * width;
                    let title = format!(
                        "{name} at step {}: {}",
                        number(self.steps[moment], 1.0),
                        brief(norm)
                    );
                    // What is at the lower end still shows as a bar.
                    let top = top.max(chart.y.low + 0.008 * (chart.y.high - chart.y.low));
                    canvas.group("bar", &title, || {
                        chart.rectangle(
                            (left, chart.y.low),
                            (left + width * 0.92, top),
                            shade(index),
                        );
                    });
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|layer| format!("layers.{layer}")).collect()
    }

    #[test]
    fn a_bar_for_each_layer_and_moment() {
        let flow = GradientFlow::new("Gradients", names(3)).step(0.0, vec![1e-3, 1e-2, 1e-1]);
        let picture = check::picture(&flow.step(100.0, vec![1e-4, 0.0, f64::NAN]));
        assert_eq!((picture.count("layer"), picture.count("bar")), (3, 5));
        for text in [
            "layers.2",
            "step",
            "100",
            "10⁻²",
            "\u{2264} 0",
            "1 of 6 norms are not finite and left out",
        ] {
            assert!(picture.says(text), "{text}: {:?}", picture.texts);
        }
    }

    #[test]
    fn of_many_moments_ten_are_shown() {
        let flow = (0..1000).fold(GradientFlow::new("a", names(2)), |flow, step| {
            flow.step(f64::from(step), vec![1.0; 2])
        });
        assert_eq!(flow.chosen(), [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]);
        assert_eq!(check::picture(&flow).count("bar"), 20);
    }

    #[test]
    fn nothing_one_moment_and_what_does_not_fit() {
        let none = GradientFlow::new("a", vec![]);
        assert!(check::picture(&none).says("There are no norms to show."));
        assert!(check::picture(&none.step(0.0, vec![])).says("There are no norms to show."));
        check::picture(&GradientFlow::new("a", names(1)).step(7.0, vec![0.0]));
        check::picture(
            &GradientFlow::new("a", names(100))
                .step(f64::NAN, vec![1e-300; 100])
                .step(1e20, vec![1e300; 100]),
        );
        let wrong = GradientFlow::new("a", names(2)).step(0.0, vec![1.0]);
        assert_eq!(wrong.check().unwrap_err(), "there are 1 norms for 2 layers");
    }
}
