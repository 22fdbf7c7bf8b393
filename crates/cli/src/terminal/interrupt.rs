//! Ctrl-C, and the other ways in which the system asks a program to end.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::{consts, flag};

/// The signal that came.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Ctrl-C, a request to end, a terminal that is gone.
#[cfg(unix)]
const SIGNALS: [i32; 3] = [consts::SIGINT, consts::SIGTERM, consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [consts::SIGINT, consts::SIGTERM];

/// A flag that the first such signal raises; the second ends the program at once.
///
/// # Errors
/// If the operating system does not let the signals be handled.
pub fn flag() -> io::Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    let which = SIGNAL.get_or_init(Arc::default);
    for signal in SIGNALS.into_iter().filter(|&signal| !is_ignored(signal)) {
        // In this order: it must not find raised what the first signal raises.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&raised))?;
        flag::register_usize(signal, Arc::clone(which), signal as usize)?;
        flag::register(signal, Arc::clone(&raised))?;
    }
    Ok(raised)
}

/// The exit code of a program that a signal stopped: 128 plus the number of the signal, as shells
/// have it; 130 for Ctrl-C.
pub fn exit_code() -> ExitCode {
    let signal = SIGNAL.get().map_or(0, |which| which.load(Ordering::Relaxed));
    ExitCode::from(128 + if signal == 0 { consts::SIGINT as u8 } else { signal as u8 })
}

/// That a file grows beyond what the system allows is an error of the write instead of the end of
/// the program.
///
/// # Errors
/// If the operating system does not let the signal be handled.
pub fn outlive_large_files() -> io::Result<()> {
    #[cfg(unix)]
    flag::register(consts::SIGXFSZ, Arc::default())?;
    Ok(())
}

/// Returns true if whoever started the program wants the signal ignored, as `nohup` does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
