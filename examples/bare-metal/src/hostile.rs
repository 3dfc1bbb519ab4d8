//! Plugins and requests that would stop a board, if they could.

use core::time::Duration;

use cpex_wasmi::{Clock as _, Error, Limits, Outcome, Policy, Request};

use crate::board::{Timer, line};
use crate::plugins::load;

const HOOK: &str = "cmf.tool_pre_invoke";

fn code(result: &Result<Outcome, Error>) -> &str {
    match result {
        Ok(_) => "returned",
        Err(error) => error.code(),
    }
}

/// An endless loop, with more fuel than it can burn: the timer ends it.
pub(crate) fn ends_at_its_deadline() {
    let deadline = Duration::from_millis(100);
    let limits = Limits::default().fuel(u64::MAX).deadline(deadline);
    let plugin = load("loops", |_| Policy::default().limits(limits));
    let begun = Timer.now();
    let result = plugin.call(HOOK, Request::tool_call("search"));
    let took = Timer.now() - begun;
    let in_time = took >= deadline && took < deadline * 5;
    line!("loops ends with {}, {}", code(&result), if in_time { "in time" } else { "late" });
}

/// A plugin that takes all memory that it is given, and may have more than there is.
pub(crate) fn has_no_more_memory_than_there_is() {
    let limits = Limits::default().memory_bytes(16 << 20);
    let plugin = load("memory_hog", |_| Policy::default().limits(limits));
    let result = plugin.call(HOOK, Request::tool_call("search"));
    line!("memory_hog ends with {}", code(&result));
}

/// A request so large that the host cannot copy it for a plugin that changes it.
pub(crate) fn has_the_host_run_out_of_memory() {
    let plugin = load("argument_redactor", |_| Policy::default());
    let request =
        Request::tool_call("search").argument("ssn", "0").argument("text", "x".repeat(200 << 10));
    let result = plugin.call(HOOK, request);
    line!("argument_redactor ends with {}", code(&result));
}
