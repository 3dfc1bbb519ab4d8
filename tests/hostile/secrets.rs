//! Secrets: values that were not granted are nowhere in a plugin's memory.

use cpex_wasmi::abi::{Field, Shape};
use cpex_wasmi::model::{
    DelegationKey, DelegationMode, Extensions, RawCredentialsExtension, RawDelegatedToken,
    RawInboundToken, TokenKind,
};
use cpex_wasmi::{Capability, Limits, Plugin, Policy, Request};
use serde_json::json;

use super::common::*;

/// The values that a plugin could find, and the keys to each: any of these capabilities,
/// or nothing that the policies here grant.
const MARKERS: [(&str, &[Capability]); 21] = [
    ("mk-header-name", &[Capability::ReadHeaders]),
    ("mk-header-value", &[Capability::ReadHeaders]),
    ("mk-cookie", &[Capability::ReadHeaders]),
    ("mk-path", &[Capability::ReadHeaders]),
    ("mk-label", &[Capability::ReadLabels]),
    ("mk-subject", SUBJECT),
    ("mk-role", &[Capability::ReadRoles]),
    ("mk-permission", &[Capability::ReadPermissions]),
    ("mk-team", &[Capability::ReadTeams]),
    ("mk-claim-name", &[Capability::ReadClaims]),
    ("mk-claim-value", &[Capability::ReadClaims]),
    ("mk-client", &[Capability::ReadClient]),
    ("mk-workload", &[Capability::ReadWorkload]),
    ("mk-ours", &[Capability::ReadWorkload]),
    ("mk-agent", &[Capability::ReadAgent]),
    ("mk-hop", &[Capability::ReadDelegation]),
    ("mk-source", &[Capability::ReadInboundCredentials]),
    ("mk-outbound", &[Capability::ReadDelegatedTokens]),
    ("mk-token-in", &[]),
    ("mk-token-out", &[]),
    ("mk-neighbour", &[]),
];

const SUBJECT: &[Capability] = &[
    Capability::ReadSubject,
    Capability::ReadRoles,
    Capability::ReadTeams,
    Capability::ReadClaims,
    Capability::ReadPermissions,
];

/// The fields that are open to every plugin.
const OPEN: [&str; 5] = ["mk-argument", "mk-custom", "mk-state", "mk-class", "mk-config"];

fn request() -> Request {
    let extensions = json!({
        "agent": {"input": "mk-agent", "session_id": "mk-agent"},
        "http": {
            "request_headers": {"mk-header-name": "mk-header-value"},
            "response_headers": {"Set-Cookie": "mk-cookie"},
            "path": "mk-path"
        },
        "security": {
            "labels": ["mk-label"],
            "classification": "mk-class",
            "subject": {
                "id": "mk-subject", "roles": ["mk-role"], "permissions": ["mk-permission"],
                "teams": ["mk-team"], "claims": {"mk-claim-name": "mk-claim-value"}
            },
            "client": {"client_id": "mk-client", "trust_level": "internal"},
            "caller_workload": {"spiffe_id": "mk-workload"},
            "this_workload": {"spiffe_id": "mk-ours"}
        },
        "delegation": {"chain": [{"subject_id": "mk-hop"}], "actor_subject_id": "mk-hop"},
        "custom": {"c": "mk-custom"}
    });
    let mut extensions: Extensions = serde_json::from_value(extensions).unwrap();
    let inbound = RawInboundToken {
        token: "mk-token-in".into(),
        source_header: "mk-source".into(),
        kind: TokenKind::Jwt,
    };
    let key = DelegationKey {
        subject_id: "s".into(),
        workload_id: None,
        client_id: None,
        audience: "a".into(),
        scopes: Vec::new(),
        mode: DelegationMode::OnBehalfOfUser,
        delegator_name: None,
        target_name: None,
    };
    let outbound = RawDelegatedToken {
        token: "mk-token-out".into(),
        outbound_header: "mk-outbound".into(),
        audience: "a".into(),
        scopes: Vec::new(),
        expires_at: "2030-01-01T00:00:00Z".into(),
        outbound_prefix: None,
    };
    extensions.raw_credentials = Some(RawCredentialsExtension {
        inbound_tokens: [("user".to_owned(), inbound)].into(),
        delegated_tokens: vec![(key, outbound)],
    });
    let mut request = Request::tool_call("search").argument("a", "mk-argument");
    request.context.local_state.insert("s".into(), "mk-state".into());
    request.extensions(extensions)
}

/// The pointers into records, beside the whole of them.
const POINTERS: [&str; 14] = [
    "",
    "/subject",
    "/subject/id",
    "/subject/roles/0",
    "/labels/0",
    "/client/client_id",
    "/caller_workload",
    "/request_headers/mk-header-name",
    "/inbound_tokens/user",
    "/inbound_tokens/user/token",
    "/inbound_tokens/user/source_header",
    "/delegated_tokens/0/1/token",
    "/chain/0/subject_id",
    "user",
];

