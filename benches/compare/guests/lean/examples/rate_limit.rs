//! Bounds the calls of a user in a minute, in the lean style.
#![no_std]
#![no_main]

extern crate alloc;

use core::time::Duration;

use compare_texts::MOST_CALLS;
use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::state;

plugin! {
    name: "rate-limit",
    capabilities: ["read_subject"],
    access: ["state:calls/*"],
    hooks: { "cmf.tool_pre_invoke" => limit },
}

fn limit(call: &Call) -> Result<Verdict> {
    let user = call.security().subject().id()?.unwrap_or_default();
    let calls = state::increment(&["calls/", &user].concat(), 1, Some(Duration::from_secs(60)))?;
    if calls > MOST_CALLS { deny("rate_limited", "too many calls") } else { allow() }
}
