//! `chainrule conformance`: the library, compared with cases that published packages wrote.

use std::process::ExitCode;

use chainrule_conformance::families;

use crate::failure::Failure;
use crate::flags::checks::CheckArgs;
use crate::flags::names::only;
use crate::text::checked;

/// Makes the checks of all families, or of one, and tells what failed.
///
/// # Errors
/// A family that is not there, or standard output that cannot be written.
pub fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let families = only(families(), args.family.as_deref(), "family", |family| family.name)?;
    Ok(checked::tell(families.iter().map(|family| family.run()), args.json)?)
}
