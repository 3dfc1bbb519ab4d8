//! Functions that a plugin calls by name, and their results.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::task::{Context, Poll};
use core::time::Duration;

use cpex_wasmi_abi::Status;

use super::{Answer, Session};
use crate::boundary::{Decoding, Format, Input, MAX_MESSAGE_BYTES, Span};
use crate::logging::contained;
use crate::system::{
    AccessKind, AuditOutcome, Given, Invocation, Pending, Reply, SystemUsage, Used, Waiting, tell,
};

/// A session's state of the functions that the plugin calls.
#[derive(Default)]
pub(super) struct Calls {
    /// The future that the plugin waits for.
    waiting: Option<Wait>,
    /// The result of the last call.
    result: Vec<u8>,
    pub(super) usage: SystemUsage,
    /// The system access that the plugin was last refused.
    pub(super) refused: Option<AccessKind>,
    /// The first that the plugin ever used of what may be different another time. That is not forgotten.
    pub(super) varied: Option<Box<str>>,
}

/// A call whose result is not there yet.
struct Wait {
    result: Waiting,
    kind: AccessKind,
    out: Span,
    /// The later report of a function of the embedder's.
    reported: Option<Pending>,
}

/// The future is the embedder's, and may panic when it is dropped.
impl Drop for Wait {
    fn drop(&mut self) {
        let result = core::mem::replace(&mut self.result, Box::pin(core::future::pending()));
        let _ = contained(|| drop(result));
    }
}

impl Calls {
    /// Forgets what was of one call of the plugin.
    pub(super) fn forget(&mut self) {
        self.waiting = None;
        self.usage = SystemUsage::default();
        self.refused = None;
        self.result.clear();
        // One large result should not be paid for by every idle instance.
        if self.result.capacity() > MAX_MESSAGE_BYTES {
            self.result = Vec::new();
        }
    }
}

impl Session {
    /// Calls a function by name.
    pub(super) fn call(
        &mut self,
        format: Format,
        spans: (Span, Span, Span),
        memory: &mut [u8],
    ) -> Answer {
        let (name, argument, out) = spans;
        // Before anything is done, so that nothing is done that cannot be told of.
        out.of(memory)?;
        let (name, argument) = (name.of(memory)?, argument.of(memory)?);
        self.count_written(name.len().saturating_add(argument.len()))?;
        self.calls.result.clear();
        let Ok(name) = core::str::from_utf8(name) else {
            return Ok(Status::UnknownFunction.code());
        };
        let grants = self.grants.clone();
        let Some(function) = grants.services.functions.get(name) else {
            return Ok(Status::UnknownFunction.code());
        };
        self.usage.moved(grants.granted.work());
        let kind = function.kind();
        let own = kind == AccessKind::Function;
        let sent = u64::try_from(argument.len()).unwrap_or(u64::MAX);
        if own && !grants.granted.function(name) {
            self.refuse(AccessKind::Function, "call", name, sent);
            return Ok(Status::AccessDenied.code());
        }
        if function.varies(&grants.granted) {
            self.varies(name);
        }
        let decoding = Decoding::new(self.usage.elements_left());
        let input = Input { format, bytes: argument, decoding: &decoding };
        let mut usage = core::mem::take(&mut self.calls.usage);
        let secrets = self.secrets.clone();
        let remaining = self.remaining();
        let mut invocation = Invocation {
            grants: &grants,
            hook: self.hook(),
            remaining,
            usage: &mut usage,
            secrets: &secrets,
            work: Cell::new(0),
        };
        let reply = contained(|| function.call(&mut invocation, input));
        let pending = match &reply {
            Some(Reply::Later(_)) if own => {
                Some(Pending::new(&invocation, AccessKind::Function, "call", name, sent))
            }
            _ => None,
        };
        let work = invocation.work.get();
        self.calls.usage = usage;
        self.decoded(name, decoding);
        self.usage.moved(work);
        match reply.unwrap_or(Reply::Now(Err(Status::Unavailable))) {
            Reply::Now(given) => {
                if own {
                    self.report(name, sent, &given);
                }
                self.answer(kind, given, out, memory)
            }
            Reply::Later(result) => {
                self.calls.waiting = Some(Wait { result, kind, out, reported: pending });
                Ok(0)
            }
        }
    }

    /// The first that the plugin ever used of what may be different another time, such as the time.
    #[cfg(feature = "std")]
    pub(crate) fn varied(&self) -> Option<&str> {
        self.calls.varied.as_deref()
    }

    /// Notes that what the plugin goes on with may be different another time.
    pub(crate) fn varies(&mut self, what: &str) {
        self.calls.varied.get_or_insert_with(|| what.into());
    }

    /// True if the plugin waits for the result of a function.
    pub(crate) fn is_waiting(&self) -> bool {
        self.calls.waiting.is_some()
    }

