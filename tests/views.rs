//! Requests that stay in the embedder's own types: what the host asks for, and what becomes of odd answers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use cpex_wasmi::abi::Field;
use cpex_wasmi::{
    Capability, ErrorKind, FieldValue, LookUpError, Payload, Plugin, Policy, Request, RequestView,
};
use serde_json::{Value, json};

/// A request in JSON, which notes what it is asked for.
struct Json {
    request: Value,
    /// True if it has single fields, not only whole slots.
    alone: bool,
    asked: Mutex<Vec<Field>>,
}

impl Json {
    fn new(request: &Request, alone: bool) -> Arc<Self> {
        let request = json!({
            "payload": request.payload,
            "context": request.context,
            "extensions": request.extensions,
        });
        Arc::new(Self { request, alone, asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<Field> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort_by_key(|field| field.number());
        asked
    }

    /// The contents of the tool calls, which is all that these messages have of parts with an index.
    fn tool_calls(&self) -> Vec<&Value> {
        let parts = self.request["payload"]["message"]["content"].as_array().unwrap();
        let calls = parts.iter().filter(|part| part["content_type"] == "tool_call");
        calls.map(|part| &part["content"]).collect()
    }

    fn find(&self, field: Field, index: usize) -> Option<&Value> {
        match field {
            Field::Payload => Some(&self.request["payload"]),
            _ => match field.path().strip_prefix("tool_call.") {
                Some(name) => self.tool_calls().get(index)?.get(name),
                None if field.path().starts_with("context.") => {
                    self.request.pointer(&format!("/{}", field.path().replace('.', "/")))
                }
                None => {
                    let path = format!("/extensions/{}", field.path().replace('.', "/"));
                    self.request.pointer(&path)
                }
            },
        }
    }
}

impl RequestView for Json {
    fn count(&self, field: Field) -> Result<Option<usize>, LookUpError> {
        if field.path().starts_with("tool_call.") {
            return Ok(self.alone.then(|| self.tool_calls().len()));
        }
        if field.info().indexed {
            return Ok(None);
        }
        Ok(Some(self.find(field, 0).is_some().into()))
    }

    fn value(&self, field: Field, index: usize) -> Result<FieldValue, LookUpError> {
        self.asked.lock().unwrap().push(field);
        let is_slot = field.number().is_multiple_of(256) || field.path().starts_with("context.");
        if !is_slot && (!self.alone || field.path().starts_with("message.")) {
            return Ok(FieldValue::InWhole);
        }
        Ok(self.find(field, index).cloned().into())
    }
}

/// The requests that the plugins below look at.
fn requests() -> Vec<Request> {
    vec![
        Request::tool_call("get_compensation").label("PII").subject("alice").role("engineer"),
        Request::tool_call("get_compensation").label("PII").subject("alice").role("hr_admin"),
        Request::tool_call("search").argument("ssn", "123-45-6789").header("accept", "text/plain"),
        Request::text(cpex_wasmi::model::Role::User, "hello").custom("a", json!({"b": [1, null]})),
        Request::tool_call("search"),
    ]
}

#[test]
fn a_view_is_decided_on_as_the_model_is() {
    let fixtures = ["pii_guard", "argument_redactor", "header_injector", "noop", "compute"];
    for name in fixtures {
        let policy = trusting().config("value", "v");
        let plugin = Plugin::load(&engine(), &fixture(name), policy).unwrap();
        for request in requests() {
            let hook = plugin.module().manifest().hooks[0].clone();
            let known = plugin.call(&hook, request.clone()).unwrap();
            for alone in [true, false] {
                let seen = plugin.call_view(&hook, Json::new(&request, alone)).unwrap();
                assert_eq!(seen.decision, known.decision, "{name} {request:?}");
                assert_eq!(seen.changes, known.changes, "{name} {request:?}");
                assert_eq!(seen.receipt.bytes_read, known.receipt.bytes_read, "{name}");
                assert_eq!(seen.receipt.host_calls, known.receipt.host_calls, "{name}");
            }
        }
    }
}

/// Labels, a header twice, the number of tool calls, the second one's name.
const LOOKS: &str = r#"(data (i32.const 0) "PII") (data (i32.const 8) "x-a")
    (func (export "cpex_invoke") (param i32) (result i32)
      (drop (call $contains (i32.const 0x0201) (i32.const 0) (i32.const 0) (i32.const 3)))
      (drop (call $read_text (i32.const 0x0301) (i32.const 0) (i32.const 8) (i32.const 3) (i32.const 64) (i32.const 64)))
      (drop (call $read_text (i32.const 0x0301) (i32.const 0) (i32.const 8) (i32.const 3) (i32.const 64) (i32.const 64)))
      (drop (call $count (i32.const 0x0122) (i32.const -1)))
      (drop (call $read_text (i32.const 0x0122) (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 64) (i32.const 64)))
      (i32.const 0))"#;

#[test]
fn each_field_is_asked_for_once_and_no_other() {
    let wasm = guest_with(&["read_labels", "read_headers"], LOOKS);
    let granted = [Capability::ReadLabels, Capability::ReadHeaders];
    let plugin = Plugin::load(&engine(), &wasm, Policy::default().grant(granted)).unwrap();
    let request = Request::tool_call("a").part(requests()[0].message().unwrap().content[0].clone());
    let view = Json::new(&request.label("PII").header("x-a", "1").subject("alice"), true);
    plugin.call_view(HOOK, view.clone()).unwrap();
    assert_eq!(
        view.asked(),
        [Field::ToolCallName, Field::SecurityLabels, Field::HttpRequestHeaders]
    );
    // In another call, all is asked for again.
    plugin.call_view(HOOK, view.clone()).unwrap();
    assert_eq!(view.asked().len(), 6);
}

#[test]
fn a_field_that_is_not_granted_is_not_asked_for() {
    let wasm = guest(LOOKS);
    let plugin = Plugin::load(&engine(), &wasm, Policy::default()).unwrap();
    let view = Json::new(&requests()[0], true);
    plugin.call_view(HOOK, view.clone()).unwrap();
    assert_eq!(view.asked(), []);
}

/// A view with one answer to everything.
struct Odd<F>(F);

impl<F: Fn(Field) -> Result<FieldValue, LookUpError> + Send + Sync> RequestView for Odd<F> {
    fn count(&self, field: Field) -> Result<Option<usize>, LookUpError> {
        match (self.0)(field)? {
            FieldValue::Unsigned(count) => Ok(Some(usize::try_from(count)?)),
            _ => Ok(Some(1)),
        }
    }

    fn value(&self, field: Field, _: usize) -> Result<FieldValue, LookUpError> {
        (self.0)(field)
    }
}

/// The error of a plugin that reads a field, whatever is answered, and allows.
fn error(
    field: Field,
    answer: impl Fn(Field) -> Result<FieldValue, LookUpError> + Send + Sync + 'static,
) -> String {
    let number = field.number();
    let wasm = invoking(&format!(
        "(drop (call $read_json (i32.const {number}) (i32.const 0) (i32.const 0) (i32.const -1)
            (i32.const 0) (i32.const 1000)))
         (loop $forever (br $forever)) (i32.const 0)"
    ));
    let policy = trusting().limits(cpex_wasmi::Limits::default().fuel(1_000_000));
    let plugin = Plugin::load(&engine(), &wasm, policy).unwrap();
    let error = plugin.call_view(HOOK, Arc::new(Odd(answer))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(error.receipt().is_some_and(|receipt| receipt.host_calls == 1));
    error.to_string()
}

#[test]
fn an_answer_that_is_wrong_ends_the_call_at_once() {
    use FieldValue as V;
    for (field, answer, said) in [
        (Field::SecurityLabels, V::Text("PII".into()), "the value is not a list of texts"),
        (Field::SecurityLabels, json!([1]).into(), "the value is not a list of texts"),
        (Field::SecurityLabels, V::Bool(true), "the value is not a list of texts"),
        (Field::MessageRole, json!(["a"]).into(), "the value is not a text"),
        (Field::AgentTurn, json!(-1).into(), "is not a whole number of 0 or more"),
        (Field::DelegationAge, V::Float(f64::NAN), "is not a finite number"),
        (Field::DelegationAge, V::Float(f64::INFINITY), "is not a finite number"),
        (Field::Custom, json!([]).into(), "is not values by name"),
        (Field::Custom, V::InWhole, "cannot be looked up in another"),
        (Field::ContextLocal, V::InWhole, "cannot be looked up in another"),
        (Field::Payload, V::Absent, "there is no `payload`"),
        (Field::Payload, V::InWhole, "the answer is not JSON"),
        (Field::Payload, json!({"message": {"role": "usr"}}).into(), "in `payload`"),
        (
            Field::Security,
            json!({"labels": [], "lables": []}).into(),
            "`security.lables` is not known",
        ),
        (Field::Security, json!({"labels": 7}).into(), "in `security`"),
        (Field::ToolCallName, V::Unsigned(1 << 40), "at most 65536 are taken"),
    ] {
        let message = error(field, move |_| Ok(answer.clone()));
        assert!(message.contains(said), "{field}: {message}");
    }
}

#[test]
fn a_look_up_that_fails_or_panics_ends_the_call() {
    let message = error(Field::SecurityLabels, |_| Err("the table\nis gone".into()));
    assert!(message.contains("`security.labels` failed: the table\\nis gone"), "{message}");
    let message = error(Field::SecurityLabels, |_| panic!("oh"));
    assert!(message.contains("the look-up of `security.labels` panicked"), "{message}");
}

/// A view that counts no slots.
struct Uncounted;

impl RequestView for Uncounted {
    fn count(&self, _: Field) -> Result<Option<usize>, LookUpError> {
        Ok(None)
    }

