//! One call of a function by name, and what is told of it.

use alloc::string::String;
use alloc::sync::Arc;
use core::cell::Cell;
use core::time::Duration;

use cpex_wasmi_abi::Status;

use super::Grants;
#[cfg(feature = "std")]
use super::effects::{Effect, EffectQueue, OpenEffect};
use super::{AccessKind, AuditEvent, AuditOutcome, report};
#[cfg(feature = "std")]
use crate::Level;
use crate::boundary::MAX_MESSAGE_BYTES;
use crate::logging::visible;
#[cfg(feature = "std")]
use crate::logging::{LogRecord, contained};
use crate::text::Secrets;

/// The part of an operation that is shown, in bytes: the names of methods are the plugin's.
const MAX_OPERATION_BYTES: usize = 64;

/// The part of a target that is shown, in bytes.
const MAX_TARGET_BYTES: usize = MAX_MESSAGE_BYTES;

/// One call of a function by a plugin: who calls, and what the call may take.
///
/// A function of the embedder's is given it beside the argument
/// ([`EngineBuilder::function`](crate::EngineBuilder::function)).
pub struct Invocation<'a> {
    pub(crate) grants: &'a Arc<Grants>,
    pub(crate) hook: &'a str,
    pub(crate) remaining: Option<Duration>,
    pub(crate) usage: &'a mut SystemUsage,
    /// The secrets that are kept out of reports.
    pub(crate) secrets: &'a Secrets,
    /// Bytes of work to charge for, beside argument and result.
    pub(crate) work: Cell<usize>,
}

/// A plugin's use of the system in one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemUsage {
    /// Shared with the requests, which redirects make more of.
    #[cfg(feature = "http")]
    pub(crate) http: Option<Arc<super::http::HttpUsage>>,
    /// Made for the first operation on state.
    #[cfg(feature = "std")]
    pub(crate) state: Option<Arc<super::state::Lines>>,
    pub(crate) commands: u64,
    pub(crate) file_bytes_read: u64,
    pub(crate) file_bytes_written: u64,
    /// Random bytes given.
    pub(crate) random_bytes: u64,
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

    /// The time left to the plugin's call, if it has a deadline. A function that waits should not
    /// wait longer: the call fails then, and what it waits for is dropped.
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Charges the plugin for work, as for that many bytes that the host goes through, at two for a unit
    /// of fuel. Argument and result are charged for anyway. If the plugin has not got the fuel, its call
    /// fails once the function has answered.
    pub fn charge(&mut self, bytes: usize) {
        self.add_work(bytes);
    }

    /// The reporter of its result, also after the call of the function.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter {
            grants: self.grants.clone(),
            hook: self.hook.into(),
            secrets: self.secrets.clone(),
            #[cfg(feature = "std")]
            effects: self.grants.services.effects.and_then(|find| find()),
        }
    }

    /// Reports it, without the tokens that the plugin was given.
    pub(crate) fn report(&self, used: &Used<'_>) {
        self.add_work(tell(self.grants, self.hook, self.secrets, used));
    }

    fn add_work(&self, bytes: usize) {
        self.work.set(self.work.get().saturating_add(bytes));
    }

    /// Reports a use that gave the plugin so many bytes.
    pub(crate) fn allowed(&self, access: AccessKind, operation: &str, target: &str, given: usize) {
        let bytes_received = u64::try_from(given).unwrap_or(u64::MAX);
        let used = Used::new(access, operation, target, AuditOutcome::Allowed);
        self.report(&Used { bytes_received, ..used });
    }

    /// Reports a use that failed.
    pub(crate) fn failed(&self, access: AccessKind, operation: &str, target: &str) {
        self.report(&Used::new(access, operation, target, AuditOutcome::Failed));
    }

    /// Reports a use that is refused.
    pub(crate) fn denied(&self, access: AccessKind, operation: &str, target: &str) -> Status {
        self.report(&Used::new(access, operation, target, AuditOutcome::Denied));
        Status::AccessDenied
    }
}

/// Reports uses of the system.
pub(crate) struct Reporter {
    grants: Arc<Grants>,
    hook: String,
    secrets: Secrets,
    /// The log of external effects of this call, if one is kept.
    #[cfg(feature = "std")]
    effects: Option<EffectQueue>,
}

