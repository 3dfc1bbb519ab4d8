//! Audit events: each use of the system.

use alloc::sync::Arc;
use core::fmt;

use cpex_wasmi_abi::AccessKind;

use crate::logging::contained;

/// One use of the system by a plugin, or one that was refused.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuditEvent<'a> {
    /// The plugin's name, as [`Plugin::name`](crate::Plugin::name) has it.
    pub plugin: &'a str,
    /// The hook that is handled, `init` or `shutdown`.
    pub hook: &'a str,
    /// The kind of system access.
    pub access: AccessKind,
    /// The operation, such as `GET`, `open` or `get`.
    pub operation: &'a str,
    /// The target: a URL, a path, the name of a variable, a function, or a program with its arguments, each of
    /// which is in quotes if it has more than letters, digits and `-_./:=@%+,`. Made visible as by
    /// [`visible`](crate::visible).
    pub target: &'a str,
    /// The result.
    pub outcome: AuditOutcome,
    /// The bytes that the plugin gave.
    pub bytes_sent: u64,
    /// The bytes that the plugin got.
    pub bytes_received: u64,
}

/// The result of an access to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It was allowed, and done.
    Allowed,
    /// It was not asked for in the manifest, or is not granted.
    Denied,
    /// It was allowed, and failed or was cut off by a limit.
    Failed,
}

impl AuditOutcome {
    /// The name, such as `denied`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The sink that tells an embedder of each use of the system
/// ([`EngineBuilder::audit_sink`](crate::EngineBuilder::audit_sink)).
pub trait AuditSink: Send + Sync {
    /// Takes one event. It is called while the plugin waits, so it should not take long. If it panics,
    /// the event is lost and the plugin goes on; the program's panic hook is told.
    fn audit(&self, event: &AuditEvent<'_>);
}

impl<F: Fn(&AuditEvent<'_>) + Send + Sync> AuditSink for F {
    fn audit(&self, event: &AuditEvent<'_>) {
        self(event);
    }
}

/// Tells the embedder, if it wants to know.
pub(crate) fn report(sink: Option<&Arc<dyn AuditSink>>, event: &AuditEvent<'_>) {
    if let Some(sink) = sink {
        let _ = contained(|| sink.audit(event));
    }
}
