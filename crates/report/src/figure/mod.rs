//! The figures of a run, a function for each. `None`, or none at all, where a figure does not
//! apply: what it needs is not there, or the model is not of the kind that it shows.

mod activations;
mod answers;
mod confusion;
mod decision;
mod functions;
mod gradient_flow;
mod graph;
mod landscape;
mod losses;
mod pictures;
mod units;
mod updates;
mod weights;
mod words;

pub use activations::activations;
pub(crate) use answers::right;
pub use confusion::confusion;
pub use decision::decision;
pub use functions::functions;
pub use gradient_flow::gradient_flow;
pub use graph::graph;
pub use landscape::landscape;
pub use losses::{learning_rate, losses, metrics};
pub use pictures::pictures;
pub use units::units;
pub use updates::updates;
pub use weights::{first_layer, weights};
pub(crate) use words::counted;
use words::label;
