//! Plugins run natively beside the modules that were built from the same source, and beside modules
//! that were not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use cpex_wasmi_guest::testing::{
    Difference, Failure, Harness, Level, Limits, Outcome, Payload, Policy, Request,
};
use cpex_wasmi_guest::{PluginDef, plugin};

/// Plugins of the project, which are written as crates of their own.
#[allow(unused_attributes, unreachable_pub, clippy::arithmetic_side_effects)]
#[path = "../../fixtures/plugins"]
mod fixtures {
    #[path = "argument_redactor/src/lib.rs"]
    pub(crate) mod argument_redactor;
    #[path = "call_counter/src/lib.rs"]
    pub(crate) mod call_counter;
    #[path = "loops/src/lib.rs"]
    pub(crate) mod loops;
    #[path = "memory_hog/src/lib.rs"]
    pub(crate) mod memory_hog;
    #[path = "panics/src/lib.rs"]
    pub(crate) mod panics;
    #[path = "pii_guard/src/lib.rs"]
    pub(crate) mod pii_guard;
}

use fixtures::{argument_redactor, call_counter, loops, memory_hog, panics, pii_guard};

const HOOK: &str = "cmf.tool_pre_invoke";

/// A plugin beside a committed module.
fn beside(plugin: &'static PluginDef, module: &str) -> Harness {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
    Harness::new(plugin).grant_all().module_file(Path::new(folder).join(module))
}

fn pii() -> Request {
    Request::tool_call("get_compensation").argument("ssn", "123-45-6789").label("PII")
}

#[test]
fn the_outcome_is_the_module_s() {
    let mut harness = beside(&pii_guard::PLUGIN, "pii_guard.wasm");
    let denied = harness.call(HOOK, pii().role("engineer")).unwrap();
    assert_eq!(denied.decision.violation().unwrap().code, "pii_access");
    assert!(denied.receipt.fuel > 0);
    assert_eq!(denied.receipt.peak_memory_bytes, 64 * 1024);
    assert!(harness.call(HOOK, pii().role("hr_admin")).unwrap().decision.is_allow());

    let wasm = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pii_guard.wasm"));
    let mut harness = Harness::new(&pii_guard::PLUGIN).grant_all().module(wasm.unwrap());
    assert_eq!(harness.call(HOOK, pii().role("engineer")).unwrap(), denied);
}

#[test]
fn changes_and_lines_are_the_module_s_and_come_once() {
    let mut harness = beside(&argument_redactor::PLUGIN, "argument_redactor.wasm");
    let changes = harness.call(HOOK, pii()).unwrap().changes;
    let Some(Payload::Message(payload)) = changes.payload else { panic!("not replaced") };
    assert_eq!(payload.message.tool_calls().next().unwrap().arguments["ssn"], "***-**-****");
    let log = harness.take_log();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].level, &*log[0].message), (Level::Info, "masked an argument"));
}

#[test]
fn state_is_kept_on_both_sides() {
    let mut harness = beside(&call_counter::PLUGIN, "call_counter.wasm").config("start", 7);
    let mut calls = || {
        let outcome: Outcome = harness.call(HOOK, Request::tool_call("search")).unwrap();
        outcome.changes.local_state.unwrap()["calls"].clone()
    };
    assert_eq!([calls(), calls(), calls()], [8, 9, 10]);
    // A hook that there is not costs nobody their state.
    assert_eq!(harness.call("cmf.llm_input", pii()).unwrap_err().code(), "unknown_hook");
    assert!(harness.call(HOOK, pii()).is_ok());
    assert_eq!(harness.take_log().last().unwrap().message, "call 11");
}

#[test]
fn both_are_shut_down_and_begin_anew() {
    let mut harness = beside(&call_counter::PLUGIN, "call_counter.wasm");
    harness.shutdown().unwrap();
    let messages = |harness: &Harness| {
        harness.take_log().into_iter().map(|line| line.message).collect::<Vec<_>>()
    };
    assert!(messages(&harness).is_empty());
    for _ in 0..2 {
        harness.call(HOOK, pii()).unwrap();
        harness.call(HOOK, pii()).unwrap();
        harness.shutdown().unwrap();
        assert_eq!(messages(&harness), ["call 1", "call 2", "ended after call 2"]);
    }
}

#[test]
fn a_new_instance_has_a_state_of_its_own() {
    let mut harness = beside(&call_counter::PLUGIN, "call_counter.wasm");
    let calls = |harness: &mut Harness| {
        harness.call(HOOK, pii()).unwrap();
        harness.take_log().pop().unwrap().message
    };
    assert_eq!((calls(&mut harness), calls(&mut harness)), ("call 1".into(), "call 2".into()));
    harness.new_instance();
    assert_eq!(calls(&mut harness), "call 1");
}