    fn value(&self, _: Field, _: usize) -> Result<FieldValue, LookUpError> {
        Ok(FieldValue::Absent)
    }
}

#[test]
fn a_slot_that_is_not_counted_ends_the_call() {
    let wasm = invoking("(drop (call $slots)) (i32.const 0)");
    let plugin = Plugin::load(&engine(), &wasm, trusting()).unwrap();
    let error = plugin.call_view(HOOK, Arc::new(Uncounted)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(error.to_string().contains("is whole, and is counted as 1 or 0"), "{error}");
}

#[test]
fn a_whole_slot_shows_what_is_granted_and_no_more() {
    let body = "(call $read_json (i32.const 0x0200) (i32.const 0) (i32.const 0) (i32.const -1)
        (i32.const 0) (i32.const 4096))
      (local.set 0) (drop (call $log (i32.const 3) (i32.const 0) (local.get 0))) (i32.const 0)";
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let sink = move |record: &cpex_wasmi::LogRecord<'_>| {
        kept.lock().unwrap().push(record.message.to_owned());
    };
    let engine = cpex_wasmi::Engine::builder().log_sink(sink).build().unwrap();
    let plugin = Plugin::load(&engine, &invoking(body), Policy::default()).unwrap();
    let request = &requests()[0];
    plugin.call(HOOK, request.clone()).unwrap();
    plugin.call_view(HOOK, Json::new(request, true)).unwrap();
    let lines = lines.lock().unwrap();
    assert_eq!(lines[0], lines[1]);
    assert!(!lines[0].contains("alice") && !lines[0].contains("PII"), "{}", lines[0]);
}

