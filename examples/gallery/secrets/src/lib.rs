//! Finds secrets in the arguments of tool calls and in results, and blocks or masks them.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod formats;
mod private_key;
mod settings;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::{Found, Searchable, ToolCall, ToolResult};

use settings::{Mode, Settings};

plugin! {
    name: "secrets",
    description: "Blocks or masks access keys, tokens and private keys in tool arguments and results",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_pre_invoke" => check, "cmf.tool_post_invoke" => check },
}

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    let mut found = Vec::new();
    for tool in call.tool_calls()? {
        found.extend(look(settings, tool, ToolCall::record(tool), "/arguments")?);
    }
    for result in call.tool_results()? {
        found.extend(look(settings, result, ToolResult::record(result), "/content")?);
    }
    if found.is_empty() {
        return allow();
    }
    report(call, settings, &found)
}

/// Finds secrets in a value, and masks them if the operator wants that.
fn look(
    settings: &Settings,
    value: impl Searchable + Copy,
    record: cpex_wasmi_guest::Record,
    part: &str,
) -> Result<Vec<Found>> {
    let found = settings.patterns.scan(value)?;
    if settings.mode == Mode::Mask && !found.is_empty() {
        // First, as masks would hide where a key begins.
        private_key::cut(settings, &found, record, part)?;
        settings.patterns.mask(value, '*', 0, settings.keep_last)?;
    }
    Ok(found)
}

/// Tells the operator what was found, and decides.
fn report(call: &Call, settings: &Settings, found: &[Found]) -> Result<Verdict> {
    call.count("secrets.found", u32::try_from(found.len()).unwrap_or(u32::MAX))?;
    let names = names_of(settings, found);
    call.metadata(
        "secrets.formats",
        Value::Array(names.iter().map(|name| Value::from(*name)).collect()),
    )?;
    if settings.mode == Mode::Mask {
        return allow();
    }
    let mut reason = String::from("there is a secret in the ");
    reason.push_str(if call.hook() == "cmf.tool_pre_invoke" { "arguments" } else { "result" });
    reason.push_str(": ");
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            reason.push_str(", ");
        }
        reason.push_str(name);
    }
    deny("secret_found", &reason)
}

/// The names of the formats that were found, each once.
fn names_of(settings: &Settings, found: &[Found]) -> Vec<&'static str> {
    let mut seen = vec![false; settings.names.len()];
    for found in found {
        if let Some(seen) = seen.get_mut(found.pattern) {
            *seen = true;
        }
    }
    let names = settings.names.iter().zip(seen);
    names.filter(|(_, seen)| *seen).map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests;
