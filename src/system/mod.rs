//! What plugins may be given beyond the request they are called for: functions that are called by name.
//!
//! Those of the host itself reach for the system; those of the embedder for whatever it likes. Each is there
//! for a plugin only if its manifest asks for it and its policy grants it.

mod audit;
mod function;
mod granted;
#[cfg(feature = "http")]
pub(crate) mod http;
mod invocation;

use alloc::sync::Arc;

use crate::{Clock, LogSink};

use audit::report;
pub use audit::{AccessKind, AuditEvent, AuditOutcome, AuditSink};
pub(crate) use function::{Function, Functions, Given, Reply, Typed, TypedAsync, Waiting};
pub(crate) use granted::{Granted, check};
pub use invocation::Invocation;
pub(crate) use invocation::{SystemUsage, Used, tell};

/// What all plugins of an engine share beyond the interpreter.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) functions: Functions,
    pub(crate) audit: Option<Arc<dyn AuditSink>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    /// Where plugins' log lines go, for what the host has to say about what they did.
    pub(crate) sink: Option<Arc<dyn LogSink>>,
    /// What sends their HTTP requests.
    #[cfg(feature = "http")]
    pub(crate) transport: Option<Arc<dyn http::HttpTransport>>,
}
