//! Calls within and beyond a limit.

use cpex_wasmi_guest::testing::{Access, Capability, Harness, Policy, Request};

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";

fn harness(by: &str) -> Harness {
    let access = Access::default().state("calls/*");
    let policy = Policy::default().access(access).grant([Capability::ReadSubject]);
    let policy = policy.config("limit", 2).config("seconds", 3600).config("by", by);
    Harness::new(&PLUGIN)
        .under(policy)
        .module_file_if_built("../../../target/gallery/rate_limiter.wasm")
}

fn allowed(harness: &mut Harness, user: &str, tool: &str) -> bool {
    let outcome = harness.call(PRE, Request::tool_call(tool).subject(user)).unwrap();
    outcome.decision.is_allow()
}

#[test]
fn each_user_has_a_limit() {
    let mut harness = harness("user");
    assert!(allowed(&mut harness, "ann", "a") && allowed(&mut harness, "ann", "b"));
    assert!(!allowed(&mut harness, "ann", "c"));
    assert!(allowed(&mut harness, "bob", "a"));
}

#[test]
fn each_tool_has_a_limit_for_all_users() {
    let mut harness = harness("tool");
    assert!(allowed(&mut harness, "ann", "a") && allowed(&mut harness, "bob", "a"));
    assert!(!allowed(&mut harness, "eve", "a"));
    assert!(allowed(&mut harness, "eve", "b"));
}

#[test]
fn users_and_tools_do_not_share_a_count() {
    let mut harness = harness("user and tool");
    for (user, tool) in [("a/b", "c"), ("a", "b/c"), ("", "a/b/c"), ("a", "c")] {
        assert!(allowed(&mut harness, user, tool) && allowed(&mut harness, user, tool));
        assert!(!allowed(&mut harness, user, tool));
    }
}
