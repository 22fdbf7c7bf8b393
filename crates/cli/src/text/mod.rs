//! Text for people.

pub mod checked;
pub mod shown;
pub mod unfit;
pub mod wrap;
