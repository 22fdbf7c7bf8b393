//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a program that Ctrl-C stopped exits with: 128 plus the number of the signal, as shells have it.
pub const EXIT_CODE: u8 = 130;

/// A flag that the first Ctrl-C raises; the second ends the program at once.
///
/// # Errors
/// If the operating system does not let the signal be handled.
pub fn flag() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(EXIT_CODE));
        }
    })?;
    Ok(flag)
}
