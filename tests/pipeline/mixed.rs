//! A pipeline comes to the same, whichever of its plugins run natively and whichever in the sandbox.

use std::sync::{Arc, LazyLock};

use cpex_wasmi_conformance::{strategies, to_json};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::common::HOOK;
use crate::native::{self, POST};
use crate::pipeline::{
    Plugins, extensions, full_extensions, labelled, local_states, on_both, slots, tool_call,
};
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::cmf::{CmfHook, MessagePayload};
use crate::upstream::context::PluginContextTable;
use crate::upstream::extensions::Extensions;

/// An entry of a configuration.
#[derive(Clone, Copy, Debug)]
struct Entry {
    module: &'static str,
    mode: &'static str,
    priority: i32,
    sandboxed: bool,
}

impl Entry {
    fn yaml(&self, position: usize, natively: bool) -> String {
        let Self { module, mode, priority, sandboxed } = self;
        let (hook, granted, config) = match *module {
            "cpex_pii_guard" => (HOOK, "read_labels, read_subject, read_roles", "role: admin"),
            "cpex_headers" => (HOOK, "read_headers, write_headers", "tenant: acme"),
            "cpex_redactor" => (POST, "read_labels, append_labels", ""),
            _ => (HOOK, "read_labels, read_headers", ""),
        };
        let kind = if *sandboxed && !natively {
            format!("wasm://{module}.wasm")
        } else {
            format!("native/{module}")
        };
        format!(
            "  - {{ name: plugin-{position}, kind: '{kind}', hooks: [{hook}], mode: {mode}, \
             priority: {priority}, on_error: ignore, capabilities: [{granted}], \
             config: {{ {config} }} }}\n"
        )
    }
}

const SANDBOXED: [&str; 4] = ["cpex_pii_guard", "cpex_headers", "cpex_redactor", "cpex_compute"];

static MODULES: LazyLock<(Plugins, WasmFactory)> = LazyLock::new(|| {
    let plugins = Plugins::of(&SANDBOXED);
    let factory = plugins.factory();
    (plugins, factory)
});

/// The whole result of a request.
#[derive(Debug, PartialEq)]
struct Came {
    violation: Option<Value>,
    payload: Value,
    payload_modified: bool,
    extensions: Map<String, Value>,
    local_states: Value,
    global_state: Value,
    errors: Value,
}

/// Takes a request through both hooks of a tool, or to where it is denied.
async fn pass(
    entries: &[Entry],
    natively: bool,
    payload: &MessagePayload,
    before: &Extensions,
) -> Vec<Came> {
    let entries = entries.iter().enumerate();
    let yaml: String = entries.map(|(at, entry)| entry.yaml(at, natively)).collect();
    let (plugins, factory) = &*MODULES;
    let yaml = format!("plugins:\n{yaml}");
    let manager = plugins.load_with(&yaml, factory, native::register).unwrap();
    manager.initialize().await.unwrap();
    let (before_call, table) = at_hook(&manager, HOOK, payload, before.clone(), None).await;
    let mut came = vec![before_call.0];
    if let Some((payload, extensions)) = before_call.1 {
        let (after_call, _) = at_hook(&manager, POST, &payload, extensions, Some(table)).await;
        came.push(after_call.0);
    }
    came
}

/// The result, and the next step.
type Passed = (Came, Option<(MessagePayload, Extensions)>);

async fn at_hook(
    manager: &Arc<PluginManager>,
    hook: &str,
    payload: &MessagePayload,
    before: Extensions,
    table: Option<PluginContextTable>,
) -> (Passed, PluginContextTable) {
    let (result, tasks) =
        manager.invoke_named::<CmfHook>(hook, payload.clone(), before, table).await;
    assert!(tasks.wait_for_background_tasks().await.is_empty());
    let now = result.modified_payload.as_ref();
    let now: Option<&MessagePayload> = now.and_then(|payload| payload.as_any().downcast_ref());
    let came = Came {
        violation: result.violation.as_ref().map(to_json),
        payload: to_json(&now),
        payload_modified: result.payload_modified,
        extensions: slots(extensions(&result)),
        local_states: local_states(manager, &result.context_table),
        global_state: to_json(&result.context_table.global_state),
        errors: to_json(&result.errors),
    };
    let goes_on = now.map(|now| (now.clone(), extensions(&result).clone()));
    ((came, goes_on), result.context_table)
}

fn entry() -> impl Strategy<Value = Entry> {
    let module = prop_oneof![8 => prop::sample::select(SANDBOXED.to_vec()), 1 => Just("fails")];
    // What may change something, most of the time.
    let mode = prop_oneof![
        6 => Just("sequential"),
        2 => Just("transform"),
        1 => prop::sample::select(vec!["audit", "concurrent", "fire_and_forget"]),
    ];
    (module, mode, 0..3_i32, any::<bool>()).prop_map(|(module, mode, priority, sandboxed)| Entry {
        module,
        mode,
        priority,
        sandboxed: sandboxed && module != "fails",
    })
}

