//! `chainrule` alone: trains a network to read the digits, tests it, saves it.

mod answer;
mod confusion;
mod drawing;
pub mod outcome;
pub mod run;
mod scores;
mod text;
