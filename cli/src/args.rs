//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser, ValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use cpex_wasmi::Capability;

use crate::failure::Form;
use crate::input::Source;

/// Inspects, checks, runs, measures and scaffolds sandboxed CPEX policy plugins.
#[derive(Debug, Parser)]
#[command(name = "cpex-wasmi", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cpex-wasmi new my-policy
  cpex-wasmi inspect my_policy.wasm
  cpex-wasmi check my_policy.wasm --policy plugins.yaml
  cpex-wasmi call my_policy.wasm --payload request.json --allow-requested
  cpex-wasmi bench my_policy.wasm --payload request.json --allow-requested

Exit status:
  0  done; for `call`: the plugin allows
  1  `call`: the plugin denies
  2  the arguments or an input file are wrong
  3  the module or the call failed, which is never an allow

A PLUGIN is a wasm module, or its text format. Colour is used on a terminal, unless NO_COLOR is set.";

/// What to do.
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
    /// Put a manifest into a module that was built in a language which cannot
    Embed(EmbedArgs),
}

impl Command {
    /// How a failure of this command is told.
    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Call(CallArgs { json: true, .. }) => Form::JsonCall,
            Self::Bench(BenchArgs { json: true, .. })
            | Self::Inspect(InspectArgs { json: true, .. })
            | Self::Check(CheckArgs { json: true, .. }) => Form::Json,
            _ => Form::Text,
        }
    }
}

/// What is called, about what, and under which policy; shared by `call` and `bench`.
#[derive(Debug, Args)]
pub(crate) struct SubjectArgs {
    /// The plugin's module
    pub(crate) plugin: PathBuf,
    /// The hook to call it for; needed if the plugin handles several
    #[arg(long, value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// What the hook is about, as CPEX's JSON: `{"message": {…}}` for the `cmf.*` hooks; tokens such
    /// as `raw_token` may be given too
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) payload: Source,
    /// What the payload is: message, identity, delegation, elicitation, or the name of an
    /// embedder's own type; by default what CPEX calls the hook with
    #[arg(long, value_name = "TYPE")]
    pub(crate) payload_type: Option<String>,
    /// What travels beside the payload, as CPEX's JSON: `{"security": {…}, "http": {…}}`
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) extensions: Option<Source>,
    /// State from earlier hooks, as CPEX's JSON: `{"local_state": {…}, "global_state": {…}}`
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) context: Option<Source>,
    /// The plugin's configuration, a JSON object, instead of the policy's
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) config: Option<Source>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Grant every capability that the plugin's manifest asks for
    #[arg(long)]
    pub(crate) allow_requested: bool,
    /// Grant all the system access that the plugin's manifest asks for: files, hosts, programs and so on;
    /// look at `inspect` first
    #[arg(long)]
    pub(crate) allow_access: bool,
    /// Let a plugin that may see credentials read the tokens themselves
    #[arg(long)]
    pub(crate) allow_raw_credentials: bool,
}

/// Arguments of `call`.
#[derive(Debug, Args)]
#[command(after_help = CALL_EXAMPLES)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// Call the loaded plugin this many times, count what the calls come to, and show how fuel and time
    /// vary; no more calls are made after ten that failed
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) repeat: Option<u32>,
    /// How many threads make these calls at once, on one plugin; one call each without `--repeat`
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// Print one JSON object, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

const CALL_EXAMPLES: &str = "\
Examples:
  cpex-wasmi call guard.wasm --payload request.json --capabilities read_labels,read_roles
  cpex-wasmi call guard.wasm --hook cmf.tool_pre_invoke --payload - < request.json
  cpex-wasmi call guard.wasm --payload request.json --allow-requested --repeat 10000
  cpex-wasmi call guard.wasm --payload request.json --allow-requested --json | jq .decision

One of the files can be `-`, which is the standard input.
Calls of `--repeat` that differ are counted, and the worst is shown and gives the exit status.
Exit status: 0 allow, 1 deny, 2 wrong arguments or input, 3 failure (which is never an allow).";

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// Whether calls share instances; by default, both are measured, whatever the policy says
    #[arg(long, value_enum)]
    pub(crate) isolation: Option<Isolation>,
    /// How many threads call the plugin at once
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// How long to measure, for each isolation
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// Make this many calls in each measurement instead, however long they take
    #[arg(long, value_name = "N", conflicts_with = "duration",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) calls: Option<u64>,
    /// How many calls each thread makes before they are measured
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) warm_up: u32,
    /// Print one JSON object, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  cpex-wasmi bench guard.wasm --payload request.json --allow-requested
  cpex-wasmi bench guard.wasm --payload request.json --isolation pooled --threads 2
  cpex-wasmi bench guard.wasm --payload request.json --json | jq .measured

