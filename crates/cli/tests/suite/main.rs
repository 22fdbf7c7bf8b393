//! One program for all tests of this folder, since each is linked by itself.

mod common;
mod compare;
mod diagnose;
mod flags;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(unix)]
mod interrupt;
mod licences;
mod lists;
#[cfg(target_os = "linux")]
mod memory;
mod messages;
#[cfg(unix)]
mod outputs;
#[cfg(unix)]
mod pipes;
mod report;
mod saving;
mod tables;
mod tensorboard;
#[cfg(target_os = "linux")]
mod terminal;
mod traces;
