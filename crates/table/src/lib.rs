#![doc = include_str!("../README.md")]

mod cell;
mod error;
mod format;
mod judge;
mod kind;
mod options;
mod predict;
mod raw;
mod report;
mod roles;
mod schema;
mod source;
mod table;
mod text;
mod words;

pub use cell::Form;
pub use error::TableError;
pub use options::Options;
pub use predict::{Samples, Stream, read_as};
pub use report::{ColumnReport, Distinct, Kind, Report};
pub use roles::Role;
pub use schema::{Cells, Field, Schema};
pub use source::Source;
pub use table::{Table, read};
