//! Metrics and metadata that plugins report beside their decision.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::arithmetic_side_effects
)]

mod common;

use std::collections::BTreeMap;

use common::{HOOK, call, data, engine, guest, load};
use cpex_wasmi::abi::{Status, Value, codec};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{
    Capability, Engine, HostFunction, LogRecord, Manifest, Outcome, Policy, Request, Telemetry,
};
use serde_json::json;

/// One call of a plugin, at the boundary.
struct Reporter(Session);

impl Reporter {
    fn new() -> Self {
        Self::on(&engine(), Policy::default())
    }

    fn on(engine: &Engine, policy: Policy) -> Self {
        let mut session = Session::on(engine, &manifest(), policy).unwrap();
        session.start(HOOK, Request::tool_call("search")).unwrap();
        Self(session)
    }

    fn metric(&mut self, name: &[u8], value: u32) -> Result<(), Status> {
        self.call(HostFunction::Metric, &[0, name.len() as u32, value], name)
    }

    fn metadata(&mut self, key: &[u8], value: &Value) -> Result<(), Status> {
        let mut postcard = Vec::new();
        codec::encode(value, &mut postcard).unwrap();
        self.attach(HostFunction::Metadata, key, &postcard)
    }

    fn metadata_json(&mut self, key: &[u8], json: &[u8]) -> Result<(), Status> {
        self.attach(HostFunction::MetadataJson, key, json)
    }

    fn attach(&mut self, function: HostFunction, key: &[u8], value: &[u8]) -> Result<(), Status> {
        let (start, len) = (key.len() as u32, value.len() as u32);
        self.call(function, &[0, start, start, len], &[key, value].concat())
    }

    fn call(&mut self, function: HostFunction, args: &[u32], bytes: &[u8]) -> Result<(), Status> {
        let answer = self.0.dispatch(function, args, &mut bytes.to_vec()).unwrap();
        if answer == 0 { Ok(()) } else { Err(Status::from_code(answer).unwrap()) }
    }

    fn end(&mut self, verdict: i32) -> Outcome {
        self.0.end(verdict).unwrap()
    }
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    manifest
}

fn metrics<const N: usize>(of: [(&str, u64); N]) -> BTreeMap<String, u64> {
    of.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn counters_add_up_and_the_last_value_counts() {
    let mut reporter = Reporter::new();
    for value in [2, 0, 3] {
        reporter.metric(b"secrets.masked", value).unwrap();
    }
    reporter.metric(b"texts", u32::MAX).unwrap();
    reporter.metric(b"texts", u32::MAX).unwrap();
    reporter.metadata_json(b"rules", br#"{"of": ["2026"]}"#).unwrap();
    reporter.metadata_json(b"mode", b"null").unwrap();
    reporter.metadata(b"mode", &Value::from("strict")).unwrap();
    let Outcome { telemetry, .. } = reporter.end(0);
    assert_eq!(telemetry.metrics, metrics([("secrets.masked", 5), ("texts", 8_589_934_590)]));
    let expected = json!({ "rules": { "of": ["2026"] }, "mode": "strict" });
    assert_eq!(serde_json::to_value(&telemetry.metadata).unwrap(), expected);

    // The next call begins without.
    reporter.0.start(HOOK, Request::tool_call("search")).unwrap();
    assert!(reporter.end(0).telemetry.is_empty());
}

#[test]
fn a_denial_keeps_what_was_reported_before_and_after() {
    let mut reporter = Reporter::new();
    reporter.metric(b"before", 1).unwrap();
    reporter.call(HostFunction::DenyText, &[0, 1, 1, 1], b"cr").unwrap();
    reporter.metric(b"after", 1).unwrap();
    let Outcome { decision, telemetry, .. } = reporter.end(1);
    assert!(!decision.is_allow());
    assert_eq!(telemetry.metrics, metrics([("before", 1), ("after", 1)]));
}

#[test]
fn a_module_reports() {
    let wasm = guest(&format!(
        r#"(data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call $metric (i32.const 0) (i32.const 4) (i32.const 7)))
             (call $metadata_json (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 2)))"#,
        data(b"seen42")
    ));
    let told = call(&load(&wasm, Policy::default())).unwrap().telemetry;
    assert_eq!(told.metrics, metrics([("seen", 7)]));
    assert_eq!(told.metadata["seen"], 42);
}

#[test]
fn a_failed_call_tells_nothing_of_itself_or_the_next() {
    let policy = Policy::default().grant([Capability::ReadLabels]).pooled(1);
    let wasm = common::guest_with(
        &["read_labels"],
        &format!(
            r#"(data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (if (call $contains (i32.const 0x0201) (i32.const 0) (i32.const 0) (i32.const 3))
                   (then (drop (call $metric (i32.const 0) (i32.const 3) (i32.const 1)))
                     (return (i32.const -13))))
                 (i32.const 0))"#,
            data(b"PII")
        ),
    );
    let plugin = load(&wasm, policy);
    let error = plugin.call(HOOK, Request::tool_call("a").label("PII")).unwrap_err();
    assert_eq!(error.code(), "plugin_failed");
    assert!(call(&plugin).unwrap().telemetry.is_empty());
}

