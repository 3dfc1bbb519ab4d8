//! External effects of plugins, for an engine that keeps a log of them: each is recorded before it happens, and then what came of it.

#![cfg_attr(
    not(feature = "praxis-policy"),
    allow(dead_code, reason = "no other engine keeps a log")
)]

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::poll_fn;
use core::mem;
use core::task::Poll;
use std::sync::{Mutex, OnceLock, PoisonError};

use cpex_wasmi_abi::Status;

use super::AccessKind;

/// Finds the queue of the call that runs in this task, if its effects are recorded.
pub(crate) type FindEffects = fn() -> Option<EffectQueue>;

/// The events of one call, in the order in which they are to be recorded.
#[derive(Clone, Default)]
pub(crate) struct EffectQueue(Arc<Mutex<VecDeque<EffectEvent>>>);

/// An event to be recorded.
pub(crate) enum EffectEvent {
    /// An effect that waits to be recorded, before it happens.
    Intent(Arc<Effect>),
    /// An effect, and its end.
    Ended(Arc<Effect>, EffectEnd),
}

/// One external effect. Texts are those of [`AuditEvent`](crate::AuditEvent): visible, without secrets.
pub(crate) struct Effect {
    pub(crate) access: AccessKind,
    pub(crate) operation: String,
    pub(crate) target: String,
    pub(crate) hook: String,
    /// Its name among all effects, of other processes too.
    pub(crate) key: String,
    /// True if it was recorded, false if that failed.
    recorded: OnceLock<bool>,
}

/// The end of an effect.
#[derive(Clone, Copy)]
pub(crate) struct EffectEnd {
    pub(crate) course: Course,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

/// The course that an effect took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// It did not happen.
    NotBegun,
    /// It may have happened.
    Unknown,
    Done,
}

impl Effect {
    /// An effect under a new name. Fails without random numbers.
    pub(crate) fn new(
        access: AccessKind,
        operation: String,
        target: String,
        hook: &str,
    ) -> Result<Self, Status> {
        let mut key = [0_u8; 16];
        getrandom::fill(&mut key).map_err(|_| Status::Unavailable)?;
        let key = format!("{:032x}", u128::from_be_bytes(key));
        Ok(Self { access, operation, target, hook: hook.into(), key, recorded: OnceLock::new() })
    }

    /// Lets the plugin go on: the effect is recorded, or could not be.
    pub(crate) fn answer(&self, recorded: bool) {
        let _ = self.recorded.set(recorded);
    }

    /// True if it could not be recorded, so that it never happened.
    pub(crate) fn is_refused(&self) -> bool {
        self.recorded.get() == Some(&false)
    }
}

impl EffectQueue {
    /// Takes the next event.
    pub(crate) fn next(&self) -> Option<EffectEvent> {
        self.events().pop_front()
    }

    fn push(&self, event: EffectEvent) {
        self.events().push_back(event);
    }

    fn events(&self) -> std::sync::MutexGuard<'_, VecDeque<EffectEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an effect is recorded. It may happen then.
    pub(crate) async fn announce(self, effect: Effect) -> Result<OpenEffect, Status> {
        let effect = Arc::new(effect);
        self.push(EffectEvent::Intent(effect.clone()));
        // Given up on the way, it ends as well.
        let end = EffectEnd { course: Course::NotBegun, bytes_sent: 0, bytes_received: 0 };
        let open = OpenEffect { queue: self, effect, end };
        // The recorder runs in the same task, and has the call polled again.
        let recorded = poll_fn(|_| match open.effect.recorded.get() {
            Some(recorded) => Poll::Ready(*recorded),
            None => Poll::Pending,
        });
        if recorded.await { Ok(open) } else { Err(Status::Unavailable) }
    }
}

/// An effect that is recorded and may happen. Its end is recorded once it is dropped.
pub(crate) struct OpenEffect {
    queue: EffectQueue,
    effect: Arc<Effect>,
    end: EffectEnd,
}

impl OpenEffect {
    /// Sets the course.
    pub(crate) fn course(&mut self, course: Course) {
        self.end.course = course;
    }

    /// Sets the bytes that the plugin gave and got.
    pub(crate) fn moved(&mut self, sent: u64, received: u64) {
        (self.end.bytes_sent, self.end.bytes_received) = (sent, received);
    }
}

impl Drop for OpenEffect {
    fn drop(&mut self) {
        let queue = mem::take(&mut self.queue);
        queue.push(EffectEvent::Ended(self.effect.clone(), self.end));
    }
}

/// Sets the course of an effect, if it is recorded.
pub(crate) fn went(effect: &mut Option<OpenEffect>, course: Course) {
    if let Some(effect) = effect {
        effect.course(course);
    }
}