#[test]
fn another_end_is_found() {
    mod unruly {
        use super::*;
        use cpex_wasmi_guest::prelude::*;
        plugin! {
            shutdown: fail,
            name: "call-counter",
            stateful: true,
            hooks: { "cmf.tool_pre_invoke" => count },
        }
        fn count(call: &Call) -> Result<Verdict> {
            call.local_state().set("calls", 1_u64)?;
            info!("call 1");
            allow()
        }
        fn fail() -> Result<()> {
            Err(Error::FAILED)
        }
    }
    let mut harness = beside(&unruly::PLUGIN, "call_counter.wasm");
    harness.call(HOOK, pii()).unwrap();
    let failure = harness.shutdown().unwrap_err();
    let text = failure.to_string();
    let Failure::Differs { hook, differences, .. } = failure else { panic!("{text}") };
    assert_eq!((&*hook, whats(&differences)), ("shutdown", vec!["result", "log[0]"]), "{text}");
    assert!(differences[0].natively.starts_with("failed: plugin_failed"), "{text}");
    assert_eq!(differences[0].module, "succeeded");
}

#[test]
fn both_may_fail_the_same_way() {
    let mut harness = beside(&panics::PLUGIN, "panics.wasm");
    let failure = harness.call(HOOK, Request::tool_call("boom")).unwrap_err();
    assert!(matches!(failure, Failure::Host(_)), "{failure:?}");
    assert_eq!(failure.code(), "wasm_trap");
    assert!(harness.call(HOOK, Request::tool_call("search")).is_ok());

    let mut harness = beside(&pii_guard::PLUGIN, "pii_guard.wasm").under(Policy::default());
    assert_eq!(harness.call(HOOK, pii()).unwrap_err().code(), "capability_denied");
}

#[test]
fn a_deadline_in_a_debug_build_says_how_to_build() {
    let limits = Limits::default().deadline(Duration::from_millis(1)).fuel(u64::MAX);
    let mut harness = beside(&loops::PLUGIN, "loops.wasm").under(Policy::default().limits(limits));
    let failure = harness.call(HOOK, pii()).unwrap_err();
    assert_eq!(failure.code(), "timeout");
    let text = failure.to_string();
    assert_eq!(text.contains("`[profile.dev.package]`"), cfg!(debug_assertions), "{text}");
}

#[test]
fn limits_of_the_sandbox_are_the_module_s() {
    // Natively, neither would come to an end that a test could see.
    let failure = beside(&loops::PLUGIN, "loops.wasm").call(HOOK, pii()).unwrap_err();
    assert!(matches!(failure.code(), "fuel_exhausted" | "timeout"), "{failure}");
    let failure = beside(&memory_hog::PLUGIN, "memory_hog.wasm").call(HOOK, pii()).unwrap_err();
    assert_eq!(failure.code(), "memory_limit");
}

/// The message for a plugin beside a module that was built from something else.
#[track_caller]
fn differences(mut harness: Harness, request: Request) -> (Vec<Difference>, String) {
    let failure = harness.call(HOOK, request).unwrap_err();
    assert_eq!(failure.code(), "module_differs");
    let text = failure.to_string();
    let Failure::Differs { hook, differences, path, .. } = failure else { panic!("{text}") };
    assert!(hook == HOOK && path.is_some());
    (differences, text)
}

fn whats(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|difference| &*difference.what).collect()
}

#[test]
fn another_decision_is_found() {
    mod stricter {
        use super::*;
        use cpex_wasmi_guest::prelude::*;
        plugin! {
            name: "pii-guard",
            capabilities: ["read_labels", "read_roles"],
            hooks: { "cmf.tool_pre_invoke" => guard },
        }
        fn guard(call: &Call) -> Result<Verdict> {
            match call.security().has_label("PII")? {
                true => deny("no_pii", "only hr_admin may pass personal data to a tool"),
                false if call.security().has_label("panic")? => panic!("out of cheese"),
                false => deny("closed", "not today"),
            }
        }
    }
    let harness = || beside(&stricter::PLUGIN, "pii_guard.wasm");

    let (found, text) = differences(harness(), pii().role("engineer"));
    assert_eq!(whats(&found), ["decision.deny.code"]);
    assert_eq!(
        text.lines().take(4).collect::<Vec<_>>(),
        [
            "on `cmf.tool_pre_invoke`, the module behaves differently from the native plugin",
            "  decision.deny.code",
            "    natively: \"no_pii\"",
            "    module:   \"pii_access\"",
        ]
    );
    let hint = "is older than the source, build it again: `cargo build --release --target wasm32";
    assert!(text.lines().nth(4).unwrap().contains(hint) && text.lines().count() == 5, "{text}");

    let (found, _) = differences(harness(), Request::tool_call("search"));
    assert_eq!(whats(&found), ["decision"]);
    assert!(found[0].natively.contains("not today") && found[0].module == "\"allow\"");

    let (found, _) = differences(harness(), Request::tool_call("search").label("panic"));
    assert_eq!(whats(&found), ["result"]);
    assert!(found[0].natively.contains("wasm_trap") && found[0].natively.contains("cheese"));
    assert_eq!(found[0].module, "decided: \"allow\"");
}

