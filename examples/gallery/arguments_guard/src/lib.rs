//! Holds arguments of tools against JSON Schemas of the operator's.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod settings;

use cpex_wasmi_guest::prelude::*;

plugin! {
    name: "arguments-guard",
    description: "Denies tool calls whose arguments do not fit a JSON Schema",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_pre_invoke" => check },
}

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    for tool_call in call.tool_calls()? {
        let listed = settings.names.matching(&tool_call.name()?)?;
        if listed.is_empty() && settings.denies_unlisted {
            call.count("arguments.unlisted", 1)?;
            return deny("tool_not_listed", "this tool has no schema of its arguments");
        }
        // Each schema that is meant has to fit.
        for schema in listed.into_iter().filter_map(|position| settings.schemas.get(position)) {
            let faults = schema.check(tool_call)?;
            let Some(first) = faults.first() else { continue };
            call.count("arguments.invalid", 1)?;
            if !settings.only_counts {
                let place = match &*first.pointer {
                    "" => "the arguments",
                    pointer => pointer,
                };
                return deny("invalid_arguments", &[place, ": ", &first.message].concat());
            }
        }
    }
    allow()
}

#[cfg(test)]
mod tests;
