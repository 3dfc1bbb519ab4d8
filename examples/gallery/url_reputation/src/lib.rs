//! Denies tool calls and results with URLs of blocked hosts, or of hosts that look like known ones.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod host;
mod rules;

use cpex_wasmi_guest::Searchable;
use cpex_wasmi_guest::prelude::*;

use rules::{Rule, Rules};

plugin! {
    name: "url-reputation",
    description: "Denies URLs of blocked hosts, and of hosts that look like known ones",
    config_schema: include_str!("../config.schema.json"),
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => check, "cmf.tool_post_invoke" => check },
}

/// URLs with a host, also as browsers forgive them: with `\`, or any number of slashes.
static URLS: Patterns = Patterns::new(&[r"\b(?i-u:https?|wss?|ftp):[/\\]*[^\s/\\]+"]);

static RULES: Prepared<Rules> = Prepared::new();

fn prepare(config: JsonMap) -> Result<()> {
    URLS.compile()?;
    RULES.set(Rules::of(config)?)
}

fn check(call: &Call) -> Result<Verdict> {
    let rules = RULES.get()?;
    let mut broken = None;
    for tool in call.tool_calls()? {
        look(rules, tool, &mut broken)?;
    }
    for result in call.tool_results()? {
        look(rules, result, &mut broken)?;
    }
    let Some(rule) = broken else { return allow() };
    call.count("urls.denied", 1)?;
    call.metadata("urls.rule", rule.name())?;
    deny("url_denied", rule.reason())
}

/// Looks at the URLs in the texts of a value, up to the first that breaks a rule.
fn look(rules: &Rules, value: impl Searchable, broken: &mut Option<Rule>) -> Result<()> {
    URLS.rewrite(value, |_, url| {
        // A quote may be of the user's name before an `@`, or end the URL.
        let quoted = url.split(['"', '\'', '<', '>', '`']).next().unwrap_or_default();
        for url in [url, quoted] {
            if broken.is_none() {
                *broken = rules.broken_by(&host::of(url));
            }
        }
        None
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
