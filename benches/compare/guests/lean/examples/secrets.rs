//! Counts the secrets in the text of a message, and masks those in the arguments of tool calls, in the lean style.
#![no_std]
#![no_main]

extern crate alloc;

use compare_texts::{MARK, PATTERNS};
use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;
use cpex_wasmi_guest::{decimal, patterns};

patterns! {
    static SECRETS = PATTERNS;
}

plugin! {
    name: "secrets",
    hooks: { "cmf.tool_pre_invoke" => secrets },
}

fn secrets(call: &Call) -> Result<Verdict> {
    let found = SECRETS.scan(Place::of(Field::MessageText))?;
    call.local_state().set_text("found", &decimal(found.len() as u64))?;
    for tool_call in call.tool_calls()? {
        SECRETS.replace(tool_call, MARK)?;
    }
    allow()
}
