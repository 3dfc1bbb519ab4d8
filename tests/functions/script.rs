//! Guests that call functions one after the other, and who listens to what is told of it.

use std::sync::{Arc, Mutex};

use cpex_wasmi::{
    Access, AuditEvent, EngineBuilder, Error, ErrorKind, Outcome, Plugin, Policy, Request,
};

use super::common::*;

/// A guest in the making. It calls functions with arguments in JSON, and logs each result as it is; over
/// a call that fails it gives up with the status.
pub(crate) struct Script {
    access: Vec<String>,
    init: Vec<(String, String)>,
    calls: Vec<(String, String)>,
}

impl Script {
    /// Asks for this.
    pub(crate) fn asking(access: &[&str]) -> Self {
        let access = access.iter().map(|line| (*line).to_owned()).collect();
        Self { access, init: Vec::new(), calls: Vec::new() }
    }

    /// Calls a function when an instance is initialised.
    pub(crate) fn at_init(mut self, name: &str, argument: &str) -> Self {
        self.init.push((name.into(), argument.into()));
        self
    }

    /// Calls a function, after those before.
    pub(crate) fn calls(mut self, name: &str, argument: &str) -> Self {
        self.calls.push((name.into(), argument.into()));
        self
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        self.wasm_then("(i32.const 0)")
    }

    /// A guest that runs this body after its calls, which gives the verdict.
    pub(crate) fn wasm_then(&self, body: &str) -> Vec<u8> {
        let mut data = Vec::new();
        let mut steps = |calls: &[(String, String)]| -> String {
            let step = |(name, argument): &(String, String)| {
                let at = data.len();
                data.extend_from_slice(name.as_bytes());
                let then = data.len();
                data.extend_from_slice(argument.as_bytes());
                format!(
                    "(local.set $len (call $step (i32.const {at}) (i32.const {}) (i32.const {then}) \
                     (i32.const {})))
                     (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))",
                    name.len(),
                    argument.len()
                )
            };
            calls.iter().map(step).collect()
        };
        let (init, calls) = (steps(&self.init), steps(&self.calls));
        let access: Vec<_> = self.access.iter().map(String::as_str).collect();
        let init = if init.is_empty() {
            String::new()
        } else {
            format!(
                r#"(func (export "cpex_init") (result i32) (local $len i32) {init} (i32.const 0))"#
            )
        };
        guest_wanting(
            &access,
            &format!(
                r#"(memory (export "memory") 8) (data (i32.const 0) "{}")
                   (func $step (param i32 i32 i32 i32) (result i32) (local $len i32)
                     (local.set $len (call $call_json (local.get 0) (local.get 1) (local.get 2)
                       (local.get 3) (i32.const 65536) (i32.const 262144)))
                     (if (i32.ge_s (local.get $len) (i32.const 0)) (then
                       (drop (call $log (i32.const 3) (i32.const 65536) (local.get $len)))))
                     (local.get $len))
                   {init}
                   (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                     {calls} {body})"#,
                common::data(&data)
            ),
        )
    }
}

use super::common;

/// The audit of the use of the system: `access operation target outcome sent received`.
#[derive(Clone, Default)]
pub(crate) struct Audit(Arc<Mutex<Vec<String>>>);

impl Audit {
    pub(crate) fn on(&self, engine: EngineBuilder) -> EngineBuilder {
        let events = self.clone();
        engine.audit_sink(move |event: &AuditEvent<'_>| {
            assert_eq!(event.plugin, "guest");
            events.0.lock().unwrap().push(format!(
                "{} {} {} {} {} {}",
                event.access,
                event.operation,
                event.target,
                event.outcome,
                event.bytes_sent,
                event.bytes_received
            ));
        })
    }

    /// The events since the last time.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A guest on an engine, and what it logs and is told of.
pub(crate) struct Running {
    pub(crate) plugin: Plugin,
    pub(crate) logs: Logs,
    pub(crate) audit: Audit,
}

impl Running {
    /// With an engine that has something of its own.
    pub(crate) fn on(
        set: impl FnOnce(EngineBuilder) -> EngineBuilder,
        script: &Script,
        policy: Policy,
    ) -> Self {
        Self::load(set, &script.wasm(), policy).unwrap()
    }

    pub(crate) fn load(
        set: impl FnOnce(EngineBuilder) -> EngineBuilder,
        wasm: &[u8],
        policy: Policy,
    ) -> Result<Self, Error> {
        let (logs, audit) = (Logs::default(), Audit::default());
        let engine = set(audit.on(logs.engine())).build().unwrap();
        let plugin = Plugin::load(&engine, wasm, policy)?;
        Ok(Self { plugin, logs, audit })
    }

    pub(crate) fn call(&self) -> Result<Outcome, Error> {
        call(&self.plugin)
    }

    /// The log of a call that allows.
    pub(crate) fn logged(&self) -> Vec<String> {
        let before = self.logs.messages().len();
        assert!(self.call().unwrap().decision.is_allow());
        self.logs.messages().split_off(before)
    }

    /// The kind and the message of a call that fails.
    pub(crate) fn failed(&self) -> (ErrorKind, String) {
        let error = self.call().unwrap_err();
        (error.kind(), error.to_string())
    }
}

/// The future of a call about a plain tool call.
pub(crate) fn calling(
    plugin: &Plugin,
) -> impl Future<Output = Result<Outcome, Error>> + Send + use<> {
    plugin.call_async(HOOK, Request::tool_call("search"))
}

/// A policy that grants this.
pub(crate) fn granting(set: impl FnOnce(&mut Access)) -> Policy {
    let mut access = Access::default();
    set(&mut access);
    Policy::default().access(access)
}
