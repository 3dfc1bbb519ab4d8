//! Hot calls, for `scripts/instructions` to count the instructions of one: run with none, it prints
//! the name of each case and two numbers of calls; with a case and a number, it makes that many. What
//! two runs differ by is what the calls take that one makes more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "what has several of each is for `pipeline`")]
mod handlers;

use std::hint::black_box;
use std::sync::Arc;

use common::{HOOK, fixture, guest_wanting, load, trusting};
use cpex_core::cmf::MessagePayload;
use cpex_core::plugin::PluginConfig;
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::abi::Field;
use cpex_wasmi::cpex::WasmFactory;
use cpex_wasmi::model::Role;
use cpex_wasmi::{
    Engine, FieldValue, Invocation, LookUpError, Plugin, Policy, Request, RequestView,
};
use handlers::*;
use serde_json::json;

/// A name, how many calls one run makes and how many the other, and what makes them.
type Case = (&'static str, u32, u32, fn(u32));

const CASES: &[Case] = &[
    ("noop native", 100, 1100, |calls| invoked(native(Noop(none())), calls)),
    ("noop pooled", 100, 1100, |calls| invoked(sandboxed("noop", "pooled"), calls)),
    ("noop pristine", 100, 1100, |calls| invoked(sandboxed("noop", "per_call"), calls)),
    ("noop pooled, Plugin::call", 100, 1100, standalone),
    ("pii_guard native", 100, 1100, |calls| invoked(native(PiiGuard(none())), calls)),
    ("pii_guard pooled", 100, 1100, |calls| invoked(sandboxed("pii_guard", "pooled"), calls)),
    ("pii_guard pristine", 100, 1100, |calls| invoked(sandboxed("pii_guard", "per_call"), calls)),
    ("pii_guard pooled, Plugin::call_view", 100, 1100, looked_up),
    ("pii_guard denies native", 100, 1100, |calls| denied(native(PiiGuard(none())), calls)),
    ("pii_guard denies pooled", 100, 1100, |calls| denied(naming(), calls)),
    ("compute native", 100, 1100, |calls| invoked(native(Compute(none())), calls)),
    ("compute pooled", 100, 1100, |calls| invoked(sandboxed("compute", "pooled"), calls)),
    ("cpex_pii_guard pooled", 10, 60, |calls| {
        invoked(sandboxed("cpex_pii_guard", "pooled"), calls)
    }),
    ("cpex_compute pooled", 10, 60, |calls| invoked(sandboxed("cpex_compute", "pooled"), calls)),
    ("one field of 1 MiB", 100, 1100, |calls| {
        about(&beside_bytes(single(), 1 << 20), &reader(), calls)
    }),
    ("a function by name, of 1", 100, 10_100, |calls| named(1, calls)),
    ("a function by name, of 50", 100, 10_100, |calls| named(50, calls)),
    ("a function by name, of 5000", 100, 10_100, |calls| named(5000, calls)),
    ("load explorer.wasm", 2, 12, loads),
    ("load cpex_large", 1, 5, |calls| loads_and_calls("cpex_large", calls)),
    ("load cpex_large by wasmi alone", 1, 5, |calls| translates("cpex_large", calls)),
    ("scan of 1 KiB in fields", 100, 1100, |calls| scans(HOOK, argument(1), calls)),
    ("scan of 1 KiB, ported", 100, 1100, |calls| scans("cmf.llm_input", prompt(1), calls)),
    ("scan of 100 KiB in fields", 10, 60, |calls| scans(HOOK, argument(100), calls)),
    ("scan of 100 KiB, ported", 10, 60, |calls| scans("cmf.llm_input", prompt(100), calls)),
];

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let case = |name: &str| CASES.iter().find(|(known, ..)| *known == name);
    match args.as_slice() {
        [name, calls] => case(name).unwrap().3(calls.parse().unwrap()),
        _ => CASES.iter().for_each(|(name, few, many, _)| println!("{few} {many} {name}")),
    }
}

fn none() -> PluginConfig {
    PluginConfig::default()
}

fn invoked(handler: Arc<dyn AnyHookHandler>, calls: u32) {
    about(&single(), &handler, calls);
}

/// A policy that denies, and says in the reason who may not use which tool.
fn denied(handler: Arc<dyn AnyHookHandler>, calls: u32) {
    let (payload, extensions) = (single(), extensions_with(&["PII"], &["engineer"]));
    for _ in 0..calls {
        black_box(invoke(&*handler, black_box(&payload), black_box(&extensions)));
    }
}

/// That of `cargo compare`, in its lean style.
fn naming() -> Arc<dyn AnyHookHandler> {
    let factory = WasmFactory::new("benches/compare/modules").unwrap();
    made(&factory, &config("lean_pii_guard", "pooled"))
}

/// A payload that has one of each: cpex-core keeps several in an order of chance, in which they take more or
/// less to be found.
fn single() -> MessagePayload {
    payload_with(&[("employee_id", json!(42))])
}

fn about(payload: &MessagePayload, handler: &Arc<dyn AnyHookHandler>, calls: u32) {
    let extensions = extensions_with(&["PII"], &["hr_admin"]);
    for _ in 0..calls {
        black_box(invoke(&**handler, black_box(payload), black_box(&extensions)));
    }
}

