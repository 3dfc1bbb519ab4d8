//! Runs a plugin natively, against the rules of the real host, and beside it the module it is built
//! to, in the real host.
//!
//! Only natively: on wasm32 this module is not there.
//!
//! ```
//! use cpex_wasmi_guest::prelude::*;
//! use cpex_wasmi_guest::testing::{Harness, Request};
//!
//! plugin! {
//!     name: "labeler",
//!     capabilities: ["append_labels"],
//!     hooks: { "cmf.tool_pre_invoke" => label, "cmf.tool_post_invoke" => label },
//! }
//!
//! fn label(call: &Call) -> Result<Verdict> {
//!     call.security().add_label("REVIEWED")?;
//!     allow()
//! }
//!
//! # fn main() -> core::result::Result<(), Box<dyn std::error::Error>> {
//! let request = Request::tool_call("get_compensation")
//!     .argument("employee_id", 42)
//!     .label("PII")
//!     .subject("alice")
//!     .role("engineer");
//!
//! // Natively: no wasm needed, and a debugger works.
//! let mut harness = Harness::new(&PLUGIN).grant_all();
//! let outcome = harness.call("cmf.tool_pre_invoke", request.clone())?;
//! assert!(outcome.decision.is_allow());
//! assert!(outcome.changes.labels.unwrap().contains("REVIEWED"));
//!
//! // The same, and in the sandbox too: `call` fails if the two do not agree.
//! let module = "target/wasm32-unknown-unknown/release/labeler.wasm";
//! # let module = "../fixtures/labeler.wasm";
//! let mut harness = Harness::new(&PLUGIN).grant_all().module_file(module);
//! let outcome = harness.call("cmf.tool_pre_invoke", request)?;
//! // What only the sandbox can tell.
//! assert!(outcome.receipt.fuel < 1_000, "{:?}", outcome.receipt);
//! assert_eq!(outcome.receipt.peak_memory_bytes, 64 * 1024);
//!
//! // Without the grant the host would not load the plugin.
//! let failure = Harness::new(&PLUGIN)
//!     .call("cmf.tool_pre_invoke", Request::tool_call("search"))
//!     .unwrap_err();
//! assert_eq!(failure.code(), "capability_denied");
//! # Ok(())
//! # }
//! ```
//!
//! A native run has no fuel, no deadline and no memory limit, and a plugin's statics are
//! those of the test program. A module has all of that as its operator sees it.
//!
//! In a plugin's own tests, [`Harness::module_file_if_built`] takes the module in where it is
//! built, and leaves the tests native where it is not.

mod compare;
mod failure;
mod log;
mod module;
mod natively;
mod place;

use alloc::vec::Vec;
use core::fmt;
use std::path::Path;

pub use cpex_wasmi::{
    Access, Capability, Changes, ClockGrant, Decision, Engine, EngineBuilder, Invocation, Level,
    Limits, LogRecord, MemoryState, Outcome, Payload, Policy, RandomGrant, Receipt, Request,
    StateAnswer, StateError, StateKey, StateQuota, StateStore, StubAnswer, Telemetry, model,
};
pub use failure::{Difference, Failure};
pub use log::Line;

use self::log::Lines;
use self::module::{Built, Origin};
use self::natively::Native;
use crate::PluginDef;

/// Runs one plugin, call after call, under one policy.
///
/// Natively, the plugin is initialised before its first call, and again after a call that failed.
/// Beside a module it is initialised when the module is, which is for each call unless the policy
/// pools instances.
pub struct Harness {
    plugin: &'static PluginDef,
    policy: Policy,
    engine: Option<EngineBuilder>,
    native: Native,
    built: Option<Built>,
    log: Lines,
}

impl Harness {
    /// A harness whose policy grants nothing.
    pub fn new(plugin: &'static PluginDef) -> Self {
        Self {
            plugin,
            policy: Policy::default(),
            engine: None,
            native: Native::new(),
            built: None,
            log: Lines::default(),
        }
    }

    /// Grants what the plugin's manifest asks for, state included.
    #[must_use]
    pub fn grant_all(self) -> Self {
        let names = self.plugin.manifest.capabilities.iter();
        let harness = self.grant(names.filter_map(|name| Capability::from_name(name)));
        if harness.plugin.manifest.stateful.is_kept() {
            let policy = harness.policy.clone().pooled(1).allow_state();
            return harness.under(policy);
        }
        harness
    }

    /// Grants these capabilities, beside those granted before.
    #[must_use]
    pub fn grant(self, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        let policy = self.policy.clone().grant(capabilities);
        self.under(policy)
    }

    /// Sets one value of the plugin's configuration.
    #[must_use]
    pub fn config(self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        let policy = self.policy.clone().config(name, value);
        self.under(policy)
    }

