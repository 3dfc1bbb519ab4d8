//! Stops calls of a tool that keeps failing, for a while.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use core::time::Duration;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::{decimal, state};

plugin! {
    name: "circuit-breaker",
    description: "Denies calls of a tool for a while after it has failed several times",
    access: ["state:failures/*", "state:open/*"],
    config_schema: include_str!("../config.schema.json"),
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => before, "cmf.tool_post_invoke" => after },
}

struct Settings {
    failures: u64,
    /// The time in which failures are counted.
    within: Duration,
    /// The time for which calls are denied.
    open: Duration,
}

static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration, which the host has held against the schema.
fn prepare(config: JsonMap) -> Result<()> {
    let number = |name, otherwise| -> Result<u64> {
        Ok(match config.get(name)? {
            Some(Value::Unsigned(number)) => number,
            _ => otherwise,
        })
    };
    SETTINGS.set(Settings {
        failures: number("failures", 5)?,
        within: Duration::from_secs(number("within_seconds", 60)?),
        open: Duration::from_secs(number("open_seconds", 30)?),
    })
}

/// Denies calls of a tool whose circuit is open.
fn before(call: &Call) -> Result<Verdict> {
    for tool in call.tool_calls()? {
        let name = tool.name()?;
        if state::get(&["open/", &name].concat())?.is_some() {
            call.count("circuit.refused", 1)?;
            return deny("circuit_open", "the tool has failed several times; try again later");
        }
    }
    allow()
}

/// Counts failures, and opens the circuit of a tool with too many of them.
fn after(call: &Call) -> Result<Verdict> {
    let settings = SETTINGS.get()?;
    for result in call.tool_results()? {
        let name = result.name()?.unwrap_or_default();
        let failures = ["failures/", &name].concat();
        if !result.is_error()? {
            // The tool works again.
            state::remove(&failures)?;
            continue;
        }
        let count = state::increment(&failures, 1, Some(settings.within))?;
        if u64::try_from(count).is_ok_and(|count| count >= settings.failures) {
            call.count("circuit.opened", 1)?;
            state::set(&["open/", &name].concat(), "", Some(settings.open))?;
            // The first failure after that opens it again.
            let left = decimal(settings.failures.saturating_sub(1));
            state::set(&failures, &*left, Some(settings.open.saturating_add(settings.within)))?;
        }
    }
    allow()
}

#[cfg(test)]
mod tests;
