//! The arguments of the commands that call plugins.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::GrantArgs;
use super::values::{self, Setting, module, source};
use crate::input::Source;

/// The plugin, its request and its policy; shared by `call` and `bench`.
#[derive(Debug, Args)]
pub(crate) struct SubjectArgs {
    /// The plugin's module; `-` reads it from the standard input
    #[arg(value_parser = module())]
    pub(crate) plugin: Source,
    /// The hook to call it for; needed if the plugin handles several
    #[arg(long, value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// The payload of the hook, as CPEX's JSON: `{"message": {…}}` for the `cmf.*` hooks; tokens such
    /// as `raw_token` may be given too
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) payload: Source,
    /// The kind of the payload: message, identity, delegation, elicitation, or the name of an
    /// embedder's own type; by default what CPEX calls the hook with
    #[arg(long, value_name = "TYPE")]
    pub(crate) payload_type: Option<String>,
    /// The extensions beside the payload, as CPEX's JSON: `{"security": {…}, "http": {…}}`
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) extensions: Option<Source>,
    /// State from earlier hooks, as CPEX's JSON: `{"local_state": {…}, "global_state": {…}}`
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) context: Option<Source>,
    /// The plugin's configuration, a JSON object, instead of the policy's
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) config: Option<Source>,
    /// Sets one value of the configuration, in place of what `--config` or the policy has: `limit=5`,
    /// `rules.action=deny`. A value that is no JSON is a text
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::setting)]
    pub(crate) settings: Vec<Setting>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Grant every capability that the plugin's manifest asks for, and to keep state
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
    /// vary; no more calls are made after ten that failed; `-v` shows each call
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) repeat: Option<u32>,
    /// The threads that make these calls at once, on one plugin; one call each without `--repeat`
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
  cpex-wasmi call guard.wasm --payload '{\"message\": {\"role\": \"user\"}}' --set limit=5
  cpex-wasmi call guard.wasm --payload request.json --stub acme.allow=true
  cpex-wasmi call - --payload request.json < guard.wasm
  cpex-wasmi call guard.wasm --payload request.json --allow-requested --repeat 10000
  cpex-wasmi call guard.wasm --payload request.json --allow-requested --json | jq .decision

One of the files can be `-`, which is the standard input. What begins with `{` is no file but the JSON \
itself: a file of that name is `./{…`.

Calls of `--repeat` that differ are counted, and the worst is shown and gives the exit status.

Exit status:
  0  the plugin allows
  1  the plugin denies
  2  an argument is wrong, or a file is missing, cannot be read, or is malformed
  3  it is no plugin, or is not loaded under the policy, or the call fails: never an allow";

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// The sharing of instances between calls; by default, both are measured, whatever the policy says
    #[arg(long, value_enum)]
    pub(crate) isolation: Option<Isolation>,
    /// The threads that call the plugin at once
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// The time to measure, for each isolation
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// Make this many calls in each measurement instead, however long they take
    #[arg(long, value_name = "N", conflicts_with = "duration",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) calls: Option<u64>,
    /// The calls of each thread before they are measured
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

Calls are timed one by one, then all together (calls/s), then with a look at the \
clock around each host call, to tell whose time a call takes: `guest` is the \
plugin's own code, `host calls` what it has the host do, `set-up` all before and \
after, such as the instance. What the clock itself takes is taken out.

A deny is a result like any other; a call that fails ends it all.

Exit status:
  0  measured, whatever the plugin decides
  2  an argument is wrong, or a file is missing, cannot be read, or is malformed
  3  it is no plugin, or is not loaded under the policy, or a call fails";

/// The sharing of instances between calls.
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
