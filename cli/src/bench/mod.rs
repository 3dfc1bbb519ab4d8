//! `bench`: what calls of a plugin cost, in time and otherwise.

mod budget;
mod clock;
mod load;
mod measure;
mod report;
mod shares;
mod tally;
mod threads;

use cpex_wasmi::{Engine, EngineBuilder, LogRecord, Plugin, Policy};

use crate::args::{BenchArgs, Isolation};
use crate::failure::{Exit, Failure};
use crate::progress::Progress;
use crate::subject::{self, Offers, Subject};
use crate::{json, terminal};

use measure::Measured;

/// The measurements of a plugin.
struct Benched {
    subject: Subject,
    threads: u16,
    measured: Vec<Measured>,
}

/// Measures the plugin and shows what came of it.
pub(crate) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let benched = bench(args)?;
    let text = if args.json { json::line(&report::json(&benched)) } else { report::text(&benched) };
    terminal::out(&text)?;
    Ok(Exit::Allow)
}

fn bench(args: &BenchArgs) -> Result<Benched, Failure> {
    if cfg!(debug_assertions) {
        terminal::warn(
            "this tool was built without optimisation, so that calls take about ten times as long; \
             measure with an optimised one: `cargo install --path cli`, or `cargo run --release`",
        );
    }
    let subject = Subject::read(&args.subject, &quiet(&Offers::of(&args.subject))?)?;
    let isolations = isolations(args.isolation, &subject)?;
    let plan = measure::Plan::new(args);
    let total = plan.steps().saturating_mul(u64::try_from(isolations.len()).unwrap_or(u64::MAX));
    let mut progress = Progress::new(total, "[{bar:30}] {percent:>3} % · {msg}");
    let mut measured = Vec::new();
    for isolation in isolations {
        measured.push(measure::measure(&subject, isolation, &plan, &mut progress)?);
    }
    Ok(Benched { subject, threads: args.threads, measured })
}

/// An engine that drops what plugins log: to show it would take longer than the calls.
fn quiet(offers: &Offers) -> Result<Engine, Failure> {
    offers.engine(builder())
}

fn builder() -> EngineBuilder {
    Engine::builder().log_sink(|_: &LogRecord<'_>| {}).http_client()
}

/// The policy with another isolation.
fn with(policy: &Policy, isolation: Isolation) -> Policy {
    let mut policy = policy.clone();
    policy.isolation = match isolation {
        Isolation::Pooled => cpex_wasmi::Isolation::Pooled,
        Isolation::PerCall => cpex_wasmi::Isolation::PerCall,
    };
    policy
}

/// The isolations to measure: those asked for, else all that the plugin can be loaded with.
fn isolations(args: Option<Isolation>, subject: &Subject) -> Result<Vec<Isolation>, Failure> {
    let Subject { module, policy, written, .. } = subject;
    let wanted = match args {
        Some(one) => vec![one],
        None => vec![Isolation::Pooled, Isolation::PerCall],
    };
    let loads = |isolation: &Isolation| Plugin::new(module, with(policy, *isolation)).is_ok();
    let (loadable, others): (Vec<_>, Vec<_>) = wanted.iter().copied().partition(loads);
    // A policy that is right as it stands is not complained about for another isolation than its own.
    let is_right = Plugin::new(module, policy.clone()).is_ok();
    let policy = match (&*wanted, loadable.first()) {
        _ if is_right && args.is_none() => policy.clone(),
        (_, Some(isolation)) | ([isolation], None) => with(policy, *isolation),
        _ => policy.clone(),
    };
    for warning in subject::load(module, policy, written)?.warnings() {
        terminal::warn(warning);
    }
    for isolation in others {
        let name = name(isolation);
        let said = Plugin::new(module, with(&subject.policy, isolation)).err();
        let why = said.map(|error| error.to_string()).unwrap_or_default();
        let said = format!("`isolation: {name}` is not measured: {why}");
        if is_right {
            terminal::tell(|| said);
        } else {
            terminal::warn(&said);
        }
    }
    Ok(loadable)
}

/// The name in a policy.
fn name(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Pooled => "pooled",
        Isolation::PerCall => "per_call",
    }
}
