//! Sets sandboxes for CPEX plugins side by side: the same policies on the same requests, through the same
//! trait, in one process. `cargo compare --help` says how; `docs/performance.md` is what came of it.

mod call;
mod engines;
#[cfg(feature = "wasmtime")]
mod gallery;
mod measure;
mod options;
mod report;
mod request;
mod run;
mod sample;

use std::env;
use std::process::ExitCode;

use options::{HELP, Options};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// The hook that all policies are for.
const HOOK: &str = "cmf.tool_pre_invoke";

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<()> {
    if let [first, engine, folder] = &arguments[..]
        && first == measure::memory::CHILD
    {
        return measure::memory::child(engine, folder.as_ref());
    }
    if let [first, quick] = &arguments[..]
        && first == measure::by_loop::CHILD
    {
        return measure::by_loop::child(run::effort_of_calls(quick == "quick"));
    }
    #[cfg(feature = "wasmtime")]
    if let [first, rest @ ..] = &arguments[..]
        && first == "gallery"
        && (rest.is_empty() || rest == ["--quick"])
    {
        return gallery::write(run::effort_of_calls(!rest.is_empty()));
    }
    match Options::parse(arguments.into_iter())? {
        Some(options) if options.only_texts => {
            let (texts, loads) = run::measure_texts(&options)?;
            println!("{}", report::texts(&texts, &loads));
            Ok(())
        }
        Some(options) => report::write(&options, &run::measure(&options)?),
        None => {
            println!("{HELP}");
            Ok(())
        }
    }
}