    /// Sets the whole policy, and begins anew.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self.start_over();
        self
    }

    /// Sets up the host otherwise, and begins anew: with functions that the plugin calls, or variables that
    /// it reads. The log stays the harness's. Beside a module, functions are called by both, and each has a
    /// [state](crate::state) of its own, unless a store was set.
    ///
    /// ```
    /// use cpex_wasmi_guest::prelude::*;
    /// use cpex_wasmi_guest::system;
    /// use cpex_wasmi_guest::testing::{Access, Engine, Harness, Invocation, Policy, Request};
    ///
    /// plugin! {
    ///     name: "quota",
    ///     access: ["function:acme.allow"],
    ///     hooks: { "cmf.tool_pre_invoke" => |_| match system::call("acme.allow", "alice")? {
    ///         true => allow(),
    ///         false => deny("quota_exceeded", "no more today"),
    ///     } },
    /// }
    ///
    /// # fn main() -> core::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder()
    ///     .function("acme.allow", |_: &mut Invocation<'_>, user: String| Ok(user == "alice"));
    /// let access = Access::default().function("acme.allow");
    /// let mut harness = Harness::new(&PLUGIN).under(Policy::default().access(access)).on(engine);
    /// let outcome = harness.call("cmf.tool_pre_invoke", Request::tool_call("search"))?;
    /// assert!(outcome.decision.is_allow());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on(mut self, engine: EngineBuilder) -> Self {
        if let Some(built) = &mut self.built {
            built.on(engine.clone());
        }
        self.engine = Some(engine.clone());
        self.native.on(engine);
        self.start_over();
        self
    }

    /// Calls this module too, in the real host, and compares.
    ///
    /// Both are called with the same request under the same policy, and have to come to the same
    /// decision, the same changes and the same log lines, or fail with the same code. The
    /// module's outcome is the one that is given: its receipt has fuel and memory.
    #[must_use]
    pub fn module(self, wasm: impl Into<Vec<u8>>) -> Self {
        self.beside(Some(Origin::Bytes(wasm.into())))
    }

    /// As [`module`](Self::module), from a file. If it is not there, each call fails with
    /// [`Failure::Unreadable`], which says how to build it.
    ///
    /// A path that starts with `target/` is looked for where cargo puts what it builds for this
    /// test, and then relative to the current directory, which is the package's for `cargo test`.
    #[must_use]
    pub fn module_file(self, path: impl AsRef<Path>) -> Self {
        let path = place::locate(path.as_ref());
        self.beside(Some(Origin::File(path)))
    }

    /// As [`module_file`](Self::module_file), but if the file does not exist, calls are native only,
    /// and a note on standard error says so.
    #[must_use]
    pub fn module_file_if_built(self, path: impl AsRef<Path>) -> Self {
        let path = place::locate(path.as_ref());
        if path.exists() {
            return self.beside(Some(Origin::File(path)));
        }
        place::note_missing(&path);
        self.beside(None)
    }

    /// The policy the plugin runs under.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Calls a hook.
    ///
    /// # Errors
    ///
    /// If the host would fail. With a module, also if it cannot be read, or if it does not do
    /// what the plugin does natively. (A module that goes over a limit which only the sandbox has
    /// fails with that; the plugin is not called natively then, where it might never end.)
    pub fn call(&mut self, hook: &str, request: Request) -> Result<Outcome, Failure> {
        let Some(built) = &mut self.built else {
            let outcome = self.native.call(self.plugin, &self.policy, hook, request);
            self.log.append(self.native.log.take());
            return outcome;
        };
        let outcome = built.call_beside(&mut self.native, self.plugin, &self.policy, hook, request);
        self.log.append(built.log.take());
        outcome
    }

    /// Has the next call made to a new instance, natively and in the module.
    ///
    /// A plugin that says `stateful: per_instance` has several instances under load, each with a state of its own.
    /// Calls before and after this show what that means for it: a limit of five calls lets ten through.
    pub fn new_instance(&mut self) {
        self.start_over();
    }

    /// Shuts the plugin down, if it was initialised. The next call has it initialised again.
    ///
    /// Beside a module this is done where the real host does it: under a policy that pools instances.
    ///
    /// # Errors
    ///
    /// If the host would fail, or the module does not end as the plugin does natively.
    pub fn shutdown(&mut self) -> Result<(), Failure> {
        let Some(built) = &mut self.built else {
            let ended = self.native.shutdown(self.plugin);
            self.log.append(self.native.log.take());
            return ended;
        };
        let ended = built.shutdown_beside(&mut self.native, self.plugin, &self.policy);
        self.log.append(built.log.take());
        ended
    }

    /// Takes the lines that were logged since the last time: the module's, if there is one.
    pub fn take_log(&self) -> Vec<Line> {
        self.log.take()
    }

    fn beside(mut self, origin: Option<Origin>) -> Self {
        self.built = origin.map(Built::new);
        if let (Some(built), Some(engine)) = (&mut self.built, &self.engine) {
            built.on(engine.clone());
        }
        self.start_over();
        self
    }

    fn start_over(&mut self) {
        self.native.start_over();
        if let Some(built) = &mut self.built {
            built.start_over();
        }
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Harness");
        debug.field("plugin", &self.plugin.manifest.name);
        debug.field("hooks", &self.plugin.manifest.hooks);
        if let Some(built) = &self.built {
            debug.field("module", built);
        }
        debug.finish_non_exhaustive()
    }
}