#[test]
fn other_changes_and_lines_are_found_and_no_more() {
    mod sloppy {
        use super::*;
        use cpex_wasmi_guest::prelude::*;
        plugin! { name: "argument-redactor", hooks: { "cmf.tool_pre_invoke" => redact } }
        fn redact(call: &Call) -> Result<Verdict> {
            info!("masking");
            for tool_call in call.tool_calls()? {
                tool_call.arguments().set_text("ssn", "***-**-6789")?;
            }
            call.custom().set("a b", 1_u64)?;
            info!("masked an argument");
            allow()
        }
    }
    let long = "x".repeat(1000);
    let request = pii().argument("long", long).custom("old", true);
    let (found, text) = differences(beside(&sloppy::PLUGIN, "argument_redactor.wasm"), request);
    let arguments = "changes.payload.message.content[0].content.arguments.ssn";
    assert_eq!(whats(&found), [arguments, "changes.custom", "log[0]"]);
    assert_eq!((&*found[0].natively, &*found[0].module), ("\"***-**-6789\"", "\"***-**-****\""));
    assert_eq!(found[1].module, "nothing");
    assert_eq!((&*found[2].natively, &*found[2].module), ("INFO masking", "nothing"));
    assert!(!text.contains("xxx"), "{text}");
}

#[test]
fn a_long_value_is_cut_to_where_it_differs() {
    mod verbose {
        use super::*;
        use cpex_wasmi_guest::prelude::*;
        plugin! { name: "argument-redactor", hooks: { "cmf.tool_pre_invoke" => log } }
        fn log(call: &Call) -> Result<Verdict> {
            call.tool_calls()?.next().map(|it| it.arguments().set_text("ssn", "*")).transpose()?;
            let wanted = call.custom().text("log")?.unwrap_or_default();
            info!("{wanted}");
            allow()
        }
    }
    let request = pii().argument("ssn", "1").custom("log", "masked an argument".repeat(100));
    let (found, _) = differences(beside(&verbose::PLUGIN, "argument_redactor.wasm"), request);
    let log = found.iter().find(|found| found.what == "log[0]").unwrap();
    assert_eq!(log.module, "…O masked an argument");
    assert!(log.natively.starts_with("…O masked an argumentmasked"), "{}", log.natively);
    assert!(log.natively.ends_with('…') && log.natively.chars().count() < 250);
}

#[test]
fn another_plugin_s_module_is_refused() {
    let (found, text) = differences(beside(&pii_guard::PLUGIN, "argument_redactor.wasm"), pii());
    let expected = ["manifest.capabilities[0]", "manifest.capabilities[1]", "manifest.name"];
    assert_eq!(whats(&found), expected, "{text}");
}

#[test]
fn a_module_that_is_not_there() {
    const PATH: &str = "target/wasm32-unknown-unknown/release/not_built.wasm";
    let harness = || Harness::new(&pii_guard::PLUGIN).grant_all();
    let failure = harness().module_file(PATH).call(HOOK, pii()).unwrap_err();
    assert_eq!(failure.code(), "module_unreadable");
    assert_eq!(
        failure.to_string(),
        format!(
            "there is no module at {PATH}; build it with `cargo build --release --target \
             wasm32-unknown-unknown`"
        )
    );
    let outcome = harness().module_file_if_built(PATH).call(HOOK, pii()).unwrap();
    assert_eq!(outcome.receipt.fuel, 0, "it ran natively");
    let failure = harness().module(*b"no wasm").call(HOOK, pii()).unwrap_err();
    assert_eq!(failure.code(), "invalid_module");
}

#[test]
fn a_harness_debugs_in_a_line() {
    let harness = Harness::new(&pii_guard::PLUGIN).module(*b"\0asm");
    assert_eq!(
        format!("{harness:?}"),
        r#"Harness { plugin: "pii-guard", hooks: ["cmf.tool_pre_invoke"], module: 4 bytes, .. }"#
    );
}
