//! The files that a training leaves, and their places.

pub mod place;
pub mod tensorboard;
pub mod traces;
