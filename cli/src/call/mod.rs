//! `call`: one hook call, or many, and what came of it.

mod answer;
mod diff;
mod logs;
mod measure;
mod report;
mod summary;
mod watch;

use std::sync::Arc;

use cpex_wasmi::{Decision, Engine, Outcome, Plugin, Request, Telemetry};
use serde_json::{Map, Value};

use crate::args::CallArgs;
use crate::failure::{Exit, Failure};
use crate::subject::{self, Offers, Subject};
use crate::{json, terminal};

use answer::{Answer, KEYS};
use diff::Change;
use logs::Logs;
use measure::{Calls, Measured};

/// A call that came to a decision.
struct Called {
    plugin: Plugin,
    hook: String,
    before: Arc<Request>,
    after: Request,
    decision: Decision,
    telemetry: Telemetry,
    measured: Measured,
}

/// The keys of an answer, without a value: those of a failure.
pub(crate) fn failed() -> Map<String, Value> {
    KEYS.map(|key| (key.to_owned(), Value::Null)).into_iter().collect()
}

/// Calls the plugin and shows what came of it: once, or whenever a file changes.
pub(crate) fn run(args: &CallArgs) -> Result<Exit, Failure> {
    if args.watch { watch::run(args) } else { once(args) }
}

fn once(args: &CallArgs) -> Result<Exit, Failure> {
    let called = call(args)?;
    let text = if args.json { json::line(&Answer::new(&called)) } else { report::render(&called) };
    terminal::out(&text)?;
    Ok(if called.decision.is_allow() { Exit::Allow } else { Exit::Deny })
}

fn call(args: &CallArgs) -> Result<Called, Failure> {
    let logs = Logs::default();
    let builder = Engine::builder().log_sink(logs.clone()).audit_sink(logs.clone()).http_client();
    let engine = Offers::of(&args.subject).engine(builder)?;
    let Subject { module, hook, request: before, policy, written, .. } =
        Subject::read(&args.subject, &engine)?;
    let plugin = subject::load(&module, policy, &written)?;
    for warning in plugin.warnings() {
        terminal::warn(warning);
    }
    let (request, threads) = (&before, args.threads);
    let repeat = args.repeat.unwrap_or_else(|| threads.into());
    let calls = Calls { plugin: &plugin, hook: &hook, request, repeat, threads, logs: &logs };
    let (outcome, measured) = calls.run()?;
    let Outcome { decision, changes, telemetry, .. } = outcome;
    let mut after = Request::clone(&before);
    after.apply(changes);
    Ok(Called { plugin, hook, before, after, decision, telemetry, measured })
}

impl Called {
    /// The plugin's changes, one by one.
    fn changes(&self) -> Vec<Change> {
        diff::requests(&self.before, &self.after)
    }
}
