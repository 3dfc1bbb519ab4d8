//! The arguments of the command line, and its help.

mod manual;
mod project;
mod run;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cpex_wasmi::Capability;

use crate::input::Source;
use crate::terminal::Colour;

pub(crate) use manual::{CompletionsArgs, ManArgs};
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
    /// Use of colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: Colour,
    /// Show more, such as the files read and the access granted
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show the result and errors only: no warnings, no notes, no log lines of plugins
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

Exit status (the `--help` of each command has the details):
  0  done; for `call`: the plugin allows
  1  `call`: the plugin denies
  2  an argument or an input file is invalid or missing
  3  the module or the call failed; a failure never allows

A PLUGIN is a wasm module, binary or in the text format; `-` is the standard input. Output is as wide as the \
terminal. The variable COLUMNS sets another width.";

/// The command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call a plugin for a hook and show its decision
    Call(CallArgs),
    /// Measure a plugin's calls: time, fuel and memory, and the host's share of the time
    Bench(BenchArgs),
    /// Show a plugin's name, hooks, needs and size, without running it
    Inspect(InspectArgs),
    /// Check that the host would load a plugin, and list every problem
    Check(CheckArgs),
    /// Make a plugin project that builds and whose tests pass
    New(NewArgs),
    /// Print a JSON Schema of configurations, for completion and checks in editors
    Schema(SchemaArgs),
    /// Build a plugin project into a module
    Build(BuildArgs),
    /// Add a manifest to a module whose language cannot embed one
    Embed(EmbedArgs),
    /// Print what a shell needs to complete commands, options and values
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them to a directory
    Man(ManArgs),
}

/// The operator's grants, shared by `call`, `bench` and `check`.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// The policy, YAML or JSON: a `sandbox_policy`, a plugin's entry, or a CPEX configuration
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) policy: Option<Source>,
    /// The entry of a CPEX configuration to use, if none has the plugin's name
    #[arg(long = "plugin", value_name = "NAME", requires = "policy")]
    pub(crate) entry: Option<String>,
    /// Capabilities to grant, in addition to those of the policy
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = CapabilityParser,
          hide_possible_values = true)]
    pub(crate) capabilities: Vec<Capability>,
    /// Answer calls of an embedder's function with a fixed value, and grant it: `acme.allow=true`
    ///
    /// The value is JSON. A plugin that calls the function in postcard gets its postcard form: a boolean, a
    /// text, an unsigned number or a list. Give other answers as bytes: `acme.count=hex:0a`
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

No code of the plugin runs.

Exit status:
  0  shown
  2  an argument is invalid, or the file is missing or unreadable
  3  the file is not a plugin")]
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

Only the plugin's initialisation runs, under its policy. Without `--hook`, the hooks of the plugin's entry are \
checked. If the policy is an entry or a configuration, all of it is checked, and the entry's `kind` must name the \
module given.

A file that ends with .yaml, .yml or .json is a configuration. All its entries are checked as by \
`WasmFactory::register`, and the enabled ones are initialised. For a configuration, `--stub` answers calls and \
grants nothing: the configuration must grant the function.

Exit status:
  0  the host would load it
  2  an argument is invalid, a file is missing or unreadable, or the policy is malformed
  3  the file is not a plugin, or has problems; a configuration is malformed or has no plugins")]
pub(crate) struct CheckArgs {
    /// The plugin's module, or a CPEX configuration; `-` reads a module from the standard input
    #[arg(value_parser = module())]
    pub(crate) plugin: Source,
    /// The directory of the modules that kinds such as `wasm://guard.wasm` name [default for a configuration:
    /// `plugins` beside it]
    #[arg(long, value_name = "DIR")]
    pub(crate) plugin_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// A hook that the plugin must handle; may be repeated
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
  cpex-wasmi schema praxis > praxis.schema.json
  cpex-wasmi schema policy > sandbox_policy.schema.json

The first line of a YAML file names its schema, for editors with the YAML language server:
  # yaml-language-server: $schema=configuration.schema.json

Exit status:
  0  printed
  2  an argument is invalid
  3  the output cannot be written")]
pub(crate) struct SchemaArgs {
    /// The document to print the schema of
    #[arg(value_enum, default_value_t)]
    pub(crate) of: SchemaOf,
}

/// Documents that have a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A whole configuration of cpex-core
    #[default]
    Configuration,
    /// A whole configuration of praxis-policy, and cpex 0.3
    Praxis,
    /// A file with a `sandbox_policy` alone, as `--policy` accepts it
    Policy,
}

/// The command of arguments that ask for JSON, even if clap rejects them. It is empty if it is not known.
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

/// The use of colour that these arguments ask for, also for help and errors of clap.
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
