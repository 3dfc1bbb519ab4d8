//! The fuzz target `view`: the fields that capabilities open, in our model and in the types of both engines.

mod cpex;
mod praxis;

use std::collections::HashMap;
use std::sync::LazyLock;

use cpex_wasmi::abi::{Field, HostFunction, NO_KEY, Slot};
use cpex_wasmi::model::{Extensions, from_wire};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, CapabilitySet, LogRecord, Manifest, Policy, Request};
use cpex_wasmi_arbitrary::{Source, sorted};
use serde_json::Value;

use crate::common::{capabilities, with_manifest};

const HOOK: &str = "cmf.tool_pre_invoke";

/// Makes extensions and capabilities. What a plugin sees of them through the standalone view is what
/// an engine's filter leaves, and so is what it sees through the view of that engine's own types,
/// whether they were filtered before or not.
pub fn view(data: &[u8]) {
    let mut source = Source::new(data);
    let capabilities = readable(&mut source);
    // By way of JSON, where `null` is nothing at all.
    let extensions: Extensions = source.value();
    let mut extensions: Extensions =
        serde_json::from_value(serde_json::to_value(extensions).unwrap()).unwrap();
    if let Some(credentials) = &mut extensions.raw_credentials {
        // cpex-core has no JSON for these.
        credentials.delegated_tokens.clear();
    }
    cpex::check(&extensions, capabilities);
    widen(&mut extensions, &mut source);
    praxis::check(&extensions, capabilities);
}

/// Adds what praxis-policy alone has.
fn widen(extensions: &mut Extensions, source: &mut Source<'_>) {
    if let Some(http) = &mut extensions.http {
        http.status = source.value();
    }
    if let Some(subject) = extensions.security.as_mut().and_then(|slot| slot.subject.as_mut()) {
        for at in 0..source.below(4) {
            let value: cpex_wasmi::Value = source.value();
            let Some(value) = from_wire(value).filter(|value| !value.is_string()) else { continue };
            let name = format!("claim-{at}");
            subject.claims.insert(name.clone(), value.to_string());
            subject.claim_values.insert(name, value);
        }
    }
    if source.below(2) == 1 {
        extensions.llm_request = from_wire(source.value()).filter(|body| !body.is_null());
    }
}

/// Arbitrary ones, and to read what the others let a plugin change: adapters load none without.
fn readable(source: &mut Source<'_>) -> CapabilitySet {
    let mask = u32::from_le_bytes([source.byte(), source.byte(), source.byte(), 0]);
    let granted = capabilities(mask);
    let reads = granted.iter().filter_map(|known| Capability::from_name(&read_of(known.name())?));
    granted.iter().copied().chain(reads).collect()
}

/// The capability to read what another lets a plugin change.
fn read_of(name: &str) -> Option<String> {
    let (change, what) = name.split_once('_')?;
    (change != "read").then(|| format!("read_{what}"))
}

/// The fields that are a whole slot.
static SLOTS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let beside = |field: &Field| {
        let slot = field.info().slot;
        !matches!(slot, Slot::Payload | Slot::Context | Slot::Config) && !field.path().contains('.')
    };
    Field::ALL.iter().copied().filter(beside).collect()
});

/// The slots that are there, each as JSON.
type Slots = HashMap<String, Value>;

fn slots(extensions: &Value) -> Slots {
    let slot = |field: &Field| {
        let json = extensions.get(field.path()).filter(|json| !json.is_null())?;
        Some((field.path().to_owned(), json.clone()))
    };
    SLOTS.iter().filter_map(slot).collect()
}

/// The values that a plugin reads through the standalone view.
fn standalone(request: Request, capabilities: CapabilitySet) -> Slots {
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push(HOOK.into());
    let policy = Policy::default().grant(capabilities.iter()).allow_raw_credentials();
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    session.start(HOOK, request).unwrap();
    let mut memory = vec![0; BUFFER_BYTES];
    let read = |field: &Field| {
        let len = u32::try_from(memory.len()).unwrap();
        let args = [field.number(), 0, 0, NO_KEY, 0, len];
        let len = session.dispatch(HostFunction::ReadJson, &args, &mut memory).unwrap();
        let json = memory.get(..usize::try_from(len).ok()?).unwrap();
        let json = sorted(serde_json::from_slice(json).unwrap());
        Some((field.path().to_owned(), json))
    };
    SLOTS.iter().filter_map(read).collect()
}

const BUFFER: usize = 1024;
const BUFFER_BYTES: usize = 0x8_0000 - BUFFER;

/// A plugin that reads each slot as JSON, and writes it to its state under the slot's name.
fn reader() -> Vec<u8> {
    let (mut names, mut body) = (String::new(), String::new());
    for field in SLOTS.iter() {
        let (name, number) = (field.path(), field.number());
        let (at, len) = (names.len(), name.len());
        names.push_str(name);
        body += &format!("(call $keep (i32.const {number}) (i32.const {at}) (i32.const {len}))\n");
    }
    assert!(names.len() < BUFFER);
    let state = Field::ContextLocal.number();
    let text = format!(
        r#"(module
            (import "cpex" "read_json"
                (func $read (param i32 i32 i32 i32 i32 i32) (result i32)))
            (import "cpex" "write_json"
                (func $write (param i32 i32 i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 8)
            (data (i32.const 0) "{names}")
            (func $keep (param $field i32) (param $name i32) (param $len i32)
                (local $read i32)
                (local.set $read (call $read (local.get $field) (i32.const 0) (i32.const 0)
                    (i32.const {NO_KEY}) (i32.const {BUFFER}) (i32.const {BUFFER_BYTES})))
                (if (i32.lt_s (local.get $read) (i32.const 0)) (then (return)))
                (if (call $write (i32.const {state}) (i32.const 0) (local.get $name)
                        (local.get $len) (i32.const {BUFFER}) (local.get $read))
                    (then (unreachable))))
            (func (export "cpex_invoke") (param i32) (result i32) {body} (i32.const 0)))"#
    );
    let wasm = wat::parse_str(text).unwrap();
    let mut manifest = Manifest::new("reader", "1.0.0");
    manifest.hooks.push(HOOK.into());
    with_manifest(wasm, &manifest.encode().unwrap())
}
