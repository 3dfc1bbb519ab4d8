//! State that plugins leave for one another, and for their next hook.

use crate::common::{HOOK, guest, guest_for};
use crate::native::POST;
use crate::pipeline::*;
use crate::upstream::context::PluginContextTable;

/// Writes `k` into the field when the tool's first hook is called; denies, when the second one is, if
/// it is there.
fn remembering(field: u32) -> Vec<u8> {
    guest_for(
        &[HOOK, POST],
        &format!(
            r#"(data (i32.const 0) "k")
               (func (export "cpex_invoke") (param $hook i32) (result i32)
                 (if (result i32) (i32.eqz (local.get $hook))
                   (then (call $write_text (i32.const {field}) (i32.const 0)
                     (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
                   (else (call $contains (i32.const {field}) (i32.const 0)
                     (i32.const 0) (i32.const 1)))))"#
        ),
    )
}

const LOCAL: u32 = 0x0700;
const GLOBAL: u32 = 0x0701;
const CUSTOM: u32 = 0x0600;

/// Entries of these names for such a plugin, one after the other.
fn remembering_entries(names: &[&str]) -> String {
    let entry = |(position, name): (usize, &&str)| {
        let hooks = format!("hooks: [{HOOK}, {POST}]");
        format!(
            "  - {{ name: {name}, kind: 'wasm://state.wasm', {hooks}, priority: {position} }}\n"
        )
    };
    names.iter().enumerate().map(entry).collect()
}

#[test]
fn state_is_there_in_the_next_hook_of_a_request() {
    on_both(async || {
        for field in [LOCAL, GLOBAL] {
            for isolation in ["per_call", "pooled"] {
                let plugins = Plugins::new().with("state.wasm", &remembering(field));
                let config =
                    format!("config: {{ sandbox_policy: {{ isolation: {isolation} }} }} }}");
                let yaml = configuration(&[remembering_entries(&["one"])]);
                let manager = plugins.start(&yaml.replace(" }\n", &format!(", {config}\n"))).await;
                let first = invoke(&manager, tool_call("pay"), labelled(&[])).await;
                let post = async |table: Option<PluginContextTable>| {
                    let request = (tool_call("pay"), labelled(&[]));
                    let result = invoke_hook(&manager, POST, request.0, request.1, table).await;
                    assert!(result.errors.is_empty());
                    result.is_denied()
                };
                assert!(post(Some(first.context_table)).await, "it is not there");
                assert!(!post(None).await, "it is there in another request");
            }
        }
    });
}

#[test]
fn the_table_of_contexts_may_be_written_down_between_hooks() {
    on_both(async || {
        let yaml = configuration(&[entry("compute", "compute", COMPUTE)]);
        let manager = Plugins::of(&["compute"]).start(&yaml).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&["PII", "A"])).await;
        assert!(result.errors.is_empty() && !result.is_denied(), "{:?}", result.violation);
        let written = serde_json::to_value(&result.context_table).unwrap();
        let id = manager.get_plugin("compute").unwrap().id().to_string();
        assert_eq!(written["local_states"][&id]["summary"], "pay A PII");
        assert_eq!(written["global_state"], serde_json::json!({}));
        let read: PluginContextTable = serde_json::from_value(written.clone()).unwrap();
        let request = (tool_call("refund"), labelled(&[]));
        let result = invoke_hook(&manager, HOOK, request.0, request.1, Some(read)).await;
        let state = result.context_table.local_states.into_values().next().unwrap();
        assert_eq!(state["summary"], "refund");
    });
}

const COMPUTE: &str = "capabilities: [read_labels, read_headers]";

#[test]
fn only_global_state_reaches_the_plugins_that_follow() {
    on_both(async || {
        for (field, seen) in [(GLOBAL, true), (LOCAL, false)] {
            let reader = invoking_on_k(&format!(
                "(call $contains (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const 1))"
            ));
            let plugins =
                Plugins::new().with("state.wasm", &remembering(field)).with("reader.wasm", &reader);
            let yaml = |priority: i32| {
                let reader = entry("reader", "reader", &format!("priority: {priority}"));
                configuration(&[reader, remembering_entries(&["writer"])])
            };
            let after = plugins.start(&yaml(10)).await;
            let result = invoke(&after, tool_call("pay"), labelled(&[])).await;
            assert_eq!(result.is_denied(), seen);
            let before = plugins.start(&yaml(-10)).await;
            assert!(!invoke(&before, tool_call("pay"), labelled(&[])).await.is_denied());
        }
    });
}

/// A guest with `k` at the start of its memory.
fn invoking_on_k(body: &str) -> Vec<u8> {
    guest(&format!(
        r#"(data (i32.const 0) "k")
           (func (export "cpex_invoke") (param i32) (result i32) {body})"#
    ))
}

#[test]
fn two_entries_of_one_module_have_a_state_each() {
    on_both(async || {
        let plugins = Plugins::new().with("state.wasm", &remembering(LOCAL));
        let manager = plugins.start(&configuration(&[remembering_entries(&["a", "b"])])).await;
        let table = invoke(&manager, tool_call("pay"), labelled(&[])).await.context_table;
        assert_eq!(table.len(), 2);
        // Takes that of `a` away.
        let mut table = table;
        table.local_states.remove(&manager.get_plugin("a").unwrap().id());
        let request = (tool_call("pay"), labelled(&[]));
        let result = invoke_hook(&manager, POST, request.0, request.1, Some(table)).await;
        assert_eq!(result.violation.unwrap().plugin_name.as_deref(), Some("b"));
    });
}

#[test]
fn a_call_that_fails_leaves_nothing_in_any_state() {
    on_both(async || {
        let write = |field: u32, end: &str| {
            invoking_on_k(&format!(
                "(drop (call $write_text (i32.const {field}) (i32.const 0)
                   (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))) {end}"
            ))
        };
        for (end, errors, kept) in
            [("(i32.const 0)", 0, true), ("(unreachable)", 1, false), ("(i32.const -13)", 1, false)]
        {
            for field in [LOCAL, GLOBAL] {
                let plugins = Plugins::new().with("writes.wasm", &write(field, end));
                let yaml = configuration(&[entry("writes", "writes", "on_error: ignore")]);
                let manager = plugins.start(&yaml).await;
                let mut before = PluginContextTable::new();
                before.global_state.insert("before".into(), 1.into());
                let request = (tool_call("pay"), labelled(&[]));
                let result = invoke_hook(&manager, HOOK, request.0, request.1, Some(before)).await;
                assert_eq!(result.errors.len(), errors, "{end}");
                let table = result.context_table;
                let local = table.local_states.values().any(|state| state.contains_key("k"));
                let global = table.global_state.contains_key("k");
                assert_eq!(local || global, kept, "{end}");
                assert_eq!(table.global_state["before"], 1);
            }
        }
    });
}

#[test]
fn of_a_plugin_that_denies_no_change_is_kept() {
    on_both(async || {
        for (mode, verdict) in
            [("sequential", 0), ("sequential", 1), ("transform", 0), ("transform", 1)]
        {
            let wasm = invoking_on_k(&format!(
                "(drop (call $write_text (i32.const {CUSTOM}) (i32.const 0)
                   (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
                 (i32.const {verdict})"
            ));
            let plugins = Plugins::new().with("decides.wasm", &wasm);
            let yaml = configuration(&[entry("decides", "decides", &format!("mode: {mode}"))]);
            let manager = plugins.start(&yaml).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert_eq!(result.is_denied(), mode == "sequential" && verdict == 1);
            assert_eq!(extensions(&result).custom.is_some(), verdict == 0, "{mode}");
        }
    });
}
