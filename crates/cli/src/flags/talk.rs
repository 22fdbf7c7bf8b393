use clap::Args;

use crate::terminal::console::Console;

/// How much is said.
#[derive(Clone, Copy, Debug, Args)]
pub struct TalkArgs {
    /// Say nothing unless something goes wrong
    #[arg(long, short)]
    pub quiet: bool,

    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

impl TalkArgs {
    /// The streams with what these flags allow on them.
    pub fn console(self) -> Console {
        Console::new(self.quiet, self.json)
    }
}
