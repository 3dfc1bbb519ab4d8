//! Finds personal data in the arguments of tool calls and in results, and masks or blocks it by its kind.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod checks;
mod kinds;
mod settings;

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_guest::Searchable;
use cpex_wasmi_guest::prelude::*;

use kinds::KINDS;
use settings::{Action, Settings};

plugin! {
    name: "pii",
    description: "Masks or blocks e-mail addresses, phone numbers, cards and IDs in tool arguments and results",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_pre_invoke" => check, "cmf.tool_post_invoke" => check },
}

/// The number of finds of each kind.
type Counts = [u32; KINDS.len()];

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    let mut counts = [0; KINDS.len()];
    for tool in call.tool_calls()? {
        look(settings, tool, &mut counts)?;
    }
    for result in call.tool_results()? {
        look(settings, result, &mut counts)?;
    }
    report(call, settings, &counts)
}

/// Looks through the texts of a value once, and masks what is to be masked.
fn look(settings: &Settings, value: impl Searchable, counts: &mut Counts) -> Result<()> {
    settings.patterns.rewrite(value, |pattern, matched| {
        let (kind, action) = *settings.kinds.get(pattern)?;
        let (is, shown) = (KINDS.get(kind)?.check, KINDS.get(kind)?.shown);
        if !is(matched) {
            return None;
        }
        if let Some(count) = counts.get_mut(kind) {
            *count = count.saturating_add(1);
        }
        (action == Action::Mask).then(|| masked(matched, shown))
    })?;
    Ok(())
}

/// The text with its letters and digits hidden, but for the last ones.
fn masked(text: &str, shown: usize) -> String {
    let hidden =
        text.chars().filter(|one| one.is_ascii_alphanumeric()).count().saturating_sub(shown);
    let mut seen = 0;
    let mask = |one: char| match one.is_ascii_alphanumeric() {
        true => {
            seen += 1;
            if seen > hidden { one } else { '*' }
        }
        false => one,
    };
    text.chars().map(mask).collect()
}

/// Tells the operator what was found, and decides.
fn report(call: &Call, settings: &Settings, counts: &Counts) -> Result<Verdict> {
    let mut blocked = Vec::new();
    for (position, kind) in KINDS.iter().enumerate() {
        let count = counts.get(position).copied().unwrap_or(0);
        if count == 0 {
            continue;
        }
        call.count(kind.metric, count)?;
        if settings.kinds.contains(&(position, Action::Block)) {
            blocked.push(kind.name);
        }
    }
    if blocked.is_empty() {
        return allow();
    }
    let place = if call.hook() == "cmf.tool_pre_invoke" { "arguments: " } else { "result: " };
    deny("personal_data", &["there is personal data in the ", place, &blocked.join(", ")].concat())
}

#[cfg(test)]
mod tests;