    /// Asks for what the plugin waits for, and answers the plugin's call once it is there.
    pub(crate) fn poll_waiting(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut [u8],
    ) -> Poll<Answer> {
        let Some(wait) = &mut self.calls.waiting else { return Poll::Ready(Ok(0)) };
        let polled = contained(|| wait.result.as_mut().poll(context));
        let given = match polled.unwrap_or(Poll::Ready(Err(Status::Unavailable))) {
            Poll::Ready(given) => given,
            Poll::Pending => return Poll::Pending,
        };
        let Some(mut wait) = self.calls.waiting.take() else { return Poll::Ready(Ok(0)) };
        if let Some(reported) = wait.reported.take() {
            reported.end(outcome(&given), given.as_ref().map_or(0, Vec::len));
        }
        Poll::Ready(self.answer(wait.kind, given, wait.out, memory))
    }

    /// Keeps what a function gave, and copies it if there is room.
    fn answer(&mut self, kind: AccessKind, given: Given, out: Span, memory: &mut [u8]) -> Answer {
        let result = match given {
            Ok(result) => result,
            Err(status) => {
                if status == Status::AccessDenied {
                    self.calls.refused = Some(kind);
                }
                return Ok(status.code());
            }
        };
        let Ok(len) = i32::try_from(result.len()) else { return Ok(Status::TooLarge.code()) };
        self.usage.moved(result.len());
        let out = out.of_mut(memory)?;
        if let Some(out) = out.get_mut(..result.len()) {
            self.count_read(result.len())?;
            out.copy_from_slice(&result);
        }
        self.calls.result = result;
        Ok(len)
    }

    /// Copies what the last function gave, from an offset on.
    pub(super) fn call_result(&mut self, offset: u32, out: Span, memory: &mut [u8]) -> Answer {
        let out = out.of_mut(memory)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(len) = self.calls.result.len().checked_sub(offset) else {
            return Ok(Status::InvalidArgument.code());
        };
        let len = len.min(out.len());
        self.count_read(len)?;
        let rest = self.calls.result.get(offset..).unwrap_or_default();
        let (Some(from), Some(to)) = (rest.get(..len), out.get_mut(..len)) else {
            return Ok(Status::InvalidArgument.code());
        };
        to.copy_from_slice(from);
        self.usage.moved(len);
        Ok(i32::try_from(len).unwrap_or(i32::MAX))
    }

    /// Notes, and tells the embedder, that the plugin was refused access.
    pub(crate) fn refuse(&mut self, access: AccessKind, operation: &str, target: &str, sent: u64) {
        self.calls.refused = Some(access);
        let used = Used::new(access, operation, target, AuditOutcome::Denied);
        self.tell(&Used { bytes_sent: sent, ..used });
    }

    /// Tells the embedder of a use of the system.
    pub(crate) fn tell(&mut self, used: &Used<'_>) {
        let work = tell(&self.grants, self.hook(), &self.secrets, used);
        self.usage.moved(work);
    }

    /// Tells the embedder what came of a function of its own.
    fn report(&mut self, name: &str, bytes_sent: u64, given: &Given) {
        let received = given.as_ref().map_or(0, Vec::len);
        self.tell(&Used {
            bytes_sent,
            bytes_received: u64::try_from(received).unwrap_or(u64::MAX),
            ..Used::new(AccessKind::Function, "call", name, outcome(given))
        });
    }

    /// Sets the time that the call may take.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
        self.begun = None;
    }

    /// Starts the time of the call, unless it runs: at the end of its first slice, and before whatever may take long
    /// without a slice coming to its end. Gives when it began, and the deadline.
    pub(crate) fn start_clock(&mut self) -> Option<(Duration, Duration)> {
        let (deadline, clock) = (self.deadline?, self.grants.services.clock.as_ref()?);
        let begun = *self.begun.get_or_insert_with(|| clock.now());
        Some((begun, deadline))
    }

    /// True if the time of the call runs: it may be late.
    pub(crate) fn is_timed(&self) -> bool {
        self.begun.is_some()
    }

    /// The time left to the call, if it has a deadline.
    fn remaining(&mut self) -> Option<Duration> {
        let Some((begun, deadline)) = self.start_clock() else {
            return self.grants.limits.deadline;
        };
        let clock = self.grants.services.clock.as_ref()?;
        Some(deadline.saturating_sub(clock.now().saturating_sub(begun)))
    }
}

/// The report of a function that gave this.
fn outcome(given: &Given) -> AuditOutcome {
    match given {
        Ok(_) => AuditOutcome::Allowed,
        Err(Status::AccessDenied) => AuditOutcome::Denied,
        Err(_) => AuditOutcome::Failed,
    }
}
