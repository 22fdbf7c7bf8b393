use std::path::PathBuf;

use clap::Args;

use crate::flags::talk::TalkArgs;

/// The network to look into.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The file of a saved network
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,

    #[command(flatten)]
    pub talk: TalkArgs,
}
