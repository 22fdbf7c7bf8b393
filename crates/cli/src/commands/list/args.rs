use clap::{Args, ValueEnum};

/// The list to show.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only this list: activations, losses, initialisers, layers, optimizers, schedules or metrics
    pub list: Option<String>,

    /// In which form
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,

    /// As JSON; short for `--format json`
    #[arg(long)]
    pub json: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One line for each entry
    Text,
    /// One object
    Json,
    /// A table for each list
    Markdown,
}
