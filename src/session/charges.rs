//! Serves the functions of other modules than `cpex`, by the rules of `cpex`.

use core::time::Duration;

use cpex_wasmi_abi::Status;

use super::Session;
use crate::Limits;
use crate::boundary::MAX_MESSAGE_BYTES;
use crate::system::effects::{Effect, OpenEffect};
use crate::system::{AccessKind, AuditOutcome, SystemUsage, Used, shown};

impl Session {
    /// Notes work to be charged for, as for so many bytes.
    pub(crate) fn worked(&mut self, bytes: usize) {
        self.usage.moved(bytes);
    }

    /// A text with a mark for each secret in it, and what that took, in bytes.
    #[cfg(feature = "wasi")]
    pub(crate) fn without_secrets(&self, text: &str) -> (alloc::string::String, usize) {
        self.secrets.redact_start(text, text.len())
    }

    /// The part of a line that is read to log it: beyond that, it is cut.
    pub(crate) fn line_bytes(&self) -> usize {
        MAX_MESSAGE_BYTES.saturating_add(self.secrets.longest()).saturating_add(1)
    }

    /// The plugin's use of the system, and its bounds.
    pub(crate) fn system(&mut self) -> (&mut SystemUsage, &Limits) {
        (&mut self.calls.usage, &self.grants.limits)
    }

    /// Tells the embedder of a use of the system.
    pub(crate) fn note(
        &mut self,
        access: AccessKind,
        operation: &str,
        target: &str,
        outcome: AuditOutcome,
        bytes_sent: u64,
        bytes_received: u64,
    ) {
        let used = Used { access, operation, target, outcome, bytes_sent, bytes_received };
        self.tell(&used);
    }

    /// Has an external effect recorded before it happens, if a log of them is kept. The effect has to wait for that.
    pub(crate) fn announce(
        &mut self,
        access: AccessKind,
        operation: &str,
        target: &str,
    ) -> Option<impl Future<Output = Result<OpenEffect, Status>> + Send + use<>> {
        let effects = self.grants.services.effects.and_then(|find| find())?;
        let (operation, target, work) = shown(&self.secrets, operation, target);
        self.worked(work);
        let effect = Effect::new(access, operation, target, self.hook());
        Some(async move { effects.announce(effect?).await })
    }

    /// The time since the beginning of 1970, if anything knows it.
    pub(crate) fn time_of_day(&self) -> Option<Duration> {
        crate::sync::time_of_day(self.grants.services.clock.as_ref())
    }

    /// A time that never goes back.
    pub(crate) fn monotonic(&self) -> Duration {
        self.grants.services.clock.as_ref().map_or(Duration::ZERO, |clock| clock.now())
    }
}
