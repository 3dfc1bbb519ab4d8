//! Tools that fail, recover and fail again.

use cpex_wasmi_guest::testing::{Access, Harness, Policy, Request, model};

use crate::PLUGIN;

fn harness() -> Harness {
    let access = Access::default().state("failures/*").state("open/*");
    let policy =
        Policy::default().access(access).config("failures", 2).config("open_seconds", 3600);
    Harness::new(&PLUGIN)
        .under(policy)
        .module_file_if_built("../../../target/gallery/circuit_breaker.wasm")
}

fn code(harness: &mut Harness, tool: &str) -> Option<String> {
    let outcome = harness.call("cmf.tool_pre_invoke", Request::tool_call(tool)).unwrap();
    outcome.decision.violation().map(|violation| violation.code.clone())
}

fn end(harness: &mut Harness, tool: &str, failed: bool) {
    let mut payload = Request::tool_result(tool, "x").payload.as_message().unwrap().clone();
    if let model::ContentPart::ToolResult { content } = &mut payload.message.content[0] {
        content.is_error = failed;
    }
    let outcome = harness.call("cmf.tool_post_invoke", Request::new(payload)).unwrap();
    assert!(outcome.decision.is_allow());
}

#[test]
fn a_tool_that_keeps_failing_is_denied() {
    let mut harness = harness();
    end(&mut harness, "a", true);
    assert_eq!(code(&mut harness, "a"), None);
    end(&mut harness, "a", true);
    assert_eq!(code(&mut harness, "a").as_deref(), Some("circuit_open"));
    assert_eq!(code(&mut harness, "b"), None);
}

#[test]
fn a_success_forgets_failures() {
    let mut harness = harness();
    for failed in [true, false, true] {
        end(&mut harness, "a", failed);
    }
    assert_eq!(code(&mut harness, "a"), None);
}
