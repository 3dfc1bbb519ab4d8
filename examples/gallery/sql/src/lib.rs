//! Looks at SQL in the arguments of tool calls: takes comments out, and denies statements that the operator does not want.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod rules;
mod settings;
mod statement;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::{Searchable, ToolCall};

use settings::Settings;

plugin! {
    name: "sql",
    description: "Denies dangerous SQL in tool arguments, and takes comments out of the rest",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_pre_invoke" => check },
}

/// Matches each text once.
static TEXTS: Patterns = Patterns::new(&[r"\A"]);

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    let mut work = Work { denied: None, stripped: 0 };
    for tool in call.tool_calls()? {
        look(settings, tool, &mut work)?;
    }
    if work.stripped > 0 {
        call.count("sql.comments", work.stripped)?;
    }
    match work.denied {
        None => allow(),
        Some(rule) => {
            call.count("sql.denied", 1)?;
            call.metadata("sql.rule", rule)?;
            deny("sql_denied", &["the SQL is not allowed: ", rule].concat())
        }
    }
}

/// The result of the texts of a call.
struct Work {
    /// The first rule that denies.
    denied: Option<&'static str>,
    /// The texts that comments were taken out of.
    stripped: u32,
}

/// Looks at the arguments of a tool call that have SQL.
fn look(settings: &Settings, tool: ToolCall, work: &mut Work) -> Result<()> {
    let Some(names) = &settings.arguments else { return look_at(settings, tool, work) };
    for name in names {
        if tool.arguments().contains(name)? {
            look_at(settings, tool.arguments().entry(name), work)?;
        }
    }
    Ok(())
}

fn look_at(settings: &Settings, value: impl Searchable, work: &mut Work) -> Result<()> {
    TEXTS.rewrite_texts(value, |text, _| {
        let (clean, denied) = rules::judge(settings, text);
        work.denied = work.denied.or(denied);
        work.stripped = work.stripped.saturating_add(clean.is_some().into());
        Ok(clean)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
