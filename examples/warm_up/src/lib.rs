//! Denies tool calls with secrets in them. `docs/plugins.md` has what its warm-up saves.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use cpex_wasmi_guest::JsonMap;
use cpex_wasmi_guest::prelude::*;
use regex::RegexSet;

plugin! {
    name: "warm-up",
    description: "Denies tool calls with secrets in them",
    config_schema: r#"{"type": "object", "properties": {"warm": {"type": "boolean"}}, "additionalProperties": false}"#,
    init: init,
    hooks: { "cmf.tool_pre_invoke" => guard },
}

const SECRETS: [&str; 6] = [
    "AKIA[0-9A-Z]{16}",
    "ghp_[0-9A-Za-z]{36}",
    "xox[baprs]-[0-9A-Za-z-]{10,48}",
    "(?i)aws.{0,20}[0-9a-z/+]{40}",
    "-----BEGIN [A-Z ]+-----",
    r"\b\d{3}-\d{2}-\d{4}\b",
];

/// A text like those to come.
const USUAL: &str =
    r#"{"tool_call_id":"call-1","name":"search","arguments":{"text":"Nothing of note, 42."}}"#;

thread_local! {
    static RULES: RefCell<Option<RegexSet>> = const { RefCell::new(None) };
}

/// Makes the expressions. To look for them once makes what they keep from one search to the next.
fn init(config: JsonMap) -> Result<()> {
    let rules = RegexSet::new(SECRETS).map_err(|_| Error::failed("a rule is no expression"))?;
    if config.get_as::<bool>("warm")? == Some(true) {
        rules.is_match(USUAL);
    }
    RULES.set(Some(rules));
    Ok(())
}

fn guard(call: &Call) -> Result<Verdict> {
    for tool in call.tool_calls()? {
        let text = tool.record().json()?.unwrap_or_default();
        if RULES.with_borrow(|rules| rules.as_ref().is_none_or(|rules| rules.is_match(&text))) {
            return deny("secret", "there is a secret in the arguments of the tool");
        }
    }
    allow()
}

#[cfg(test)]
mod tests {
    use super::PLUGIN;
    use cpex_wasmi_guest::testing::{Harness, Request};

    #[test]
    fn a_secret_is_denied() {
        for warm in [false, true] {
            let mut harness = Harness::new(&PLUGIN).config("warm", warm);
            let mut denied = |text: &str| {
                let request = Request::tool_call("search").argument("text", text);
                !harness.call("cmf.tool_pre_invoke", request).unwrap().decision.is_allow()
            };
            assert!(denied("the key is AKIAIOSFODNN7EXAMPLE"));
            assert!(!denied("no key"));
        }
    }
}
