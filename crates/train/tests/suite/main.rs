//! One program for all tests of this folder, since each is linked by itself.

mod accumulation;
mod callbacks;
mod common;
mod divisors;
mod groups;
mod interruption;
mod learning_rates;
mod least_squares;
mod names;
mod negative_losses;
mod resume;
mod scores;
mod steps;
mod unreached;
