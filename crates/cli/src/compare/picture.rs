//! Accuracies and gradients as a picture.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chainrule_plot::{Canvas, Curves, Figure, Heatmap, PlotError, Theme};

use super::args::Plan;
use super::runs::Run;

/// Where a picture goes.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    png: bool,
}

/// Why a picture cannot go there.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("end the name in .svg or .png")]
    Kind,
    #[error("there is no folder {}; create it, or choose another place", .0.display())]
    NoFolder(PathBuf),
    #[error("there is something there that is not a file")]
    NotAFile,
}

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Place {
    /// A file that can be there, found out before there is anything to draw.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn new(path: PathBuf) -> Result<Self, PlaceError> {
        let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
        let png = match extension.as_deref().and_then(|extension| extension.to_str()) {
            Some("svg") => false,
            Some("png") => true,
            _ => return Err(PlaceError::Kind),
        };
        let folder = folder(&path);
        if !folder.is_dir() {
            return Err(PlaceError::NoFolder(folder.to_owned()));
        }
        if path.exists() && !path.is_file() {
            return Err(PlaceError::NotAFile);
        }
        Ok(Place { path, png })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Draws the picture and puts it there as a whole, so that a failure leaves what was there before.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, figure: &dyn Figure) -> Result<(), PictureError> {
        let bytes = if self.png { figure.png(Theme::Light)? } else { figure.svg(Theme::Light).into_bytes() };
        let beside = folder(&self.path).join(format!(".chainrule-{}.picture", std::process::id()));
        let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &self.path));
        written.map_err(|source| {
            let _ = fs::remove_file(&beside);
            PictureError::Write { path: self.path.clone(), source }
        })
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The accuracies as a table of colours, and below it the gradients of the deepest networks by layer.
pub struct Comparison {
    title: String,
    accuracies: Heatmap,
    gradients: Curves,
}

impl Comparison {
    pub fn new(plan: &Plan, runs: &[Run]) -> Self {
        let find = |activation: &str, depth| runs.iter().find(|run| run.activation == activation && run.depth == depth);
        let row = |activation: &String| {
            let of = |depth: &usize| find(activation, *depth).map_or(f64::NAN, |run| 100.0 * run.accuracy());
            plan.depths.iter().map(of).collect()
        };
        let title = format!("Validation accuracy after {} epochs", plan.epochs);
        let accuracies = Heatmap::new(title, plan.activations.iter().map(row).collect())
            .labels("hidden layers", "activation", "per cent")
            .names(plan.depths.iter().map(ToString::to_string).collect(), plan.activations.clone());
        let deepest = runs.iter().map(|run| run.depth).max().unwrap_or(0);
        let mut gradients = Curves::new(format!("Gradients at the first step, {deepest} hidden layers"))
            .labels("layer, from the input to the output", "norm of dL/dz")
            .log_y();
        for run in runs.iter().filter(|run| run.depth == deepest) {
            gradients = gradients.curve(run.activation.clone(), &run.norms);
        }
        let title = format!("Activations by depth: {} units in each layer, {}", plan.width, plan.optimizer);
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
