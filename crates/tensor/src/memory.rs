//! The one rule for sizes that come from outside: what a single value may ask for of the memory.
//!
//! A size that a caller, a text or a file names is checked before anything of it is allocated. So a
//! wrong one is an error instead of an overflow, an abort or a computer that swaps. One value may
//! ask for as many bytes as the [memory that there is](available), and no more. Shapes are checked
//! by [`Shape::fits`](crate::Shape::fits), other numbers of values by [`check`].

use std::fs::read_to_string;
use std::sync::OnceLock;

/// Where the system does not tell how much memory there is: 1 TiB.
const UNKNOWN: usize = 1 << 40;

/// A size that memory cannot hold.
///
/// ```
/// use chainrule_tensor::{Shape, memory};
///
/// assert!(memory::check::<f32>(1_000).is_ok());
/// let error = memory::check::<f32>(1 << 60).unwrap_err().to_string();
/// assert!(error.starts_with("4.6e9 GB are more than the memory that there is"), "{error}");
/// assert!(Shape::new(&[1 << 32, 1 << 32]).fits::<f32>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} are more than the memory that there is, {}", in_words(*.bytes), in_words(*.memory))]
pub struct TooLarge {
    /// The bytes asked for; `usize::MAX` for those or more.
    pub bytes: usize,
    /// The bytes that one value may ask for.
    pub memory: usize,
}

/// The number of bytes that one value may ask for: the memory of the machine, or less where the
/// process is held to less (a control group, an address space). It is asked for once. Where the
/// system does not tell, it is 1 TiB.
#[must_use]
pub fn available() -> usize {
    static AVAILABLE: OnceLock<usize> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        let number =
            |text: &str| text.split_whitespace().find_map(|word| word.parse::<usize>().ok());
        let of_line = |file: &str, start: &str| {
            let text = read_to_string(file).ok()?;
            text.lines().find_map(|line| line.strip_prefix(start)).and_then(number)
        };
        let machine = of_line("/proc/meminfo", "MemTotal:")
            .map(|kilobytes: usize| kilobytes.saturating_mul(1024));
        let address_space = of_line("/proc/self/limits", "Max address space");
        let group = of_line("/sys/fs/cgroup/memory.max", "");
        [machine, address_space, group]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(UNKNOWN)
            .min(isize::MAX as usize)
    })
}

/// Checks that so many values of a type may be asked for; `usize::MAX` stands for a product that is
/// larger than it.
///
/// # Errors
/// [`TooLarge`] if they are more than what is [available].
pub fn check<T>(values: usize) -> Result<(), TooLarge> {
    let (bytes, memory) = (values.saturating_mul(size_of::<T>()), available());
    if bytes <= memory { Ok(()) } else { Err(TooLarge { bytes, memory }) }
}

/// The product of lengths; `usize::MAX` where it is larger, a length that no slice of numbers has.
#[must_use]
pub fn product(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |product, &length| product.saturating_mul(length))
}

/// Bytes in words, of which two digits are told.
fn in_words(bytes: usize) -> String {
    match bytes {
        usize::MAX => "more bytes than can be counted".to_owned(),
        bytes if bytes < 1_000_000 => format!("{bytes} bytes"),
        bytes => match bytes as f64 / 1e9 {
            gigabytes if gigabytes < 1e6 => format!("{gigabytes:.1} GB"),
            gigabytes => format!("{gigabytes:.1e} GB"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Memory safety: a size that cannot be allocated is an error before it is tried.
    #[test]
    fn what_may_be_asked_for_is_that_of_the_machine() {
        let memory = available();
        assert!(memory > 1 << 26, "less than this test takes: {memory}");
        assert_eq!(check::<u8>(memory), Ok(()));
        let error = check::<u8>(memory + 1).unwrap_err();
        assert_eq!(error, TooLarge { bytes: memory + 1, memory });
        assert!(check::<f64>(memory / 8 + 1).is_err());
        let error = check::<f64>(usize::MAX).unwrap_err().to_string();
        assert!(
            error.starts_with("more bytes than can be counted are more than the memory"),
            "{error}"
        );
    }

    #[test]
    fn products_saturate() {
        assert_eq!(product(&[]), 1);
        assert_eq!(product(&[3, 4]), 12);
        assert_eq!(product(&[1 << 32, 1 << 32]), usize::MAX);
        assert_eq!(product(&[1 << 32, 1 << 32, 0]), 0);
    }
}
