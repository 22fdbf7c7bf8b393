//! The messages for a program that is called in a wrong way.

use std::fmt::Display;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error};

use crate::args::Args;
use crate::text::shown::{self, shown};

/// The parts of the command line that are put into a message.
const TYPED: [ContextKind; 4] = [
    ContextKind::InvalidArg,
    ContextKind::InvalidSubcommand,
    ContextKind::InvalidValue,
    ContextKind::PriorArg,
];

/// Flags that have another name now.
const RENAMED: [(&str, &str); 3] = [
    ("--label", "--target"),
    ("--standardise-inputs", "--scale-inputs standard"),
    ("--standardise-targets", "--scale-targets standard"),
];

/// Says what is wrong with a flag, of a subcommand if it is one of its flags, and ends the program.
pub fn refuse(subcommand: Option<&str>, error: impl Display) -> ! {
    let mut command = Args::command();
    command.build();
    let command = match subcommand {
        Some(name) => command.find_subcommand_mut(name).expect("the subcommand is there"),
        None => &mut command,
    };
    command.error(ErrorKind::ValueValidation, shown::message(&error.to_string())).exit()
}

/// Tells what the parser of the flags has found, and ends the program.
pub fn exit(mut error: Error) -> ! {
    for kind in TYPED {
        if let Some(ContextValue::String(typed)) = error.get(kind) {
            let typed = shown(typed);
            error.insert(kind, ContextValue::String(typed));
        }
    }
    if let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) {
        let name = typed.split(['=', ' ']).next().unwrap_or_default();
        if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
            refuse(called().as_deref(), format!("{name}: that flag is now {new}"));
        }
    }
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(typed)) => Some(typed.as_str()),
        _ => None,
    };
    let command = Args::command();
    let names: Vec<&str> = command.get_subcommands().map(|command| command.get_name()).collect();
    if let (ErrorKind::InvalidSubcommand, Some(word)) =
        (error.kind(), typed(ContextKind::InvalidSubcommand))
    {
        let names = names.join(", ");
        let example = "to learn from a table, `chainrule train FILE --target COLUMN`";
        refuse(None, format!("there is no command `{word}`; there are: {names}; {example}"));
    }
    let word = typed(ContextKind::InvalidArg).filter(|word| !word.starts_with('-'));
    if let (ErrorKind::UnknownArgument, Some(word)) = (error.kind(), word) {
        refuse(
            called().as_deref(),
            format!(
                "`{word}` is a word too many; leave it out, or write what it is a value of before \
                 it"
            ),
        );
    }
    error.exit()
}

/// The command that was called, if it is one.
fn called() -> Option<String> {
    let first = std::env::args().nth(1)?;
    let names = Args::command();
    let name = names.get_subcommands().find(|command| command.get_name() == first)?.get_name();
    Some(name.to_owned())
}
