//! The arguments of the commands that say how to use the others.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi completions bash > ~/.local/share/bash-completion/completions/cpex-wasmi
  cpex-wasmi completions zsh > ~/.zfunc/_cpex-wasmi
  cpex-wasmi completions fish > ~/.config/fish/completions/cpex-wasmi.fish

The directory must exist. Start a new shell afterwards. For zsh, ~/.zshrc needs `fpath+=~/.zfunc` before `compinit`.

Exit status:
  0  printed
  2  an argument is invalid
  3  the output cannot be written")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi man | man -l -
  cpex-wasmi man call | man -l -
  cpex-wasmi man --output ~/.local/share/man/man1

Exit status:
  0  printed or written
  2  an argument is invalid
  3  the output cannot be written")]
pub(crate) struct ManArgs {
    /// The command to print the page of [default: the page of all commands]
    #[arg(value_name = "COMMAND")]
    pub(crate) of: Option<String>,
    /// Write all pages to this directory, which is made if it is missing
    #[arg(long, short, value_name = "DIR", conflicts_with = "of")]
    pub(crate) output: Option<PathBuf>,
}