/// Without cpex-core.
fn standalone(calls: u32) {
    let plugin = load(&fixture("noop"), trusting().pooled(2));
    let request = Arc::new(Request::tool_call("get_compensation").label("PII"));
    for _ in 0..calls {
        black_box(plugin.call(HOOK, black_box(&request).clone()).unwrap());
    }
}

/// A request that stays with the embedder.
struct Asked;

impl RequestView for Asked {
    fn count(&self, field: Field) -> Result<Option<usize>, LookUpError> {
        Ok(Some(matches!(field, Field::Security | Field::ToolCallName).into()))
    }

    fn value(&self, field: Field, _: usize) -> Result<FieldValue, LookUpError> {
        Ok(match field {
            Field::ToolCallName => "get_compensation".into(),
            Field::SecurityLabels => json!(["PII"]).into(),
            Field::SubjectRoles => json!(["hr_admin"]).into(),
            _ => FieldValue::Absent,
        })
    }
}

fn looked_up(calls: u32) {
    let plugin = load(&fixture("pii_guard"), trusting().pooled(2));
    let view: Arc<dyn RequestView> = Arc::new(Asked);
    for _ in 0..calls {
        black_box(plugin.call_view(HOOK, black_box(&view).clone()).unwrap());
    }
}

/// A plugin that calls one of so many functions of the embedder's, and may call up to 50 of them. It calls each in turn, as
/// some take a step more to be found, by the seed of the host's table.
fn named(functions: usize, calls: u32) {
    let names: Vec<_> = (0..functions).map(|n| format!("acme.policies.function_{n:04}")).collect();
    let mut engine = Engine::builder();
    let mut policy = trusting().pooled(2);
    for name in &names {
        engine = engine.function(name.as_str(), |_: &mut Invocation<'_>, given: u32| Ok(given));
    }
    let allowed = &names[..functions.min(50)];
    policy.access.functions.extend(allowed.iter().cloned());
    let asked: Vec<_> = allowed.iter().map(|name| format!("function:{name}")).collect();
    let asked: Vec<_> = asked.iter().map(String::as_str).collect();
    let wasm = guest_wanting(
        &asked,
        &format!(
            r#"(memory (export "memory") 1) (data (i32.const 0) "7") (data (i32.const 64) "{data}")
               (global $next (mut i32) (i32.const 0))
               (func (export "cpex_invoke") (param i32) (result i32)
                 (drop (call $call_json
                   (i32.add (i32.const 64) (i32.mul (global.get $next) (i32.const {len}))) (i32.const {len})
                   (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))
                 (global.set $next
                   (i32.rem_u (i32.add (global.get $next) (i32.const 1)) (i32.const {count})))
                 (i32.const 0))"#,
            data = allowed.concat(),
            len = allowed[0].len(),
            count = allowed.len(),
        ),
    );
    let plugin = Plugin::load(&engine.build().unwrap(), &wasm, policy).unwrap();
    let request = Arc::new(Request::tool_call("get_compensation").label("PII"));
    for _ in 0..calls {
        black_box(plugin.call(HOOK, black_box(&request).clone()).unwrap());
    }
}

fn loads(calls: u32) {
    let (engine, wasm) = (Engine::new().unwrap(), fixture("explorer"));
    for _ in 0..calls {
        black_box(Plugin::load(&engine, black_box(&wasm), Policy::default()).unwrap());
    }
}

/// Loads a module of `cargo compare` from its file, as cpex-core does, and calls it.
fn loads_and_calls(module: &str, calls: u32) {
    let (payload, extensions) = (single(), extensions_with(&["PII"], &["hr_admin"]));
    for _ in 0..calls {
        // A factory keeps what it has translated.
        let factory = WasmFactory::new("benches/compare/modules").unwrap();
        let handler = made(&factory, &config(black_box(module), "pooled"));
        black_box(invoke(&*handler, &payload, &extensions));
    }
}

/// Has the interpreter validate and translate a module of `cargo compare`.
fn translates(module: &str, calls: u32) {
    let wasm = std::fs::read(format!("benches/compare/modules/{module}.wasm")).unwrap();
    let mut config = wasmi::Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(wasmi::CompilationMode::Eager)
        .enforced_limits(wasmi::EnforcedLimits::strict());
    for _ in 0..calls {
        black_box(wasmi::Module::new(&wasmi::Engine::new(&config), black_box(&*wasm)).unwrap());
    }
}

/// A text without a secret.
fn text(kib: usize) -> String {
    "see https://example.com/a?b=c\n".repeat(kib << 5)
}

fn argument(kib: usize) -> Request {
    Request::tool_call("t").argument("text", text(kib))
}

fn prompt(kib: usize) -> Request {
    Request::text(Role::User, text(kib))
}

/// Looks for secrets in a text, by eleven patterns.
fn scans(hook: &str, request: Request, calls: u32) {
    let plugin = load(&fixture("scanner"), trusting().pooled(2));
    let request = Arc::new(request);
    for _ in 0..calls {
        black_box(plugin.call(hook, black_box(&request).clone()).unwrap());
    }
}