Calls are timed one by one, then all together (calls/s), then with a look at the
clock around each host call, to tell whose time a call takes: `guest` is the
plugin's own code, `host calls` what it has the host do, `set-up` all before and
after, such as the instance. What the clock itself takes is taken out.
A deny is a result like any other; a call that fails ends it all.
Exit status: 0 measured, 2 wrong arguments or input, 3 failure.";

/// Whether calls share instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Instances are used again
    Pooled,
    /// Each call has an instance of its own
    #[value(name = "per_call", alias = "per-call")]
    PerCall,
}

/// Parses a duration that can be waited for.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "it takes a number of seconds, from 0.01 to 3600".to_owned();
    let seconds = text.parse().map_err(|_| wrong())?;
    if !(0.01..=3600.0).contains(&seconds) {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// What the operator grants; shared by `call`, `bench` and `check`.
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
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi inspect guard.wasm
  cpex-wasmi inspect guard.wasm --json | jq .manifest.capabilities

Nothing of the plugin is run.
Exit status: 0, or 2 if there is no such file, or 3 if it is no plugin.")]
pub(crate) struct InspectArgs {
    /// The plugin's module
    pub(crate) plugin: PathBuf,
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

Nothing of the plugin is run. The hooks that a plugin's entry lists are checked too, unless
others are given.
Exit status: 0 if the host would load it, 2 for a malformed policy, 3 if something is in the way.")]
pub(crate) struct CheckArgs {
    /// The plugin's module
    pub(crate) plugin: PathBuf,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// A hook that the plugin must handle; can be given more than once
    #[arg(long = "hook", value_name = "NAME")]
    pub(crate) hooks: Vec<String>,
    /// Print one JSON object, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `embed`.
#[derive(Debug, Args)]
#[command(after_help = EMBED_EXAMPLES)]
pub(crate) struct EmbedArgs {
    /// The module, without a manifest
    pub(crate) module: PathBuf,
    /// The manifest, YAML or JSON
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) manifest: Source,
    /// Where to write the plugin
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

const EMBED_EXAMPLES: &str = "\
Examples:
  cpex-wasmi embed guard.wasm --manifest guard.yaml --output plugin.wasm

The manifest, of which name, version and hooks must be there:
  name: guard
  version: 1.0.0
  description: Denies what it must
  hooks: [cmf.tool_pre_invoke]
  capabilities: [read_labels]
  access: [\"fs:read-only:rules\"]
  stateful: false
  config_schema: {type: object}

Nothing of the plugin is run, and nothing is written that the host would not take.
Exit status: 0, or 2 if an input is wrong, or 3 if it would be no plugin.";

/// Arguments of `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi new my-policy
  cpex-wasmi new my-policy --path plugins/my-policy
  cpex-wasmi new my-policy --style hook-handler
  cpex-wasmi new my-policy --sdk-path ../cpex-wasmi/guest-sdk")]
pub(crate) struct NewArgs {
    /// The plugin's name, which is also that of its package
    pub(crate) name: String,
    /// Where to make the project; must not exist yet [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// What the plugin is written against
    #[arg(long, value_enum, default_value_t)]
    pub(crate) style: Style,
    /// Use the SDK in this directory instead of the published one
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk_path: Option<PathBuf>,
}

/// What a new plugin is written against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// The SDK's own functions, without std: modules of a few kilobytes
    #[default]
    Lean,
    /// CPEX's `Plugin` and `HookHandler` traits, to share code with native plugins
    HookHandler,
}

fn source() -> ValueParser {
    ValueParser::new(OsStringValueParser::new().map(Source::from))
}

/// Parses a capability, with clap's list and suggestions.
#[derive(Clone)]
struct CapabilityParser;

impl TypedValueParser for CapabilityParser {
    type Value = Capability;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Capability, clap::Error> {
        let names = Capability::ALL.iter().map(|known| known.name());
        let parser = clap::builder::PossibleValuesParser::new(names);
        let name = parser.parse_ref(command, arg, value)?;
        Capability::from_name(&name)
            .ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidValue).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Capability::ALL.iter().map(|known| PossibleValue::new(known.name()))))
    }
}

/// How these arguments want a failure told; for those that clap could not make sense of.
pub(crate) fn form(args: impl Iterator<Item = OsString>) -> Form {
    let args: Vec<_> = args.skip(1).take_while(|arg| arg != "--").collect();
    if !args.iter().any(|arg| arg == "--json") {
        Form::Text
    } else if args.first().is_some_and(|command| command == "call") {
        Form::JsonCall
    } else {
        Form::Json
    }
}

/// What clap has to say, in one paragraph without colour.
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