/// A message, now and then with what the plugins look for.
fn payload() -> impl Strategy<Value = MessagePayload> {
    (strategies::payload(), any::<[bool; 3]>()).prop_map(|(payload, [call, text, result])| {
        let mut payload = serde_json::to_value(&payload).unwrap();
        let parts = payload["message"]["content"].as_array_mut().unwrap();
        if call {
            parts.extend(tool_call("pay").message.content.iter().map(to_json));
        }
        if text {
            parts.push(json!({"content_type": "text", "text": "123-45-6789"}));
        }
        if result {
            let rows = json!([{"ssn": "123-45-6789"}, "987-65-4321", "no"]);
            let content = json!({"tool_call_id": "c", "tool_name": "t", "content": rows});
            parts.insert(0, json!({"content_type": "tool_result", "content": content}));
        }
        serde_json::from_value(payload).unwrap()
    })
}

/// Extensions, often with what the plugins look for.
fn before() -> impl Strategy<Value = Extensions> {
    let role = prop::sample::select(vec!["admin", "user"]);
    let tenant = prop::option::of(prop::sample::select(vec!["X-Tenant", "x-tenant"]));
    (strategies::extensions(), any::<[bool; 4]>(), role, tenant).prop_map(
        |(mut slots, [personal, debug, secured, tokens], role, tenant)| {
            // They are in no JSON.
            slots.raw_credentials = None;
            if let Some(http) = &mut slots.http {
                http.request_headers.extend(tenant.map(|name| (name.into(), "given".into())));
                http.request_headers.extend(debug.then(|| ("X-Debug".into(), "1".into())));
            }
            if let Some(security) = &mut slots.security {
                security.labels.extend(personal.then(|| "pii".to_owned()));
                if let Some(subject) = &mut security.subject {
                    subject.roles.insert(role.into());
                }
            }
            let json = serde_json::to_value(&slots).unwrap();
            let mut extensions: Extensions = serde_json::from_value(json).unwrap();
            if secured && extensions.security.is_none() {
                extensions.security = labelled(&["PII"]).security;
            }
            if tokens {
                extensions.raw_credentials = full_extensions().raw_credentials;
            }
            extensions
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn it_does_not_matter_where_a_plugin_runs(
        entries in prop::collection::vec(entry(), 1..7),
        payload in payload(),
        before in before(),
    ) {
        on_both(async || {
            let mixed = pass(&entries, false, &payload, &before).await;
            let natively = pass(&entries, true, &payload, &before).await;
            assert_eq!(mixed, natively);
        });
    }
}

#[test]
fn a_plugin_sees_what_one_of_the_other_kind_did_before_it() {
    let entry = |module, sandboxed| Entry { module, mode: "sequential", priority: 0, sandboxed };
    let before = || {
        let mut extensions = full_extensions();
        let mut security = (**extensions.security.as_ref().unwrap()).clone();
        security.subject.as_mut().unwrap().roles.insert("admin".into());
        extensions.security = Some(Arc::new(security));
        extensions
    };
    on_both(async || {
        for first in [true, false] {
            let entries = [
                entry("cpex_pii_guard", first),
                entry("cpex_headers", !first),
                entry("cpex_compute", first),
                entry("cpex_headers", first),
                entry("cpex_redactor", first),
                entry("cpex_redactor", !first),
            ];
            let mut payload = tool_call("pay");
            let secret = json!({"content_type": "text", "text": "123-45-6789"});
            payload.message.content.push(serde_json::from_value(secret).unwrap());
            let came = pass(&entries, false, &payload, &before()).await;
            let [pre, post] = came.as_slice() else { panic!("{came:?}") };
            assert_eq!(pre.errors, json!([]));
            // The first of two sets the header, and the second says so.
            assert_eq!(pre.extensions["http"]["request_headers"]["X-Tenant"], "acme");
            assert_eq!(pre.global_state, json!({"tenant_known": true}));
            assert_eq!(pre.local_states["plugin-2"]["summary"], "pay GDPR PII req-1");
            // And the first of two finds the secret.
            assert!(post.payload_modified);
            assert_eq!(post.payload["message"]["content"][1]["text"], "[redacted]");
            assert_eq!(post.extensions["security"]["labels"], json!(["GDPR", "PII", "REDACTED"]));
            assert_eq!(post.local_states["plugin-4"], json!({"redacted": 1}));
            assert_eq!(post.local_states["plugin-5"], json!({"redacted": 0}));
            // What is kept from one hook to the next.
            assert_eq!(post.global_state, json!({"tenant_known": true}));
            assert_eq!(post.local_states["plugin-2"], pre.local_states["plugin-2"]);
        }
    });
}
