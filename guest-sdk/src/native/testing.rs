//! Runs a plugin natively, against the rules of the real host.
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
//!     hooks: { "cmf.tool_pre_invoke" => label },
//! }
//!
//! fn label(call: &Call) -> Result<Verdict> {
//!     call.security().add_label("reviewed")?;
//!     allow()
//! }
//!
//! # fn main() -> core::result::Result<(), Box<dyn std::error::Error>> {
//! let mut harness = Harness::new(&PLUGIN).grant_all();
//! let outcome = harness.call("cmf.tool_pre_invoke", Request::tool_call("search"))?;
//! assert!(outcome.decision.is_allow());
//! assert!(outcome.changes.labels.unwrap().contains("reviewed"));
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
//! What runs natively has no fuel, no deadline and no memory limit, and a plugin's statics are
//! those of the test program. A test of the built module says the rest: the policy of a
//! [`Harness`] also fits [`cpex_wasmi::Plugin::load`].

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use cpex_wasmi::{Error, Manifest, Session};

pub use cpex_wasmi::{
    Capability, Changes, Decision, Level, LogRecord, Outcome, Payload, Policy, Receipt, Request,
    model,
};

use super::{Ended, serving};
use crate::PluginDef;
use crate::plugin::{initialise, invoke};

/// Runs one plugin, call after call, under one policy.
///
/// The plugin is initialised before its first call, and again after a call that failed.
#[derive(Debug)]
pub struct Harness {
    plugin: &'static PluginDef,
    policy: Policy,
    session: Option<Live>,
    log: Arc<Mutex<Vec<Line>>>,
}

/// A line that a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The severity the plugin gave it.
    pub level: Level,
    /// The line, with control characters made visible.
    pub message: String,
}

/// Why a call came to no decision.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The host refused the plugin or ended the call.
    Host(Error),
    /// The plugin panicked with this message. (The place is on standard error.)
    Panicked(String),
}

impl Failure {
    /// The code that the real host gives the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Host(error) => error.code(),
            Self::Panicked(_) => "wasm_trap",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => error.fmt(f),
            Self::Panicked(message) => write!(f, "the plugin panicked: {message}"),
        }
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Host(error) => Some(error),
            Self::Panicked(_) => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

impl Harness {
    /// A harness whose policy grants nothing.
    pub fn new(plugin: &'static PluginDef) -> Self {
        Self { plugin, policy: Policy::default(), session: None, log: Arc::default() }
    }

    /// Grants what the plugin's manifest asks for, state included.
    #[must_use]
    pub fn grant_all(self) -> Self {
        let names = self.plugin.manifest.capabilities.iter();
        let harness = self.grant(names.filter_map(|name| Capability::from_name(name)));
        if harness.plugin.manifest.stateful {
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
        self.session = None;
        self
    }

    /// The policy the plugin runs under.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Calls a hook.
    ///
    /// # Errors
    ///
    /// Where the host would fail.
    pub fn call(&mut self, hook: &str, request: Request) -> Result<Outcome, Failure> {
        let Live(mut session) = match self.session.take() {
            Some(session) => session,
            None => Live(self.initialised()?),
        };
        let started = session.start(hook, request);
        let position = match started {
            Ok(position) => position,
            Err(error) => {
                self.session = Some(Live(session));
                return Err(error.into());
            }
        };
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let manifest = &self.plugin.manifest;
        let handler = self.plugin.handlers.get(position).zip(manifest.hooks.get(position));
        #[allow(clippy::expect_used, reason = "the macro makes both lists from one")]
        let (handler, hook) = handler.expect("each hook has a handler");
        let (mut session, verdict) = run(session, || invoke(handler, hook))?;
        let outcome = session.end(verdict)?;
        self.session = Some(Live(session));
        Ok(outcome)
    }

    /// Takes the lines that were logged since the last time.
    pub fn take_log(&self) -> Vec<Line> {
        core::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn initialised(&self) -> Result<Session, Failure> {
        let log = self.log.clone();
        let keep = move |record: &LogRecord<'_>| {
            let line = Line { level: record.level, message: record.message.to_owned() };
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        };
        let session = Session::new(&manifest(self.plugin), self.policy.clone(), keep)?;
        let Some(init) = self.plugin.init else { return Ok(session) };
        let (mut session, code) = run(session, || initialise(init))?;
        session.initialised(code)?;
        Ok(session)
    }
}

/// A session, for `Debug`.
struct Live(Session);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// Runs a piece of the plugin to its end, or to where the host ends it.
fn run(session: Session, entry: impl FnOnce() -> i32) -> Result<(Session, i32), Failure> {
    let (session, result) = serving(session, || catch_unwind(AssertUnwindSafe(entry)));
    match (session, result) {
        (Some(session), Ok(code)) => Ok((session, code)),
        (_, Err(payload)) => Err(failure(payload)),
        (None, Ok(_)) => Err(Failure::Panicked("the plugin ran a harness of its own".into())),
    }
}

fn failure(payload: alloc::boxed::Box<dyn Any + Send>) -> Failure {
    match payload.downcast::<Ended>() {
        Ok(ended) => Failure::Host(ended.0),
        Err(payload) => Failure::Panicked(
            payload
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_default(),
        ),
    }
}

fn manifest(plugin: &PluginDef) -> Manifest {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let from = &plugin.manifest;
    let mut manifest = Manifest::new(from.name, from.version);
    manifest.description = from.description.into();
    manifest.hooks = owned(from.hooks);
    manifest.capabilities = owned(from.capabilities);
    manifest.access = owned(from.access);
    manifest.stateful = from.stateful;
    manifest.config_schema = from.config_schema.map(Into::into);
    manifest
}
