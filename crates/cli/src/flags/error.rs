use crate::text::shown::shown;

/// A flag whose value makes no sense, or that cannot act. The message names the flag, the value and
/// what to do.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    #[error("--{flag} {}: {}", shown(.value), in_part(.why, .value))]
    Value { flag: &'static str, value: String, why: String },
    #[error("--{flag}: {why}")]
    Idle { flag: &'static str, why: String },
    #[error("--recipe {0}")]
    File(String),
}

/// The reason, in which a long value stands in part.
fn in_part(why: &str, value: &str) -> String {
    let value = value.trim();
    if value.is_empty() { why.to_owned() } else { why.replace(value, &shown(value)) }
}
