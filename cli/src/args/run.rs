//! The arguments of the commands that call plugins.

use std::time::Duration;

use clap::{Args, ValueEnum};
use cpex_wasmi::RedisState;

use super::GrantArgs;
use super::values::{self, Setting, module, source};
use crate::input::Source;

/// The plugin, its request and its policy, shared by `call` and `bench`.
#[derive(Debug, Args)]
pub(crate) struct SubjectArgs {
    /// The plugin's module; `-` reads it from the standard input
    #[arg(value_parser = module())]
    pub(crate) plugin: Source,
    /// The hook to call; required if the plugin handles several
    #[arg(long, value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// The payload of the hook, in CPEX's JSON: `{"message": {…}}` for the `cmf.*` hooks; tokens such
    /// as `raw_token` are accepted too
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) payload: Source,
    /// The type of the payload: message, identity, delegation, elicitation, or the name of an
    /// embedder's own type [default: the type that CPEX has for the hook]
    #[arg(long, value_name = "TYPE")]
    pub(crate) payload_type: Option<String>,
    /// The extensions, in CPEX's JSON: `{"security": {…}, "http": {…}}`
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) extensions: Option<Source>,
    /// State from earlier hooks, in CPEX's JSON: `{"local_state": {…}, "global_state": {…}}`
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) context: Option<Source>,
    /// The plugin's configuration, a JSON object, instead of the policy's
    #[arg(long, value_name = "FILE|JSON", value_parser = source())]
    pub(crate) config: Option<Source>,
    /// Set one value of the configuration: `limit=5`, `rules.action=deny`
    ///
    /// It replaces the value of `--config` or of the policy. A value that is not JSON is taken as a text
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::setting)]
    pub(crate) settings: Vec<Setting>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Grant every capability that the plugin's manifest asks for, and the keeping of state
    #[arg(long)]
    pub(crate) allow_requested: bool,
    /// Grant all system access that the plugin's manifest asks for, such as files, hosts and programs;
    /// see it with `inspect` first
    #[arg(long)]
    pub(crate) allow_access: bool,
    /// Let a plugin that may see credentials read the tokens themselves
    #[arg(long)]
    pub(crate) allow_raw_credentials: bool,
    /// Keep the plugin's state in the Redis at this URL, such as `redis://127.0.0.1/`, instead of in memory
    #[arg(long, value_name = "URL", value_parser = values::state)]
    pub(crate) state: Option<RedisState>,
}

impl SubjectArgs {
    /// The inputs, each with the name of its argument.
    pub(crate) fn sources(&self) -> [(&'static str, Option<&Source>); 6] {
        [
            ("PLUGIN", Some(&self.plugin)),
            ("--payload", Some(&self.payload)),
            ("--extensions", self.extensions.as_ref()),
            ("--context", self.context.as_ref()),
            ("--config", self.config.as_ref()),
            ("--policy", self.grants.policy.as_ref()),
        ]
    }
}

/// Arguments of `call`.
#[derive(Debug, Args)]
#[command(after_help = CALL_EXAMPLES)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// Make this many calls, count their results, and show how fuel and time vary
    ///
    /// It stops after ten failed calls. `-v` shows each call
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) repeat: Option<u32>,
    /// The number of threads that make these calls; without `--repeat`, each makes one
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// Call again whenever the plugin or another file that is given changes, until interrupted
    #[arg(long)]
    pub(crate) watch: bool,
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
  cpex-wasmi call guard.wasm --payload request.json --allow-requested --watch

One of the files can be `-`, the standard input. An argument that begins with `{` is JSON, not a file name: write \
such a file as `./{…`.

With `--repeat`, different results are counted. The worst one is shown and sets the exit status.

Exit status:
  0  the plugin allows
  1  the plugin denies
  2  an argument is invalid, or a file is missing, unreadable or malformed
  3  the file is not a plugin, the policy does not let it load, or the call fails; a failure never allows";

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// The use of instances [default: both are measured, whatever the policy says]
    #[arg(long, value_enum)]
    pub(crate) isolation: Option<Isolation>,
    /// The number of threads that call the plugin
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// The time to measure each isolation for
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// Make this many calls in each measurement, instead of measuring for a time
    #[arg(long, value_name = "N", conflicts_with = "duration",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) calls: Option<u64>,
    /// The number of calls that each thread makes before it is measured
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

There are three measurements: each call by itself, all calls together (calls/s), and \
the shares of a call. For the shares, the clock is read around each host call. `guest` \
is the plugin's own code, `host calls` the work of the host for it, and `set-up` all \
before and after, such as making the instance. The clock's own time is subtracted.

A denied call counts like any other. A failed call ends the measurement.

Exit status:
  0  measured, whatever the plugin decides
  2  an argument is invalid, or a file is missing, unreadable or malformed
  3  the file is not a plugin, the policy does not let it load, or a call fails";

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
