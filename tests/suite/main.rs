//! One program for the tests that need none of their own, since each is linked by itself.

mod circles;
mod claims;
mod convergence;
mod denormals;
mod derivatives;
mod determinism;
mod errors;
mod layering;
mod precision;
mod readmes;
mod reliability;
mod second_order;
mod sources;
mod width;
mod words;
