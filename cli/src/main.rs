//! The command line of `cpex-wasmi`: inspects, checks, runs, measures and scaffolds policy plugins.
//!
//! Each command is a module with a function `run`, which gives the exit status or a
//! [`Failure`]. Nothing but this file, `terminal.rs` and `progress.rs` writes to the terminal.
#![forbid(unsafe_code)]

mod access;
mod args;
mod bench;
mod build;
mod call;
mod check;
mod crew;
mod embed;
mod entry;
mod failure;
mod fit;
mod input;
mod inspect;
mod json;
mod manual;
mod new;
mod plugin_file;
mod policy_file;
mod progress;
mod schema;
mod shell;
mod spread;
mod stubs;
mod style;
mod subject;
mod terminal;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use serde_json::Map;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure, Form};
use crate::terminal::Unwritten;

fn main() -> ExitCode {
    let colour = args::colour(std::env::args_os());
    let parsed = Cli::command().color(colour.into()).try_get_matches();
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(Cli { command, telling }) => {
            terminal::tell_as(telling.quiet, telling.verbose);
            terminal::colour(telling.color);
            run(&command).into()
        }
        Err(error) => {
            terminal::colour(colour);
            refuse(&error).into()
        }
    }
}

fn run(command: &Command) -> Exit {
    let result = match command {
        Command::Call(args) => call::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Check(args) => check::run(args),
        Command::New(args) => new::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Build(args) => build::run(args),
        Command::Embed(args) => embed::run(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    };
    result.unwrap_or_else(|failure| failure.report(form()))
}

/// The form of a failure: for people, or with the keys that the command prints in JSON.
fn form() -> Form {
    let keys = match args::json_command(std::env::args_os()) {
        None => return Form::Text,
        Some("call") => call::failed(),
        Some("check") => check::failed(),
        Some(_) => Map::new(),
    };
    Form::Json(keys)
}

/// Says what is wrong with the arguments, or shows the help that was asked for.
fn refuse(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        return match form() {
            Form::Text => {
                let _ = error.print();
                Exit::Usage
            }
            json => Failure::usage(args::message(error)).report(json),
        };
    }
    match error.print() {
        // A reader that has seen enough of the help is no failure.
        Err(unwritten) if unwritten.kind() != ErrorKind::BrokenPipe => {
            Failure::from(Unwritten(unwritten)).report(Form::Text)
        }
        _ => Exit::Allow,
    }
}
