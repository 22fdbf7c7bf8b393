//! What a training leaves, and where it goes.

pub mod place;
pub mod tensorboard;
pub mod traces;