/// The plugin's memory, in bytes.
const MEMORY: usize = 2 << 16;

/// A plugin that reads all that it can, one after the other into its memory, and logs all of that, in
/// pieces that overlap.
fn dumper() -> Vec<u8> {
    let mut reads = String::new();
    let mut take = |function: &str, args: [u32; 4]| {
        let args: String = args[..if function == "read_key" { 3 } else { 4 }]
            .iter()
            .map(|arg| format!("(i32.const {arg})"))
            .collect();
        reads += &format!("(call $take (call ${function} {args} (global.get $n) (call $left)))\n");
    };
    let mut data = String::new();
    for (number, pointer) in POINTERS.iter().enumerate() {
        data += &format!("(data (i32.const {}) \"{pointer}\")\n", number * 64);
    }
    for field in Field::ALL {
        let number = field.number();
        for function in ["read", "read_json", "read_text"] {
            take(function, [number, 0, 0, u32::MAX]);
        }
        (0..2).for_each(|position| take("read_key", [number, 0, position, 0]));
        if matches!(field.info().shape, Shape::Record | Shape::TextMap) {
            for (at, pointer) in POINTERS.iter().enumerate() {
                take("read_json", [number, 0, at as u32 * 64, pointer.len() as u32]);
            }
        }
    }
    let last = MEMORY - 4096;
    guest(&format!(
        r#"(memory (export "memory") 2) {data}
           (global $n (mut i32) (i32.const 4096))
           (func $left (result i32) (i32.sub (i32.const {MEMORY}) (global.get $n)))
           (func $take (param i32)
             (if (i32.gt_s (local.get 0) (call $left)) (then (unreachable)))
             (if (i32.gt_s (local.get 0) (i32.const 0))
               (then (global.set $n (i32.add (global.get $n) (local.get 0))))))
           (func (export "cpex_invoke") (param i32) (result i32) (local $at i32)
             {reads}
             (loop $l
               (drop (call $log (i32.const 3) (local.get $at) (i32.const 4096)))
               (local.set $at (i32.add (local.get $at) (i32.const 4000)))
               (br_if $l (i32.le_u (local.get $at) (i32.const {last}))))
             (drop (call $log (i32.const 3) (i32.const {last}) (i32.const 4096)))
             (i32.const 0))"#
    ))
}

/// The plugin's memory at the end of a call under these capabilities.
fn dump(wasm: &[u8], capabilities: &[Capability], policy: Policy) -> String {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let limits = Limits::default().log_bytes(1 << 20);
    let policy = policy.limits(limits);
    let granted = policy.clone().grant(capabilities.iter().copied());
    let neighbour = policy.grant(Capability::ALL.iter().copied()).config("n", "mk-neighbour");
    let neighbour = Plugin::load(&engine, &invoking("(i32.const 0)"), neighbour).unwrap();
    let plugin = Plugin::load(&engine, wasm, granted.config("c", "mk-config")).unwrap();
    assert!(neighbour.call(HOOK, request()).unwrap().decision.is_allow());
    let outcome = plugin.call(HOOK, request()).unwrap();
    assert_eq!(outcome.receipt.log_lines_dropped, 0);
    assert!(outcome.receipt.log_bytes > MEMORY as u64, "not all was seen");
    logs.messages().join("\n")
}

#[test]
fn nothing_that_was_not_granted_is_in_the_memory_of_a_plugin() {
    let wasm = dumper();
    let each = Capability::ALL.iter().map(std::slice::from_ref);
    for capabilities in [&[], Capability::ALL].into_iter().chain(each) {
        let memory = dump(&wasm, capabilities, Policy::default());
        for marker in OPEN {
            assert!(memory.contains(marker), "{capabilities:?}: {marker} is not there");
        }
        for (marker, opened_by) in MARKERS {
            // (The key to look for is in the plugin itself.)
            let memory = memory.replace("/request_headers/mk-header-name", "");
            let opened = opened_by.iter().any(|capability| capabilities.contains(capability));
            assert_eq!(memory.contains(marker), opened, "{capabilities:?}: {marker}");
        }
    }
}

#[test]
fn who_may_read_one_kind_of_tokens_does_not_get_the_other() {
    let wasm = dumper();
    let memory = |capability| dump(&wasm, &[capability], Policy::default().allow_raw_credentials());
    // What it may read is kept out of its log, so that only the other can be looked for there.
    let inbound = memory(Capability::ReadInboundCredentials);
    assert!(inbound.contains("[redacted]") && !inbound.contains("mk-token-out"));
    let outbound = memory(Capability::ReadDelegatedTokens);
    assert!(outbound.contains("[redacted]") && !outbound.contains("mk-token-in"));
}
