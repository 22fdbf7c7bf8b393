use clap::Args;

/// The checks to make.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Only this family
    pub family: Option<String>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}
