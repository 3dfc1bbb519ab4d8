//! A plugin that touches everything, run natively against the host's rules.
#![allow(clippy::unwrap_used, clippy::panic)]

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;
use cpex_wasmi_guest::testing::{Harness, Level, Payload, Policy, Request, model};
use serde::Deserialize;

plugin! {
    name: "everything",
    version: "2.0.0",
    capabilities: [
        "read_labels", "append_labels", "read_subject", "read_roles", "read_claims",
        "read_headers", "write_headers",
    ],
    init: start,
    shutdown: finish,
    hooks: {
        "reads" => reads,
        "writes" => writes,
        "denies" => denies,
        "gives_up" => gives_up,
        "panics" => panics,
        "floods" => floods,
        "overreaches" => overreaches,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Settings {
    threshold: u8,
    #[serde(default)]
    names: Vec<String>,
}

fn start(config: JsonMap) -> Result<()> {
    if config.text_is("fail", "true")? { Err(Error::FAILED) } else { Ok(()) }
}

fn finish() -> Result<()> {
    // The configuration is all there is.
    let fails = Place::of(Field::Config).entry("fail at the end").contains()?;
    let labels = Place::of(Field::SecurityLabels).count();
    assert_eq!(labels, Err(Status::NotDuringInit.into()));
    info!("finished");
    if fails { Err(Error::FAILED) } else { Ok(()) }
}

const LONG: usize = 1000;

fn request() -> Request {
    let mut request = Request::tool_call("search")
        .argument("query", "x".repeat(LONG))
        .argument("limit", 10)
        .argument("nested", serde_json::json!({ "a": [1, -2, 0.5, null, true] }))
        .label("PII")
        .label("Internal")
        .subject("alice")
        .role("engineer")
        .claim("iss", "https://login.example.com")
        .header("X-Tenant", "blue")
        .custom("kept", true);
    request.extensions.meta =
        Some(model::MetaExtension { entity_type: Some("tool".into()), ..Default::default() });
    request
}

fn reads(call: &Call) -> Result<Verdict> {
    assert_eq!(call.hook(), "reads");
    let mut tool_calls = call.tool_calls()?;
    assert_eq!(tool_calls.len(), 1);
    let tool_call = tool_calls.next().unwrap();
    assert_eq!(tool_call.name()?, "search");
    assert!(tool_call.name_is("search")? && !tool_call.name_is("searching")?);
    assert_eq!(tool_call.id()?.as_deref(), Some("call-1"));
    assert_eq!(tool_call.namespace()?, None);

    let arguments = tool_call.arguments();
    assert_eq!(arguments.keys()?, ["limit", "nested", "query"]);
    assert_eq!(arguments.get("limit")?, Some(Value::Unsigned(10)));
    assert_eq!(arguments.get_as::<u8>("limit")?, Some(10));
    assert_eq!(arguments.get_as::<String>("limit"), Err(Status::Malformed.into()));
    assert_eq!(arguments.text("limit")?.as_deref(), Some("10"));
    assert_eq!(arguments.text("nested"), Err(Status::NoTextForm.into()));
    assert_eq!(arguments.json_of("nested")?.as_deref(), Some(r#"{"a":[1,-2,0.5,null,true]}"#));
    assert_eq!(arguments.get("absent")?, None);
    // Longer than what is read into the stack.
    let query = "x".repeat(LONG);
    assert_eq!(arguments.text("query")?.as_deref(), Some(&*query));
    assert!(arguments.text_is("query", &query)?);
    assert!(!arguments.text_is("query", &query.replacen('x', "y", 1))?);

    let security = call.security();
    assert!(security.has_label("pii")?);
    assert_eq!(security.labels().to_vec()?, ["Internal", "PII"]);
    assert_eq!(security.classification()?, None);
    assert!(security.subject().id_is("alice")?);
    assert!(security.subject().has_role("engineer")?);
    assert!(security.subject().claim("iss")?.is_some());
    assert!(security.subject().json()?.unwrap().contains("alice"));
    assert_eq!(security.subject().has_team("x"), Err(Status::CapabilityDenied.into()));

    assert_eq!(call.http().header("x-tenant")?.as_deref(), Some("blue"));
    assert!(call.http().request_headers().is("X-TENANT", "blue")?);
    assert!(call.http().response_headers().names()?.is_empty());
    assert_eq!(call.http().method()?, None);
    assert_eq!(call.request().environment()?, None);
    assert!(call.meta().entity_type_is("tool")? && !call.meta().has_tag("hr")?);
    assert_eq!(call.message().role()?.as_deref(), Some("assistant"));
    assert_eq!(call.message().parts()?.count(), 1);
    assert_eq!(call.tool_results()?.len(), 0);
    assert_eq!(call.custom().get("kept")?, Some(Value::Bool(true)));
    assert!(call.local_state().is_empty()?);

    let settings: Settings = call.config().to()?;
    assert_eq!(settings, Settings { threshold: 3, names: vec!["a".into()] });
    assert_eq!(call.config().set("threshold", 4_u64), Err(Status::ReadOnly.into()));
    allow()
}

#[test]
fn reading() {
    let mut harness = Harness::new(&PLUGIN)
        .grant_all()
        .config("threshold", 3)
        .config("names", serde_json::json!(["a"]));
    let outcome = harness.call("reads", request()).unwrap();
    assert!(outcome.decision.is_allow() && outcome.changes.is_empty());
}

fn writes(call: &Call) -> Result<Verdict> {
    let arguments = call.tool_calls()?.next().unwrap().arguments();
    arguments.set("limit", 5_u64)?;
    arguments.set_json("nested", "[1]")?;
    assert!(arguments.remove("query")?);
    assert!(!arguments.remove("query")?);
    call.security().add_label("REVIEWED")?;
    call.http().set_header("x-tenant", "green")?;
    call.http().response_headers().set("x-new", "1")?;
    call.custom().set("seen", -1_i64)?;
    call.local_state().set_text("note", "n")?;
    call.global_state().set("flag", true)?;
    // What was written is what is read.
    assert_eq!(arguments.get("limit")?, Some(Value::Unsigned(5)));
    assert!(call.security().has_label("reviewed")?);
    warn!("wrote");
    debug!("{} parts", call.message().parts()?.len());
    allow()
}

#[test]
fn writing() {
    let mut harness = Harness::new(&PLUGIN).grant_all();
    let changes = harness.call("writes", request()).unwrap().changes;
    let Some(Payload::Message(payload)) = changes.payload else { panic!("not replaced") };
    let arguments = &payload.message.tool_calls().next().unwrap().arguments;
    assert_eq!(serde_json::to_string(arguments).unwrap(), r#"{"limit":5,"nested":[1]}"#);
    assert!(changes.labels.unwrap().contains("REVIEWED"));
    let http = changes.http.unwrap();
    assert_eq!(http.request_headers.values().collect::<Vec<_>>(), ["green"]);
    assert_eq!(http.response_headers["x-new"], "1");
    assert_eq!(changes.custom.unwrap()["seen"], -1);
    assert_eq!(changes.local_state.unwrap()["note"], "n");
    assert_eq!(changes.global_state.unwrap()["flag"], true);

    let log = harness.take_log();
    let lines: Vec<_> = log.iter().map(|line| (line.level, &*line.message)).collect();
    assert_eq!(lines, [(Level::Warn, "wrote"), (Level::Debug, "1 parts")]);
    assert!(harness.take_log().is_empty());
}

fn denies(call: &Call) -> Result<Verdict> {
    call.local_state().set("tries", 1_u64)?;
    let mut violation = Violation::new("no", "because");
    violation.details.push(("level".into(), Value::Float(0.5)));
    violation.proto_error_code = Some(-32000);
    deny_with(violation)
}

#[test]
fn denying() {
    let outcome = Harness::new(&PLUGIN).grant_all().call("denies", request()).unwrap();
    let violation = outcome.decision.violation().unwrap();
    assert_eq!((&*violation.code, violation.proto_error_code), ("no", Some(-32000)));
    assert_eq!(violation.details, [("level".into(), Value::Float(0.5))]);
    assert!(outcome.changes.local_state.is_some());
}

fn gives_up(call: &Call) -> Result<Verdict> {
    call.security().subject().permissions().to_vec()?;
    allow()
}

fn panics(_: &Call) -> Result<Verdict> {
    panic!("out of {}", "cheese");
}

fn floods(call: &Call) -> Result<Verdict> {
    loop {
        // Not even a plugin that takes no error for an answer gets away.
        let _ = call.meta().scope();
    }
}

fn overreaches(call: &Call) -> Result<Verdict> {
    call.payload().replace_json(r#"{"message":{"role":"nobody"}}"#)?;
    allow()
}

#[test]
fn failing() {
    let mut harness = Harness::new(&PLUGIN).grant_all();
    let mut code = |hook| harness.call(hook, request()).unwrap_err().code();
    assert_eq!(code("gives_up"), "capability_denied");
    assert_eq!(code("panics"), "wasm_trap");
    assert_eq!(code("floods"), "limit_exceeded");
    assert_eq!(code("overreaches"), "plugin_failed");
    assert_eq!(code("unheard_of"), "unknown_hook");
    // A harness outlives a failure.
    assert!(harness.call("denies", request()).is_ok());
}

#[test]
fn a_plugin_that_may_not_run_does_not() {
    let code = |mut harness: Harness| harness.call("denies", request()).unwrap_err().code();
    assert_eq!(code(Harness::new(&PLUGIN)), "capability_denied");
    assert_eq!(code(Harness::new(&PLUGIN).grant_all().config("fail", true)), "plugin_failed");
    assert_eq!(
        code(Harness::new(&PLUGIN).grant_all().under(Policy::default())),
        "capability_denied"
    );
}

#[test]
fn what_was_initialised_is_shut_down_once() {
    let mut harness = Harness::new(&PLUGIN).grant_all();
    harness.shutdown().unwrap();
    assert!(harness.take_log().is_empty());
    for _ in 0..2 {
        harness.call("denies", request()).unwrap();
        harness.take_log();
        harness.shutdown().unwrap();
        harness.shutdown().unwrap();
        let log = harness.take_log();
        assert_eq!(log.iter().map(|line| &*line.message).collect::<Vec<_>>(), ["finished"]);
    }
    let mut harness = harness.config("fail at the end", true);
    harness.call("denies", request()).unwrap();
    let failure = harness.shutdown().unwrap_err();
    assert_eq!(failure.code(), "plugin_failed");
    assert!(failure.to_string().contains("`cpex_shutdown`"), "{failure}");
    harness.shutdown().unwrap();
}

#[test]
fn the_other_slots_show_their_texts_and_numbers() {
    let extensions: model::Extensions = serde_json::from_str(
        r#"{"agent": {"agent_id": "a-1", "turn": 4294967295},
            "delegation": {"delegated": true, "depth": 2, "origin_subject_id": "alice"},
            "completion": {"stop_reason": "max_tokens", "latency_ms": 18446744073709551615},
            "llm": {"model_id": "m"}, "framework": {"framework": "f", "metadata": {"k": [1]}},
            "provenance": {"source": "s"}, "mcp": {"tool": {"name": "t"}},
            "candidate_constraint": {"deny_models": ["x"]}}"#,
    )
    .unwrap();
    plugin! {
        name: "slots",
        capabilities: ["read_agent", "read_delegation"],
        hooks: { "cmf.tool_pre_invoke" => look },
    }
    fn look(call: &Call) -> Result<Verdict> {
        assert!(call.agent().id_is("a-1")?);
        assert_eq!(call.agent().turn()?, Some(u64::from(u32::MAX)));
        assert_eq!(call.agent().input()?, None);
        assert!(call.delegation().is_delegated()?);
        assert_eq!(call.delegation().depth()?, Some(2));
        assert!(call.completion().stop_reason_is("max_tokens")?);
        assert_eq!(call.completion().latency_ms()?, Some(u64::MAX));
        assert!(call.llm().model_id_is("m")?);
        assert_eq!(call.framework().metadata().json_of("k")?.as_deref(), Some("[1]"));
        assert_eq!(call.provenance().source()?.as_deref(), Some("s"));
        let mcp = call.mcp().json()?.unwrap_or_default();
        assert_eq!(mcp, r#"{"tool":{"name":"t","annotations":{}}}"#);
        assert!(call.candidate_constraint().json()?.is_some());
        allow()
    }
    let request = Request::tool_call("search").extensions(extensions);
    let outcome = Harness::new(&PLUGIN).grant_all().call("cmf.tool_pre_invoke", request).unwrap();
    assert!(outcome.decision.is_allow());
}

mod telemetry {
    use super::*;

    plugin! {
        name: "reporter",
        hooks: { "cmf.tool_pre_invoke" => |call| {
            call.count("texts.seen", 2)?;
            call.count("texts.seen", 3)?;
            call.metadata("rules", "2026-07")?;
            call.metadata_json("long", r#"{"n":[1]}"#)?;
            let refused = call.count("no name", 1).map_err(|error| error.status());
            assert_eq!(refused, Err(Status::InvalidArgument));
            deny("no", "no")
        } },
    }

    #[test]
    fn counters_and_values_come_with_a_denial() {
        let mut harness = Harness::new(&PLUGIN);
        let outcome = harness.call("cmf.tool_pre_invoke", Request::tool_call("a")).unwrap();
        assert!(!outcome.decision.is_allow());
        assert_eq!(outcome.telemetry.metrics, [("texts.seen".to_owned(), 5)].into());
        assert_eq!(outcome.telemetry.metadata["rules"], "2026-07");
        assert_eq!(outcome.telemetry.metadata["long"].to_string(), r#"{"n":[1]}"#);
    }
}
