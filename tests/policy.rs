//! Policies as operators write them: what is right is read, what is not is named with its path.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::time::Duration;

use common::*;
use cpex_wasmi::{
    Capability, Digest, FilePermission, Isolation, LevelFilter, Limits, PathKind, Policy,
    WhenExhausted,
};
use serde_json::{Value, json};

/// The messages of all problems of a policy, in order.
#[track_caller]
fn problems(policy: Value) -> Vec<String> {
    match Policy::from_value(&policy) {
        Ok(policy) => panic!("the policy was accepted: {policy:?}"),
        Err(error) => {
            assert_eq!(error.code(), "invalid_policy");
            error.problems().iter().map(|problem| problem.message.clone()).collect()
        }
    }
}

#[test]
fn an_empty_item_of_a_list_is_told() {
    let policy = json!({"allowed_filesystem": [null], "allowed_network": [{"host": "a"}, null]});
    let expected = ["allowed_filesystem[0]` is empty", "allowed_network[1]` is empty"];
    let problems = problems(policy);
    assert_eq!(problems.len(), 2, "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn the_upstream_drafts_policy_is_read_unchanged() {
    let policy = Policy::from_value(&json!({
        "allowed_filesystem": [{"dir": "data/rules", "permission": "read-only"}],
        "allowed_network": [{
            "host": "*.internal.svc", "ports": [8443], "schemes": ["https"],
            "methods": ["GET", "POST"],
        }],
        "allowed_env": ["API_REGION"],
        "resources": {
            "max_memory_bytes": 10485760, "max_fuel": 1000000000, "max_execution_time_ms": 5000,
            "max_instances": 10, "max_tables": 10,
        },
    }))
    .unwrap();
    assert_eq!(policy.limits.memory_bytes, 10_485_760);
    assert_eq!(policy.limits.fuel, 1_000_000_000);
    assert_eq!(policy.limits.deadline, Some(Duration::from_secs(5)));
    assert_eq!((policy.max_instances, policy.limits.tables), (10, 10));
    let file = &policy.access.filesystem[0];
    assert_eq!((file.kind, file.permission), (PathKind::Dir, FilePermission::ReadOnly));
    let host = &policy.access.network[0];
    assert_eq!((host.host.to_string().as_str(), &host.ports[..]), ("*.internal.svc", &[8443][..]));
    assert_eq!(policy.access.env, ["API_REGION"]);
    assert!(policy.capabilities.is_empty());
}

#[test]
fn a_whole_plugin_entry_is_read() {
    let policy = Policy::from_value(&json!({
        "name": "pii", "kind": "wasm://pii_guard.wasm", "hooks": ["cmf.tool_pre_invoke"],
        "mode": "sequential", "priority": 10, "on_error": "fail",
        "capabilities": ["read_labels", "read_roles"],
        "config": {
            "role": "hr_admin",
            "sandbox_policy": {"isolation": "pooled", "allow_state": true,
                "log_level": "warn", "sha256": null, "resources": {"init_fuel": 5, "max_host_calls": 7}},
        },
    }))
    .unwrap();
    let expected = [Capability::ReadLabels, Capability::ReadRoles].into_iter().collect();
    assert_eq!(policy.capabilities, expected);
    assert_eq!(policy.config.len(), 1);
    assert_eq!(policy.config["role"], "hr_admin");
    assert_eq!((policy.isolation, policy.allow_state), (Isolation::Pooled, true));
    assert_eq!(policy.log_level, LevelFilter::Warn);
    assert_eq!(policy.digest, None);
    // An embedder says whether it goes by that name.
    assert_eq!(policy.name, None);
    assert_eq!((policy.limits.init_fuel, policy.limits.host_calls), (5, 7));
}

#[test]
fn no_policy_grants_nothing_and_keeps_the_limits() {
    for empty in
        [json!(null), json!({}), json!({"sandbox_policy": null}), json!({"resources": null})]
    {
        let policy = Policy::from_value(&empty).unwrap();
        assert!(policy.capabilities.is_empty() && policy.access.is_empty());
        assert_eq!(policy.limits, Limits::default());
        assert_eq!(policy.isolation, Isolation::PerCall);
        assert_eq!(policy.log_level, LevelFilter::Trace);
    }
}

#[test]
fn every_typing_error_is_named_at_once_with_the_nearest_key() {
    let found = problems(json!({
        "capabilites": [],
        "capabilities": ["read_lables", 7],
        "config": {"sandbox_policy": {
            "resource": {},
            "resources": {"max_feul": 1, "max_tables": -1, "max_memory_bytes": 10, "max_fuel": "much",
                "max_wait_ms": 0},
            "allowed_filesystem": [{"dir": "a", "permision": "read-only"}, {"permission": "read-only"},
                {"file": "b", "permission": "readonly"},
                {"dir": "a*", "permission": "read-only"},
                {"file": "a*/b", "permission": "read-only"},
                {"file": "a/*.json", "as": "rules", "permission": "read-only"},
                {"file": "a/*", "permission": "private-scratch"},
                {"file": "a/*.{json,txt}", "permission": "read-only"},
                {"file": "a/**", "permission": "read-only"}],
            "allowed_network": [{"ports": [80]}, {"host": "a.*.b"}, {"host": "h", "ports": [0, 70000]}],
            "isolation": "none",
            "allow_state": "yes",
            "when_exhausted": "waits",
            "log_level": "inof",
        }},
        "mode": "sequental",
        "on_error": "ingore",
        "priority": "high",
        "version": 1.0,
        "tags": "a",
        "hooks": ["elicit", "elicit"],
        "conditions": [{"tols": ["a"]}, {"tools": [7]}],
    }));
    let expected = [
        "`capabilites` is not known; did you mean `capabilities`?",
        "`capabilities[0]` is `read_lables`, which is not a capability; did you mean \
         `read_labels`?",
        "`capabilities[1]` must be a text, but is 7",
        "`config.sandbox_policy.resource` is not known; did you mean `resources`?",
        "`config.sandbox_policy.resources.max_feul` is not known; did you mean `max_fuel`?",
        "`config.sandbox_policy.resources.max_fuel` must be a whole number, but is the text `much`",
        "`config.sandbox_policy.resources.max_memory_bytes` is 10, but must be at least 65536",
        "`config.sandbox_policy.resources.max_tables` must be a whole number, but is -1",
        "`config.sandbox_policy.allowed_filesystem[0].permision` is not known; did you mean `permission`?",
        "`config.sandbox_policy.allowed_filesystem[0]` lacks `permission`",
        "`config.sandbox_policy.allowed_filesystem[1]` must have either `dir` or `file`",
        "`config.sandbox_policy.allowed_filesystem[2].permission` is `readonly`, which is not a valid permission; did you mean `read-only`?",
        "`config.sandbox_policy.allowed_filesystem[3]` has a `*`; only the last part of a `file` \
         can have one",
        "`config.sandbox_policy.allowed_filesystem[4]` has a `*` in a part before the last",
        "`config.sandbox_policy.allowed_filesystem[5]` has a `*`, but `as` has another last part",
        "`config.sandbox_policy.allowed_filesystem[6]` has a `*`, but `private-scratch` is for a \
         directory",
        "`config.sandbox_policy.allowed_filesystem[7]` has other pattern characters than `*`",
        "`config.sandbox_policy.allowed_filesystem[8]` has other pattern characters than `*`",
        "`config.sandbox_policy.allowed_network[0]` lacks `host`",
        "`config.sandbox_policy.allowed_network[1].host` is `a.*.b`, which has a `*` in another \
         place than in `*.` before a name",
        "`config.sandbox_policy.allowed_network[2].ports[0]` must be a port from 1 to 65535, but is 0",
        "`config.sandbox_policy.allowed_network[2].ports[1]` must be a port from 1 to 65535, but is 70000",
        "`config.sandbox_policy.isolation` is `none`, which is not a valid isolation; known are `per_call`, `pooled`",
        "`config.sandbox_policy.when_exhausted` is `waits`, which is not a valid choice; did you mean `wait`?",
        "`config.sandbox_policy.resources.max_wait_ms` is 0, but must be at least 1",
        "`config.sandbox_policy.resources.max_wait_ms` has no effect without `when_exhausted: \
         wait`",
        "`config.sandbox_policy.allow_state` must be true or false, but is the text `yes`",
        "`config.sandbox_policy.log_level` is `inof`, which is not a valid log level; did you mean `info`?",
        "`mode` is `sequental`, which is not a valid mode; did you mean `sequential`?",
        "`on_error` is `ingore`, which is not a valid on_error; did you mean `ignore`?",
        "`priority` must be a whole number, but is the text `high`",
        "`version` must be a text, but is 1",
        "`tags` must be a list, but is the text `a`",
        "`hooks[1]` is `elicit` again, so the plugin would be called twice; remove it",
        "`conditions[0].tols` is not known; did you mean `tools`?",
        "`conditions[1].tools[0]` must be a text, but is 7",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for expected in expected {
        assert!(found.iter().any(|found| found.contains(expected)), "{expected}\n{found:#?}");
    }
}

#[test]
fn a_policy_says_if_and_how_long_calls_wait() {
    let read = |policy: &str| {
        let policy: Value = serde_json::from_str(policy).unwrap();
        Policy::from_value(&policy).unwrap().when_exhausted
    };
    let second = Duration::from_secs(1);
    for (policy, expected) in [
        ("{}", WhenExhausted::Grow),
        (r#"{"when_exhausted": "grow"}"#, WhenExhausted::Grow),
        (r#"{"when_exhausted": "refuse"}"#, WhenExhausted::Refuse),
        (r#"{"when_exhausted": "wait"}"#, WhenExhausted::Wait(second)),
        (
            r#"{"when_exhausted": "wait", "resources": {"max_wait_ms": 20}}"#,
            WhenExhausted::Wait(second / 50),
        ),
    ] {
        assert_eq!(read(policy), expected, "{policy}");
    }
}

/// The SHA-256 digest of `abc`, from FIPS 180.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn pinning(digest: &str) -> Policy {
    Policy::from_value(&json!({"sandbox_policy": {"sha256": digest}})).unwrap()
}

#[test]
fn a_digest_is_64_hex_digits_of_either_case() {
    let digest: Digest = ABC.parse().unwrap();
    assert_eq!(digest.to_string(), ABC);
    assert_eq!(pinning(ABC).digest, Some(digest));
    assert_eq!(pinning(&ABC.to_uppercase()).digest, Some(digest));
    for (wrong, expected) in [
        (json!(&ABC[1..]), "must be 64 hex digits, but has 63"),
        (json!(format!("{ABC}0")), "must be 64 hex digits, but has 65"),
        (json!(""), "must be 64 hex digits, but has 0"),
        (json!(format!("sha256:{ABC}")), "must be 64 hex digits; leave out `sha256:` before them"),
        (json!(format!("{}+1", &ABC[2..])), "must be 64 hex digits, but has `+` among them"),
        (json!(format!("{}é", &ABC[2..])), "must be 64 hex digits, but has `é` among them"),
        (json!(7), "must be 64 hex digits in quotes, but is 7"),
    ] {
        let found = problems(json!({"config": {"sandbox_policy": {"sha256": wrong}}}));
        assert_eq!(found, [format!("policy: `config.sandbox_policy.sha256` {expected}")]);
    }
}

#[test]
fn only_the_module_that_is_pinned_is_loaded() {
    use cpex_wasmi::{ErrorKind, Module};

    let wasm = invoking("(i32.const 0)");
    let digest = Module::new(&engine(), &wasm).unwrap().digest();
    let text = digest.to_string();
    for policy in [pinning(&text), pinning(&text.to_uppercase()), Policy::default().digest(digest)]
    {
        assert!(call(&load(&wasm, policy)).unwrap().decision.is_allow());
    }
    // The same code, but not the same bytes.
    let other = with_section(wasm, "padding", b"");
    let error = load_error(&other, pinning(&text));
    assert_eq!((error.kind(), error.code()), (ErrorKind::DigestMismatch, "digest_mismatch"));
    let found = Module::new(&engine(), &other).unwrap().digest();
    for part in
        [text.clone(), found.to_string(), format!("`sha256: {found}` under `sandbox_policy:`")]
    {
        assert!(error.to_string().contains(&part), "{error}");
    }
    // Nothing is made of other bytes, whatever they are. A tool names what else is in the way.
    assert_eq!(load_error(b"no module", pinning(&text)).code(), "digest_mismatch");
    let invoke = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let asks = guest_with(&["read_labels"], invoke);
    let problems = cpex_wasmi::Plugin::check(&engine(), &asks, &pinning(ABC), &[]);
    let codes: Vec<_> = problems.iter().map(|problem| problem.kind.code()).collect();
    assert_eq!(codes, ["digest_mismatch", "capability_denied"]);
}

#[test]
fn a_digest_is_that_of_the_bytes() {
    // What `sha256sum` printed when the fixtures were built.
    let recorded = include_str!("../fixtures/MODULES.toml");
    if std::env::var_os("CPEX_WASMI_FIXTURES").is_none() {
        let plugin = load(&fixture("noop"), Policy::default());
        let digest = plugin.module().digest();
        let section = recorded.split("\n\n").find(|section| section.starts_with("[noop]")).unwrap();
        assert!(section.contains(&format!("wasm = \"{digest}\"")), "{digest}\n{section}");
    }
}

#[test]
fn log_levels_are_read_as_they_are_written() {
    for (name, level) in [
        ("error", LevelFilter::Error),
        ("warn", LevelFilter::Warn),
        ("info", LevelFilter::Info),
        ("debug", LevelFilter::Debug),
        ("trace", LevelFilter::Trace),
        ("off", LevelFilter::Off),
    ] {
        let policy = Policy::from_value(&json!({"log_level": name})).unwrap();
        assert_eq!(policy.log_level, level, "{name}");
    }
    let found = problems(json!({"log_level": "loud"}));
    assert!(found[0].ends_with("known are `error`, `warn`, `info`, `debug`, `trace`, `off`"));
    // What YAML 1.1 makes of a bare `off`.
    let found = problems(json!({"log_level": false}));
    assert!(found[0].contains("`sandbox_policy.log_level` must be a text, but is false"));
}

#[test]
fn a_policy_in_the_wrong_place_is_no_setting_of_the_plugin() {
    let entry = |config: Value| json!({"kind": "wasm://a.wasm", "config": config});
    let cases = [
        (
            entry(json!({"sandbox_polcy": {}})),
            "`config.sandbox_polcy` is not known; did you mean `sandbox_policy`?",
        ),
        (
            entry(json!({"resources": {"max_fuel": 1}})),
            "`config.resources` belongs under `config.sandbox_policy`",
        ),
        (
            entry(json!({"allowed_env": []})),
            "`config.allowed_env` belongs under `config.sandbox_policy`",
        ),
        (entry(json!({"sha256": ABC})), "`config.sha256` belongs under `config.sandbox_policy`"),
        (
            json!({"kind": "wasm://a.wasm", "sha256": ABC}),
            "`sha256` is not known; it belongs under `config.sandbox_policy`",
        ),
        (
            entry(json!({"sandbox_policy": {"max_fuel": 1}})),
            "`config.sandbox_policy.max_fuel` is not known; it belongs under `resources`",
        ),
        (
            entry(json!({"sandbox_policy": {"capabilities": []}})),
            "it belongs to the plugin's entry, beside `config`",
        ),
        (
            json!({"kind": "wasm://a.wasm", "sandbox_policy": {}}),
            "`sandbox_policy` is not known; it belongs under `config`",
        ),
    ];
    for (policy, expected) in cases {
        let found = problems(policy);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}\n{found:#?}");
    }
    // A setting of the plugin's own may have such a name.
    let policy = Policy::from_value(&entry(json!({"resources": ["a", "b"], "policy": 1}))).unwrap();
    assert_eq!(policy.config.len(), 2);
}

/// The only problem of a sandbox policy with this key, from its path on.
#[track_caller]
fn problem(key: &str, value: Value) -> String {
    let found = problems(json!({key: value}));
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].replacen("policy: `sandbox_policy.", "`", 1)
}

#[test]
fn a_limit_outside_its_range_is_an_error() {
    for (key, value, expected) in [
        ("max_instances", json!(100_000_000), "is 100000000, but may be at most 1024"),
        ("max_tables", json!(4_000_000_000_u64), "is 4000000000, but may be at most 100"),
        (
            "max_execution_time_ms",
            json!(u64::MAX),
            "is 18446744073709551615, but may be at most 86400000",
        ),
        ("max_wait_ms", json!(86_400_001), "is 86400001, but may be at most 86400000"),
        ("max_host_calls", json!(0), "is 0, but must be at least 1"),
        ("max_memory_bytes", json!(1_u64 << 33), "is 8589934592, but may be at most 4294967296"),
        (
            "max_fuel",
            json!(u64::MAX),
            "is 18446744073709551615, but may be at most 1000000000000000",
        ),
        ("init_fuel", json!(0), "is 0, but must be at least 1"),
        ("max_open_files", json!(-1), "must be a whole number, but is -1"),
        ("max_commands", json!(1.5), "must be a whole number, but is 1.5"),
        ("max_http_request_bytes", json!(2 << 20), "is 2097152, but may be at most 1048576"),
    ] {
        let then = if key == "max_wait_ms" { "wait" } else { "grow" };
        let policy = json!({"when_exhausted": then, "resources": {key: value}});
        let expected = format!("`sandbox_policy.resources.{key}` {expected}");
        let found = problems(policy);
        assert!(found.len() == 1 && found[0].contains(&expected), "{expected}\n{found:#?}")
    }
    // What is in the range is kept as it is.
    let policy = json!({"resources": {"max_instances": 1024, "max_http_requests": 0}});
    let policy = Policy::from_value(&policy).unwrap();
    assert_eq!((policy.max_instances, policy.limits.http_requests), (1024, 0));
}

#[test]
fn a_host_that_no_request_can_have_is_an_error() {
    for (host, expected) in [
        (
            "10.0.0.256",
            "is `10.0.0.256`, which is not an IPv4 address: write four numbers up to 255",
        ),
        ("999.1.1.1", "is `999.1.1.1`, which is not an IPv4 address"),
        (".", "is `.`, which ends with a dot"),
        ("a..b", "is `a..b`, which has an empty part between its dots; did you mean `a.b`?"),
        ("a.example.", "is `a.example.`, which ends with a dot; did you mean `a.example`?"),
        ("*.com", "is `*.com`, which is all of `com`"),
        ("*.co.uk", "name a domain, such as `*.example.co.uk`"),
        ("https://a.example:8443/", "did you mean `a.example` with `ports: [8443]`?"),
    ] {
        let found = problem("allowed_network", json!([{"host": host}]));
        assert!(
            found.starts_with("`allowed_network[0].host` ") && found.contains(expected),
            "{found}"
        );
    }
    for host in [
        "9.9.9.9",
        "10.0.0.7",
        "::1",
        "pdp",
        "*.svc",
        "*.a.example",
        "localhost",
        "[2606:4700::1111]",
    ] {
        Policy::from_value(&json!({"allowed_network": [{"host": host}]})).unwrap();
    }
}

#[test]
fn a_method_that_no_request_can_have_is_an_error() {
    for (method, expected) in [
        ("GET,POST", "is `GET,POST`, which is not a method; did you mean `GET`, `POST`?"),
        ("*", "is `*`, which is not a method; for all methods, leave the methods out"),
        ("", "is ``, which is not a method; for all methods, leave the methods out"),
        ("GET ", "is `GET `, which is not a method; did you mean `GET`?"),
        ("CONNECT", "is `CONNECT`, which is not for plugins"),
        ("trace", "is `trace`, which is not for plugins"),
        ("GTE", "is `GTE`, which is not a method; did you mean `GET`?"),
    ] {
        let found = problem("allowed_network", json!([{"host": "a", "methods": [method]}]));
        assert_eq!(found, format!("`allowed_network[0].methods[0]` {expected}"));
    }
    let found = problem("allowed_network", json!([{"host": "a", "schemes": ["HTTPS://"]}]));
    let expected = "is `HTTPS://`, which is not a scheme; did you mean `https`?";
    assert_eq!(found, format!("`allowed_network[0].schemes[0]` {expected}"));
    let custom = json!({"allowed_network": [{"host": "a", "methods": ["PURGE", "acme-sync"]}]});
    assert_eq!(
        Policy::from_value(&custom).unwrap().access.network[0].methods[1].as_str(),
        "ACME-SYNC"
    );
}

#[test]
fn a_value_that_cannot_be_meant_is_shown() {
    for (key, value, expected) in [
        (
            "clock",
            json!("sytem"),
            "is `sytem`, but must be `system`, or a mapping with `fixed`; did you mean `system`?",
        ),
        (
            "random",
            json!("seed"),
            "must be `system`, or a mapping with `seed`, but is the text `seed`",
        ),
        ("clock", json!({"fixed": u64::MAX}), "but may be at most 18446744073"),
        ("allowed_env", json!(["A=B"]), "is `A=B`, which is neither the name of a variable"),
        ("allowed_functions", json!(["a b"]), "is `a b`, which is not the name of a function"),
        (
            "allowed_commands",
            json!([{"program": "git"}]),
            "is `git`, which is not an absolute path",
        ),
        (
            "allowed_commands",
            json!([{"program": "/bin/"}]),
            "is `/bin/`, which is not the path of a file",
        ),
        (
            "allowed_commands",
            json!([{"program": "/bin/a", "args": ["a\0"]}]),
            "has a NUL, and an argument cannot have one",
        ),
        (
            "allowed_filesystem",
            json!([{"dir": "../rules", "permission": "read-only"}]),
            "is `../rules` for the plugin, which cannot ask for a path with `..`; give it a name with `as`",
        ),
        (
            "allowed_filesystem",
            json!([{"file": "rules/", "permission": "read-only"}]),
            "is `rules/`, which is not the path of a file",
        ),
    ] {
        let found = problem(key, value);
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    let found = problems(json!({"kind": "wasm://a.wasm", "priority": 3_000_000_000_u64}));
    let expected = "`priority` is 3000000000, but must be from -2147483648 to 2147483647";
    assert_eq!(found, [format!("policy: {expected}")]);
}

#[test]
fn what_is_no_mapping_is_no_policy() {
    for wrong in [json!([]), json!("read_labels"), json!(7)] {
        assert!(problems(wrong)[0].contains("must be a mapping"));
    }
    assert!(
        problems(json!({"kind": "wasm://a.wasm", "config": []}))[0].contains("`config` must be")
    );
}
