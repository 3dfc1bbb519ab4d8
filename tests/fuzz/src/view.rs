//! The fuzz target `view`: the fields that capabilities open, in our model and in `cpex-core`.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use cpex_core::cmf::{Message, MessagePayload, Role};
use cpex_core::context::PluginContext;
use cpex_core::extensions::{Extensions as Theirs, filter_extensions};
use cpex_core::factory::PluginFactory as _;
use cpex_core::plugin::PluginConfig;
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::abi::{Field, HostFunction, NO_KEY, Slot};
use cpex_wasmi::cpex::WasmFactory;
use cpex_wasmi::model::Extensions;
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, CapabilitySet, LogRecord, Manifest, Policy, Request};
use cpex_wasmi_arbitrary::{Source, sorted, to_json};
use serde_json::{Value, json};

use crate::common::{capabilities, finish, with_manifest};

const HOOK: &str = "cmf.tool_pre_invoke";

/// Makes extensions and capabilities. What a plugin sees of them through the standalone view is what
/// `cpex-core`'s filter leaves, and so is what it sees through the view of `cpex-core`'s own types,
/// whether they were filtered before or not.
pub fn view(data: &[u8]) {
    let mut source = Source::new(data);
    let capabilities = readable(&mut source);
    // By way of JSON, where `null` is nothing at all.
    let extensions: Extensions = source.value();
    let mut extensions: Extensions =
        serde_json::from_value(serde_json::to_value(extensions).unwrap()).unwrap();
    if let Some(credentials) = &mut extensions.raw_credentials {
        // `cpex-core` has no JSON for these.
        credentials.delegated_tokens.clear();
    }
    let theirs: Theirs =
        serde_json::from_value(serde_json::to_value(&extensions).unwrap()).unwrap();
    let names = capabilities.iter().map(|capability| capability.name().to_owned()).collect();
    let filtered = filter_extensions(&theirs, &names);
    let expected = to_json(&filtered);
    assert_eq!(to_json(&extensions.visible_to(capabilities)), expected);

    let mut request = Request::tool_call("x");
    request.extensions = extensions;
    assert_eq!(standalone(request, capabilities), slots(&expected));
    let handler = handler(capabilities, &names);
    for given in [theirs, filtered] {
        assert_eq!(embedded(&*handler, &given), slots(&expected));
    }
}

/// Arbitrary ones, and to read what the others let a plugin change: cpex-core's adapter loads none without.
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

/// The values that a plugin reads when `cpex-core` calls it: it keeps each slot in its own state.
fn embedded(handler: &dyn AnyHookHandler, extensions: &Theirs) -> Slots {
    let message = Message::text(Role::User, "x");
    let payload = MessagePayload { message };
    let mut context = PluginContext::default();
    let ended = finish(handler.invoke(&payload, extensions, &mut context));
    if let Err(error) = ended {
        panic!("{error}");
    }
    context.local_state.into_iter().map(|(name, json)| (name, sorted(json))).collect()
}

fn handler(capabilities: CapabilitySet, names: &HashSet<String>) -> Arc<dyn AnyHookHandler> {
    let raw = json!({ "allow_raw_credentials": true });
    let config = PluginConfig {
        name: "reader".into(),
        kind: "wasm://reader.wasm".into(),
        hooks: vec![HOOK.into()],
        capabilities: names.clone(),
        config: Some(json!({ "sandbox_policy": raw })),
        ..PluginConfig::default()
    };
    let made = FACTORY.create(&config);
    let made = made.unwrap_or_else(|error| panic!("{capabilities:?}: {error}"));
    made.handlers.into_iter().next().unwrap().1
}

static FACTORY: LazyLock<WasmFactory> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz-view");
    std::fs::create_dir_all(&folder).unwrap();
    // All at once: others may be doing the same.
    let own = folder.join(format!("reader.{}", std::process::id()));
    std::fs::write(&own, reader()).unwrap();
    std::fs::rename(&own, folder.join("reader.wasm")).unwrap();
    WasmFactory::new(&folder).unwrap()
});

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
