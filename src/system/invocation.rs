use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use super::{AccessKind, AuditEvent, AuditOutcome, report};
use crate::logging::visible;
#[cfg(feature = "http")]
use crate::logging::{Level, LogRecord, contained};
use crate::session::{Grants, Secrets, Session};

/// One call of a function by a plugin: who calls, and what the call may take.
///
/// A function of the embedder's is given it beside the argument
/// ([`EngineBuilder::function`](crate::EngineBuilder::function)).
pub struct Invocation<'a> {
    pub(crate) grants: &'a Arc<Grants>,
    pub(crate) hook: &'a str,
    pub(crate) remaining: Option<Duration>,
    pub(crate) usage: &'a mut SystemUsage,
    /// Bytes of work to charge for, beside argument and result.
    pub(crate) work: usize,
    /// The tokens that the plugin was given.
    pub(crate) secrets: &'a Secrets,
}

/// What a plugin has used of the system in one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemUsage {
    /// Shared with the requests, which redirects make more of.
    #[cfg(feature = "http")]
    pub(crate) http: Option<Arc<super::http::Usage>>,
    pub(crate) commands: u64,
    pub(crate) file_bytes_read: u64,
    pub(crate) file_bytes_written: u64,
}

impl Invocation<'_> {
    /// The plugin's name, as [`Plugin::name`](crate::Plugin::name) has it.
    pub fn plugin(&self) -> &str {
        &self.grants.plugin
    }

    /// The hook that is handled, `init` or `shutdown`.
    pub fn hook(&self) -> &str {
        self.hook
    }

    /// How long the plugin's call may still take, if it has a deadline. A function that waits should not
    /// wait longer: the call fails then, and what it waits for is dropped.
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Charges the plugin for work, as for that many bytes that the host goes through, at two for a unit
    /// of fuel. Argument and result are charged for anyway. If the plugin has not got the fuel, its call
    /// fails once the function has answered.
    pub fn charge(&mut self, bytes: usize) {
        self.work = self.work.saturating_add(bytes);
    }

    /// Who reports what comes of it, also after the call of the function.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter {
            grants: self.grants.clone(),
            hook: self.hook.into(),
            secrets: self.secrets.clone(),
        }
    }

    /// Reports it, without the tokens that the plugin was given.
    pub(crate) fn report(&self, used: &Used<'_>) {
        let target = self.secrets.redact(used.target, Session::MAX_MESSAGE_BYTES);
        tell(self.grants, self.hook, &Used { target: &target, ..*used });
    }
}

/// Reports uses of the system.
pub(crate) struct Reporter {
    grants: Arc<Grants>,
    hook: String,
    secrets: Secrets,
}

impl Reporter {
    /// Reports it, without the tokens that the plugin was given.
    pub(crate) fn report(&self, used: &Used<'_>) {
        let target = self.secrets.redact(used.target, Session::MAX_MESSAGE_BYTES);
        tell(&self.grants, &self.hook, &Used { target: &target, ..*used });
    }

    /// Puts a line of the host's into the plugin's log: why something failed, of which the plugin is told
    /// less. Who calls it sees to it that there are not too many.
    #[cfg(feature = "http")]
    pub(crate) fn warn(&self, message: &str) {
        let Some(sink) = &self.grants.services.sink else { return };
        if Level::Warn > self.grants.log_level {
            return;
        }
        let message = visible(&self.secrets.redact(message, Session::MAX_MESSAGE_BYTES));
        let record = LogRecord {
            plugin: &self.grants.plugin,
            hook: &self.hook,
            level: Level::Warn,
            message: &message,
        };
        let _ = contained(|| sink.log(&record));
    }
}

/// A use of the system, or one that was refused.
pub(crate) struct Used<'a> {
    pub(crate) access: AccessKind,
    pub(crate) operation: &'a str,
    /// As the plugin has it: it is made visible when it is reported.
    pub(crate) target: &'a str,
    pub(crate) outcome: AuditOutcome,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

pub(crate) fn tell(grants: &Grants, hook: &str, used: &Used<'_>) {
    let services = &grants.services;
    if services.audit.is_none() {
        return;
    }
    let &Used { access, operation, target, outcome, bytes_sent, bytes_received } = used;
    report(
        services.audit.as_ref(),
        &AuditEvent {
            plugin: &grants.plugin,
            hook,
            access,
            operation,
            target: &visible(target),
            outcome,
            bytes_sent,
            bytes_received,
        },
    );
}