impl Reporter {
    /// Has an external effect recorded before it happens, if a log of them is kept. Fails if it cannot be
    /// recorded: it must not happen then.
    #[cfg(feature = "std")]
    pub(crate) async fn announce(
        &self,
        access: AccessKind,
        operation: &str,
        target: &str,
    ) -> Result<Option<OpenEffect>, Status> {
        let Some(effects) = &self.effects else { return Ok(None) };
        let (operation, target, _) = shown(&self.secrets, operation, target);
        let effect = Effect::new(access, operation, target, &self.hook)?;
        effects.clone().announce(effect).await.map(Some)
    }

    /// Reports it, without the tokens that the plugin was given.
    pub(crate) fn report(&self, used: &Used<'_>) {
        tell(&self.grants, &self.hook, &self.secrets, used);
    }

    /// Puts a line of the host's into the plugin's log: why something failed, of which the plugin is told
    /// less. Who calls it sees to it that there are not too many.
    #[cfg(feature = "std")]
    pub(crate) fn warn(&self, message: &str) {
        let Some(sink) = &self.grants.services.sink else { return };
        if Level::Warn > self.grants.log_level {
            return;
        }
        let (message, _) = self.secrets.redact_start(message, MAX_MESSAGE_BYTES);
        let record = LogRecord {
            plugin: &self.grants.plugin,
            hook: &self.hook,
            level: Level::Warn,
            message: &visible(&message),
        };
        let _ = contained(|| sink.log(&record));
    }
}

/// A use that takes time. What comes of it is reported once; that it failed, if it is given up.
pub(crate) struct Pending {
    reporter: Reporter,
    access: AccessKind,
    operation: &'static str,
    target: String,
    sent: u64,
    over: bool,
}

impl Pending {
    /// The plugin pays for it now: nobody may ask for what comes of it.
    pub(crate) fn new(
        invocation: &Invocation<'_>,
        access: AccessKind,
        operation: &'static str,
        target: &str,
        sent: u64,
    ) -> Self {
        let reporter = invocation.reporter();
        let mut shown = String::new();
        if invocation.grants.services.audit.is_some() {
            let (target, work) = invocation.secrets.redact_start(target, MAX_TARGET_BYTES);
            invocation.add_work(work.saturating_add(operation.len()).saturating_add(target.len()));
            shown = target;
        }
        Self { reporter, access, operation, target: shown, sent, over: false }
    }

    /// The reporter of what comes of it.
    #[cfg(all(feature = "exec", unix))]
    pub(super) fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// Reports what came of it, and how many bytes the plugin got.
    pub(crate) fn end(mut self, outcome: AuditOutcome, received: usize) {
        self.over = true;
        self.report(outcome, u64::try_from(received).unwrap_or(u64::MAX));
    }

    fn report(&self, outcome: AuditOutcome, bytes_received: u64) {
        self.reporter.report(&Used {
            bytes_sent: self.sent,
            bytes_received,
            ..Used::new(self.access, self.operation, &self.target, outcome)
        });
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.over {
            self.report(AuditOutcome::Failed, 0);
        }
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

impl<'a> Used<'a> {
    /// A call that moved nothing.
    pub(crate) const fn new(
        access: AccessKind,
        operation: &'a str,
        target: &'a str,
        outcome: AuditOutcome,
    ) -> Self {
        Self { access, operation, target, outcome, bytes_sent: 0, bytes_received: 0 }
    }
}

/// Tells the embedder of a use, if it wants to know, without secrets. Gives what it took, in bytes that were
/// gone through.
pub(crate) fn tell(grants: &Grants, hook: &str, secrets: &Secrets, used: &Used<'_>) -> usize {
    let services = &grants.services;
    if services.audit.is_none() {
        return 0;
    }
    let &Used { access, operation, target, outcome, bytes_sent, bytes_received } = used;
    let (operation, target, work) = shown(secrets, operation, target);
    report(
        services.audit.as_ref(),
        &AuditEvent {
            plugin: &grants.plugin,
            hook,
            access,
            operation: &operation,
            target: &target,
            outcome,
            bytes_sent,
            bytes_received,
        },
    );
    work
}

/// Operation and target as others are told of them, and the work that this took, in bytes.
pub(crate) fn shown(secrets: &Secrets, operation: &str, target: &str) -> (String, String, usize) {
    let (operation, work) = secrets.redact_start(operation, MAX_OPERATION_BYTES);
    let (target, more) = secrets.redact_start(target, MAX_TARGET_BYTES);
    let work =
        work.saturating_add(more).saturating_add(operation.len()).saturating_add(target.len());
    (visible(&operation), visible(&target), work)
}
