//! `call`: one hook call, or many, and what came of it.

mod answer;
mod diff;
mod logs;
mod measure;
mod report;
mod summary;

use std::sync::Arc;

use cpex_wasmi::{Decision, Engine, Outcome, Plugin, Request, Telemetry};

use crate::args::CallArgs;
use crate::failure::{Exit, Failure};
use crate::subject::{self, Offers, Subject};
use crate::{json, terminal};

use answer::Answer;
pub(crate) use answer::KEYS;
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

/// Calls the plugin and shows what came of it.
pub(crate) fn run(args: &CallArgs) -> Result<Exit, Failure> {
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
