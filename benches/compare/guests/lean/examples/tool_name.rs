//! Denies one tool by its name, in the lean style.
#![no_std]
#![no_main]

use cpex_wasmi_guest::prelude::*;

plugin! {
    name: "tool-name",
    hooks: { "cmf.tool_pre_invoke" => guard },
}

fn guard(call: &Call) -> Result<Verdict> {
    for tool_call in call.tool_calls()? {
        if tool_call.name_is("shell")? {
            return deny("tool", "no shells");
        }
    }
    allow()
}
