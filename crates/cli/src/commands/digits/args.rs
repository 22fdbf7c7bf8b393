use std::path::PathBuf;

use clap::Args;

use crate::flags::talk::TalkArgs;
use crate::flags::training::TrainingArgs;
use crate::output::place::DEFAULT_PATH;
use crate::output::traces::TraceArgs;

/// How to train on the digits.
#[derive(Clone, Debug, Args)]
pub struct DigitsArgs {
    #[arg(long, value_name = "PATH",
        help = format!("Where to save the network, replacing what is there [default: \
                        {DEFAULT_PATH}, keeping what is there under another name]"))]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub traces: TraceArgs,

    #[command(flatten)]
    pub talk: TalkArgs,

    #[command(flatten)]
    pub training: TrainingArgs,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule                                    train, show the result, save the network
  chainrule --hidden none                      no hidden layer: softmax regression
  chainrule --hidden 32,32,32 --activation tanh --seed 7
  chainrule --optimizer sgd --learning-rate 0.05 --batch-size 16 --epochs 100
  chainrule --schedule 'cosine(total=40)' --penalty 'penalty(l2=1e-4, on=*.weight)'
  chainrule --recipe recipe.toml --epochs 80   a training from a file, and flags over it
  chainrule --json --quiet --output /tmp/net.safetensors
  chainrule --report run.html --record run.json     what the training looked like inside
  chainrule list losses                        what can be chosen, with settings and defaults

Files:
  The network is saved as safetensors, with its recipe in TOML, from which any program can load it.
  Without --output, a network already saved under the default name is kept as digits.1.safetensors,
  digits.2.safetensors and so on, unless the new one is the same. If another program saves one there
  meanwhile, that stays, and the new one takes such a name; the program says which.
  Links are followed, permissions are kept, and a file is written as a whole or not at all.

Ctrl-C stops after the current batch and saves the best weights so far; a second one quits at once.
Before the end of the first epoch, weights are saved only where no file is there yet. A request to \
end
(SIGTERM) and a terminal that is gone (SIGHUP) do the same, unless they are to be ignored, as by \
nohup.
A training that diverges fails, and saves the best weights before that, if an epoch was completed.
Both leave the files of --report and --record with what was seen. Watching does not change the \
network.
NO_COLOR turns colours off. Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done
  1  something failed: the loss became infinite, the file cannot be written
  2  a flag or the recipe is wrong
  130  stopped by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)";