#[test]
fn changes_are_those_of_the_model() {
    let wasm = fixture("argument_redactor");
    let plugin = Plugin::load(&engine(), &wasm, Policy::default()).unwrap();
    let request = Request::tool_call("a").argument("ssn", "123-45-6789");
    let outcome = plugin.call_view(HOOK, Json::new(&request, true)).unwrap();
    let Some(Payload::Message(changed)) = outcome.changes.payload else { panic!("no change") };
    let call = changed.message.tool_calls().next().unwrap();
    assert_eq!(call.arguments["ssn"], "***-**-****");
}

#[test]
fn a_request_in_json_is_read_strictly() {
    let payload = json!({"message": {"role": "user", "content": []}});
    let read = |json: Value| Request::from_value(json).map_err(|error| error.to_string());
    let plain = read(json!({"payload": payload})).unwrap();
    assert_eq!(plain.payload.type_name(), "message");
    let custom = read(json!({"payload_type": "acme.invoice", "payload": [1]})).unwrap();
    assert_eq!(custom.payload.type_name(), "acme.invoice");
    for (json, said) in [
        (json!([]), "not an object with a `payload`"),
        (json!({}), "it has no `payload`"),
        (
            json!({"payload": payload, "extentions": {}}),
            "`extentions` is not known; did you mean `extensions`?",
        ),
        (json!({"payload": payload, "payload_type": 1}), "`payload_type` is not a text"),
        (json!({"payload": payload, "payload_type": "identity"}), "in `payload`"),
        (json!({"payload": payload, "extensions": {"securty": {}}}), "`securty` is not known"),
        (json!({"payload": payload, "context": {"local_state": []}}), "in `context`"),
        (json!({"payload": payload, "extensions": []}), "in `extensions`: it is a list"),
        (
            json!({"payload": payload, "extensions": {"security": [["PII"]]}}),
            "in `extensions`: `security` is a list, and the record there has members by name",
        ),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
