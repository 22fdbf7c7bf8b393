#![doc = include_str!("../README.md")]

pub mod counterfactual;
pub mod gain;
pub mod ledger;
pub mod non_finite;

mod pass;
