//! The files that a training leaves, and their places.

pub mod folder;
pub mod metrics;
pub mod place;
pub mod tensorboard;
pub mod traces;
