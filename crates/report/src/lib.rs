#![doc = include_str!("../README.md")]

pub mod figure;

mod error;
mod page;
mod result;
mod run;

pub use error::ReportError;
pub use run::Run;
