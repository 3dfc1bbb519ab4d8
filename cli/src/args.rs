//! The arguments.

mod project;
mod run;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cpex_wasmi::Capability;

use crate::input::Source;
use crate::terminal::Colour;

pub(crate) use project::{BuildArgs, EmbedArgs, NewArgs, Style, Target};
pub(crate) use run::{BenchArgs, CallArgs, Isolation, SubjectArgs};
use values::{CapabilityParser, module, source};
pub(crate) use values::{Setting, Stub};

/// Inspects, checks, runs, measures and scaffolds sandboxed CPEX policy plugins.
#[derive(Debug, Parser)]
#[command(name = "cpex-wasmi", version, propagate_version = true, arg_required_else_help = true,
          after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) telling: TellingArgs,
}

/// The amount and form of output, for all commands.
#[derive(Debug, Args)]
pub(crate) struct TellingArgs {
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: Colour,
    /// Tell more, such as what is read and granted
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Tell the result and errors only: no warnings, no notes, nothing of what plugins log
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  cpex-wasmi new my-policy
  cpex-wasmi build my-policy
  cpex-wasmi inspect my_policy.wasm
  cpex-wasmi check my_policy.wasm --policy plugins.yaml
  cpex-wasmi call my_policy.wasm --payload request.json --allow-requested
  cpex-wasmi bench my_policy.wasm --payload request.json --allow-requested

Exit status, of which `--help` of each command tells more:
  0  done; for `call`: the plugin allows
  1  `call`: the plugin denies
  2  an argument or an input file is wrong or missing
  3  the module or the call failed, which is never an allow

A PLUGIN is a wasm module, or its text format; `-` is the standard input. Text is as wide as the terminal, or \
as COLUMNS says.";

/// The command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call a plugin for a hook and show its decision
    Call(CallArgs),
    /// Measure a plugin's calls: time, fuel, memory, and what of it is the host's
    Bench(BenchArgs),
    /// Show what a plugin is, does and needs
    Inspect(InspectArgs),
    /// Say whether the host would load a plugin, and everything that is in the way
    Check(CheckArgs),
    /// Make a plugin project that builds and whose tests pass
    New(NewArgs),
    /// Print a JSON Schema, with which editors complete and check configurations
    Schema(SchemaArgs),
    /// Build a plugin's project to a module
    Build(BuildArgs),
    /// Put a manifest into a module that was built in a language which cannot
    Embed(EmbedArgs),
}

/// The grants of the operator; shared by `call`, `bench` and `check`.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// The policy, YAML or JSON: a `sandbox_policy`, a plugin's entry, or a CPEX configuration
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) policy: Option<Source>,
    /// Which entry of a CPEX configuration to use, if none has the plugin's own name
    #[arg(long = "plugin", value_name = "NAME", requires = "policy")]
    pub(crate) entry: Option<String>,
    /// Capabilities to grant, beside those of the policy
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = CapabilityParser,
          hide_possible_values = true)]
    pub(crate) capabilities: Vec<Capability>,
    /// Stands in for a function of an embedder's, and grants it: `acme.allow=true`. A plugin that calls it in
    /// postcard gets what JSON shows: a truth value, a text, an unsigned number, a list; bytes for anything
    /// else are `acme.count=hex:0a`
    #[arg(long = "stub", value_name = "NAME=JSON", value_parser = values::stub)]
    pub(crate) stubs: Vec<Stub>,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi inspect guard.wasm
  cpex-wasmi inspect - < guard.wasm
  cpex-wasmi inspect guard.wasm --json | jq .manifest.capabilities

Nothing of the plugin is run.

Exit status:
  0  shown
  2  an argument is wrong, or the file is missing or cannot be read
  3  it is no plugin")]
pub(crate) struct InspectArgs {
    /// The plugin's module; `-` reads it from the standard input
    #[arg(value_parser = module())]
    pub(crate) plugin: Source,
    /// Print one JSON object, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi check guard.wasm
  cpex-wasmi check guard.wasm --policy plugins.yaml
  cpex-wasmi check guard.wasm --capabilities read_labels --hook cmf.tool_pre_invoke
  cpex-wasmi check gateway.yaml --plugin-dir /etc/acme/plugins

Of a plugin, only its initialisation is run, under its policy. The hooks that a plugin's entry lists are \
checked too, unless others are given. A policy that is an entry or a whole configuration is checked as a whole, \
and its `kind` has to be the module given.

A file that ends with .yaml, .yml or .json is a configuration. Its entries are all checked as \
`WasmFactory::register` does, and the enabled ones initialised. It grants for itself what `--stub` stands in for.

Exit status:
  0  the host would load it
  2  an argument is wrong, a file is missing or cannot be read, or the policy is malformed
  3  it is no plugin, or something is in the way; a configuration is malformed or has no plugins")]
pub(crate) struct CheckArgs {
    /// The plugin's module, `-` for the standard input; or a CPEX configuration
    #[arg(value_parser = module())]
    pub(crate) plugin: Source,
    /// The directory that kinds such as `wasm://guard.wasm` are in; for a configuration, `plugins` beside it if
    /// it is not given
    #[arg(long, value_name = "DIR")]
    pub(crate) plugin_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// A hook that the plugin must handle; can be given more than once
    #[arg(long = "hook", value_name = "NAME")]
    pub(crate) hooks: Vec<String>,
    /// Print one JSON object, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi schema > configuration.schema.json
  cpex-wasmi schema policy > sandbox_policy.schema.json

A YAML file names its schema in its first line, for editors with the YAML language server:
  # yaml-language-server: $schema=configuration.schema.json

Exit status:
  0  printed
  2  an argument is wrong
  3  it cannot be written")]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t)]
    pub(crate) of: SchemaOf,
}

/// Documents that have a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A whole CPEX configuration
    #[default]
    Configuration,
    /// A `sandbox_policy` in a file of its own, as `--policy` takes it
    Policy,
}

/// The command of arguments that ask for JSON, whether or not clap makes sense of them. It is empty if it is not known.
pub(crate) fn json_command(args: impl Iterator<Item = OsString>) -> Option<&'static str> {
    let args: Vec<_> = args.skip(1).take_while(|arg| arg != "--").collect();
    args.iter().any(|arg| arg == "--json").then(|| {
        let mut known =
            args.iter().filter_map(|arg| JSON_COMMANDS.iter().find(|name| arg == *name));
        known.next().copied().unwrap_or_default()
    })
}

/// The commands that know `--json`.
const JSON_COMMANDS: &[&str] = &["call", "bench", "inspect", "check"];

/// When these arguments want colour; for the help and what clap says itself.
pub(crate) fn colour(args: impl Iterator<Item = OsString>) -> Colour {
    let args: Vec<_> = args.skip(1).take_while(|arg| arg != "--").collect();
    let mut texts = args.iter().filter_map(|arg| arg.to_str());
    let mut wanted = None;
    while let Some(arg) = texts.next() {
        match arg.strip_prefix("--color") {
            Some("") => wanted = texts.next(),
            Some(rest) => wanted = rest.strip_prefix('=').or(wanted),
            None => {}
        }
    }
    wanted.and_then(|name| Colour::from_str(name, false).ok()).unwrap_or_default()
}

/// The message of clap, in one paragraph without colour.
pub(crate) fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let said = lines.take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty());
    let said = said.collect::<Vec<_>>().join(" ");
    match said.strip_prefix("error: ") {
        Some(message) => message.to_owned(),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }
}
