//! A file that compiles against `cpex-core` too compiles here, and makes the same values.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    unreachable_pub
)]

use cpex_wasmi_guest::cpex as cpex_core;
use cpex_wasmi_guest::cpex::{CmfHook, cpex_plugin};
use cpex_wasmi_guest::testing::{Harness, Request};

#[path = "cpex_common/source.rs"]
mod source;

use source::{Everything, OrderHook};

cpex_plugin! {
    name: "everything",
    capabilities: [
        "write_headers", "read_headers", "read_labels", "read_agent", "read_delegation",
        "read_inbound_credentials",
    ],
    plugin: Everything = |config| Everything { config },
    hooks: {
        "cmf.tool_pre_invoke" => CmfHook,
        "order.pre" => OrderHook,
        "identity.resolve" => cpex_core::IdentityHook,
        "token.delegate" => cpex_core::TokenDelegateHook,
        "elicit" => cpex_core::ElicitationHook,
    },
}

#[test]
fn its_values_are_those_of_cpex() {
    let expected: serde_json::Value =
        serde_json::from_str(include_str!("cpex_common/everything.json")).unwrap();
    assert_eq!(source::values::everything(), expected);
}

#[test]
fn it_runs() {
    let mut harness = Harness::new(&PLUGIN).grant_all();
    let request = Request::tool_call("a").header("a", "b");
    let outcome = harness.call("cmf.tool_pre_invoke", request.clone()).unwrap();
    assert!(outcome.changes.http.unwrap().request_headers.contains_key("X"));
    let outcome = harness.call("cmf.tool_pre_invoke", request.label("PII")).unwrap();
    assert_eq!(outcome.decision.violation().unwrap().description.as_deref(), Some("more"));
}
