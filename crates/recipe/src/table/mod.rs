mod answers;
mod inputs;
mod network;
mod parts;
mod training;

pub use answers::Answers;
pub use inputs::TableInputs;
pub use network::TableNetwork;
pub use parts::Parts;
pub use training::{TableRun, TableTraining};
