#![doc = include_str!("../README.md")]

pub mod figure;

mod error;
mod material;
mod page;
mod result;

pub use error::ReportError;
pub use material::Material;