#[test]
fn names_that_are_none_are_refused() {
    let mut reporter = Reporter::new();
    let long = [b'a'; 129];
    for name in [&b""[..], b"a b", "zähler".as_bytes(), b"a\xff", b"a*", b"a\n", &long] {
        assert_eq!(reporter.metric(name, 1), Err(Status::InvalidArgument), "{name:?}");
    }
    for key in [&b""[..], b"\xff", b"a\nb", "a\u{85}".as_bytes(), &long] {
        assert_eq!(reporter.metadata_json(key, b"1"), Err(Status::InvalidArgument), "{key:?}");
    }
    reporter.metric(&long[..128], 1).unwrap();
    reporter.metadata_json("größe des Textes".as_bytes(), b"1").unwrap();
    let telemetry = reporter.end(0).telemetry;
    assert_eq!((telemetry.metrics.len(), telemetry.metadata.len()), (1, 1));
}

#[test]
fn values_that_are_none_are_refused() {
    let deep = ["[".repeat(200), "]".repeat(200)].concat();
    for (json, status) in [
        (&b""[..], Status::Malformed),
        (b"{", Status::Malformed),
        (b"1 1", Status::Malformed),
        (br#"{"a":1,"a":2}"#, Status::Malformed),
        (b"\"\xff\"", Status::Malformed),
        (b"1e999", Status::Malformed),
        (deep.as_bytes(), Status::Malformed),
    ] {
        let mut reporter = Reporter::new();
        assert_eq!(reporter.metadata_json(b"k", json), Err(status), "{json:?}");
        assert!(reporter.end(0).telemetry.is_empty());
    }
    let mut reporter = Reporter::new();
    assert_eq!(reporter.attach(HostFunction::Metadata, b"k", &[99]), Err(Status::Malformed));
    assert_eq!(reporter.metadata(b"k", &Value::Float(f64::NAN)), Err(Status::Malformed));
}

#[test]
fn what_a_call_reports_is_bounded() {
    let mut reporter = Reporter::new();
    let fits = (0..100_000_u32).take_while(|n| reporter.metric(&name(*n), 1).is_ok()).count();
    // 16 KiB, 6 bytes for each name and 32 more.
    assert_eq!(fits, 16_384 / 38);
    assert_eq!(reporter.metric(&name(99_999), 1), Err(Status::QuotaExceeded));
    assert_eq!(reporter.metadata_json(b"k", b"1"), Err(Status::QuotaExceeded));
    // Counters that are there go on.
    reporter.metric(&name(0), 1).unwrap();
    let telemetry = reporter.end(0).telemetry;
    assert_eq!((telemetry.metrics.len(), telemetry.metrics["m00000"]), (fits, 2));

    let limits = cpex_wasmi::Limits::default().telemetry_bytes(100);
    let mut reporter = Reporter::on(&engine(), Policy::default().limits(limits));
    let json = format!("\"{}\"", "x".repeat(65));
    reporter.metadata_json(b"k", json.as_bytes()).unwrap();
    assert_eq!(reporter.metadata_json(b"k", b"1"), Err(Status::QuotaExceeded));
    assert_eq!(reporter.metric(b"m", 1), Err(Status::QuotaExceeded));
    assert_eq!(reporter.end(0).telemetry.metadata["k"], "x".repeat(65));
}

fn name(number: u32) -> Vec<u8> {
    format!("m{number:05}").into_bytes()
}

#[test]
fn nothing_is_reported_outside_of_calls() {
    let mut session = Session::new(&manifest(), Policy::default(), |_: &LogRecord<'_>| {}).unwrap();
    let mut memory = *b"m1";
    for (function, args) in
        [(HostFunction::Metric, &[0, 1, 1][..]), (HostFunction::MetadataJson, &[0, 1, 1, 1])]
    {
        let answer = session.dispatch(function, args, &mut memory).unwrap();
        assert_eq!(Status::from_code(answer), Some(Status::NotDuringInit));
    }
}

#[test]
fn secrets_are_masked_in_names_and_values() {
    let engine = Engine::builder().redact(["hunter2-hunter2", "48151623"]).build().unwrap();
    let mut reporter = Reporter::on(&engine, Policy::default());
    reporter.metric(b"of.hunter2-hunter2", 1).unwrap();
    reporter.metadata_json(b"my hunter2-hunter2", br#"["<hunter2-hunter2>", 48151623]"#).unwrap();
    let nested = Value::Object(vec![("hunter2-hunter2".into(), Value::from(1_u64))]);
    reporter.metadata(b"nested", &nested).unwrap();
    let Telemetry { metrics: told, metadata, .. } = reporter.end(0).telemetry;
    assert_eq!(told, metrics([("of.[redacted]", 1)]));
    let expected = json!({
        "my [redacted]": ["<[redacted]>", "[redacted]"],
        "nested": { "[redacted]": 1 },
    });
    assert_eq!(serde_json::to_value(metadata).unwrap(), expected);
}
