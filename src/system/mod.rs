//! System access of plugins beyond the request: functions that are called by name.
//!
//! Those of the host itself reach for the system; those of the embedder for whatever it likes. Each is there
//! for a plugin only if its manifest asks for it and its policy grants it.

#![cfg_attr(
    not(all(feature = "wasi", feature = "http-client", feature = "exec")),
    allow(dead_code, reason = "what its parts share, of which not all are there")
)]

mod audit;
#[cfg(all(feature = "exec", unix))]
mod command;
#[cfg(feature = "std")]
pub(crate) mod effects;
mod environment;
mod function;
mod granted;
mod grants;
#[cfg(feature = "http")]
pub(crate) mod http;
mod invocation;
#[cfg(feature = "std")]
pub(crate) mod random;
#[cfg(any(feature = "http-client", feature = "state-redis"))]
mod runtime;
#[cfg(feature = "std")]
pub(crate) mod state;
#[cfg(feature = "std")]
pub(crate) mod time;

use alloc::sync::Arc;

use crate::text::redact::Redactor;
use crate::{Clock, LogSink, Problem};

use audit::report;
pub use audit::{AuditEvent, AuditOutcome, AuditSink};
pub(crate) use cpex_wasmi_abi::AccessKind;
pub(crate) use environment::Variables;
pub(crate) use function::{
    Encoded, Function, Functions, Given, Reply, Stub, Typed, TypedAsync, Waiting,
};
pub use function::{Encoding, StubAnswer};
pub(crate) use granted::{Granted, check};
pub(crate) use grants::Grants;
pub use invocation::Invocation;
#[cfg(feature = "wasi")]
pub(crate) use invocation::shown;
pub(crate) use invocation::{Pending, SystemUsage, Used, tell};

/// Services that all plugins of an engine share beyond the interpreter.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) functions: Functions,
    pub(crate) audit: Option<Arc<dyn AuditSink>>,
    /// The secrets that are masked in all that plugins say.
    pub(crate) redactor: Option<Arc<Redactor>>,
    /// Instead of the process's own.
    pub(crate) environment: Option<Variables>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    /// The way to the log that an engine keeps of a call's external effects.
    #[cfg(feature = "std")]
    pub(crate) effects: Option<effects::FindEffects>,
    /// The destination of plugins' log lines, for the host's remarks about them.
    pub(crate) sink: Option<Arc<dyn LogSink>>,
    /// The place of state that outlasts a call.
    #[cfg(feature = "std")]
    pub(crate) state: state::Store,
    /// The transport of their HTTP requests.
    #[cfg(feature = "http")]
    pub(crate) transport: Option<Arc<dyn http::HttpTransport>>,
}

impl Services {
    /// Masks what the embedder has masked in messages that may quote a plugin.
    pub(crate) fn redact(&self, problems: &mut [Problem]) {
        if let Some(redactor) = &self.redactor {
            for problem in problems {
                problem.message = redactor.redact(&problem.message);
            }
        }
    }
}
