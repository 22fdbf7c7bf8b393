//! The report: each part is a function from results to text.

pub mod answer;
pub mod confusion;
pub mod drawing;
pub mod number;
pub mod scores;
pub mod text;
pub mod wrap;
