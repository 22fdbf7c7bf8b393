//! One program for all tests of this folder, since each is linked by itself.

mod checkpoints;
mod run;
mod text;
