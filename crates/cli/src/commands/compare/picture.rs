//! Accuracies and gradients as a picture.

use chainrule_plot::{Canvas, Curves, Figure, Heatmap};

use super::plan::Plan;
use super::runs::Combination;

/// The accuracies as a table of colours, and below it the gradients of the deepest networks by
/// layer.
pub struct Comparison {
    title: String,
    accuracies: Heatmap,
    gradients: Curves,
}

impl Comparison {
    pub fn new(plan: &Plan, runs: &[Combination]) -> Self {
        let find = |activation: &str, depth| {
            runs.iter().find(|run| run.activation == activation && run.depth == depth)
        };
        let row = |activation: &String| {
            let of = |depth: &usize| {
                find(activation, *depth).map_or(f64::NAN, |run| 100.0 * run.accuracy())
            };
            plan.depths.iter().map(of).collect()
        };
        let title = format!("Validation accuracy after {} epochs", plan.recipe.epochs);
        let accuracies = Heatmap::new(title, plan.activations.iter().map(row).collect())
            .labels("hidden layers", "activation", "per cent")
            .names(plan.depths.iter().map(ToString::to_string).collect(), plan.activations.clone());
        let deepest = runs.iter().map(|run| run.depth).max().unwrap_or(0);
        let mut gradients =
            Curves::new(format!("Gradients at the first step, {deepest} hidden layers"))
                .labels("layer, from the input to the output", "norm of dL/dz")
                .log_y();
        for run in runs.iter().filter(|run| run.depth == deepest) {
            gradients = gradients.curve(run.activation.clone(), &run.norms);
        }
        let title = format!(
            "Activations by depth: {} units in each layer, {}",
            plan.width, plan.recipe.optimizer
        );
        Comparison { title, accuracies, gradients }
    }
}

impl Figure for Comparison {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        format!("{} {}", self.accuracies.description(), self.gradients.description())
    }

    fn size(&self) -> (u32, u32) {
        (720, 900)
    }

    fn check(&self) -> Result<(), String> {
        self.accuracies.check()
    }

    fn draw(&self, canvas: &Canvas) {
        let below = canvas.titled(&self.title);
        let half = below.height() / 2.0;
        self.accuracies.draw(&below.part(0.0, 0.0, below.width(), half));
        self.gradients.draw(&below.part(0.0, half, below.width(), half));
    }
}
