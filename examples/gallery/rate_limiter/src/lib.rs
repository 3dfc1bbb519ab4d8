//! Bounds how many calls a user, or a user of a tool, makes in a time.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::string::String;
use core::time::Duration;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::{decimal, state};

plugin! {
    name: "rate-limiter",
    description: "Denies tool calls beyond a number in a time, for each user, tool or both",
    capabilities: ["read_subject"],
    access: ["state:calls/*"],
    config_schema: include_str!("../config.schema.json"),
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => check },
}

struct Settings {
    limit: i64,
    window: Duration,
    by_user: bool,
    by_tool: bool,
}

static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration, which the host has held against the schema.
fn prepare(config: JsonMap) -> Result<()> {
    let number = |name| match config.get(name)? {
        Some(Value::Unsigned(number)) => Ok(number),
        _ => Err(Error::failed("the configuration lacks a number")),
    };
    let by = config.text("by")?;
    SETTINGS.set(Settings {
        limit: i64::try_from(number("limit")?).unwrap_or(i64::MAX),
        window: Duration::from_secs(number("seconds")?),
        by_user: by.as_deref().is_none_or(|by| by.contains("user")),
        by_tool: by.as_deref().is_some_and(|by| by.contains("tool")),
    })
}

fn check(call: &Call) -> Result<Verdict> {
    let settings = SETTINGS.get()?;
    let user = match settings.by_user {
        true => call.security().subject().id()?.unwrap_or_default(),
        false => String::new(),
    };
    for tool in call.tool_calls()? {
        let name = if settings.by_tool { tool.name()? } else { String::new() };
        // With its length, so that no other user and tool come to the same key.
        let key = ["calls/", &decimal(user.len() as u64), "/", &user, "/", &name].concat();
        let calls = state::increment(&key, 1, Some(settings.window))?;
        if calls > settings.limit {
            call.count("calls.refused", 1)?;
            return deny("rate_limited", "there were too many calls in this time; try again later");
        }
    }
    allow()
}

#[cfg(test)]
mod tests;
