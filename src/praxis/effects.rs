//! The engine's log of external effects: what plugins did outside of the pipeline.

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use praxis_policy_core::effect::{EffectRecord, EffectState};
use praxis_policy_core::extensions::Extensions;

use super::carried::outbox;
use crate::AccessKind;
use crate::system::effects::{Course, Effect, EffectEnd, EffectEvent, EffectQueue};

/// The queue of the call that runs in this task, if the engine records its effects.
pub(super) fn of_call() -> Option<EffectQueue> {
    outbox()?.effects.clone()
}

/// Gives a future that tells if it let a plugin go on.
type Recording<'e> = Pin<Box<dyn Future<Output = bool> + Send + 'e>>;

/// Records the effects of one call, one after the other.
pub(super) struct Recorder<'e> {
    extensions: &'e Extensions,
    queue: EffectQueue,
    /// The record that is being made.
    recording: Option<Recording<'e>>,
}

impl<'e> Recorder<'e> {
    pub(super) fn new(extensions: &'e Extensions, queue: EffectQueue) -> Self {
        Self { extensions, queue, recording: None }
    }

    /// Goes on recording. True if the call can go on.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let mut answered = false;
        while let Poll::Ready(Some(one)) = self.poll_next(context) {
            answered |= one;
        }
        answered
    }

    /// Records all that is left.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll_next(context) {
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Makes the next record, if there is one. Tells if the plugin can go on.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<bool>> {
        if self.recording.is_none() {
            let Some(event) = self.queue.next() else { return Poll::Ready(None) };
            self.recording = Some(Box::pin(record(self.extensions, event)));
        }
        let Some(recording) = &mut self.recording else { return Poll::Ready(None) };
        let polled = recording.as_mut().poll(context);
        if polled.is_ready() {
            self.recording = None;
        }
        polled.map(Some)
    }
}

/// Makes one record. Tells if the plugin can go on.
async fn record(extensions: &Extensions, event: EffectEvent) -> bool {
    match event {
        EffectEvent::Intent(effect) => {
            let recorded = extensions.begin_effect(&intent(&effect)).await;
            if let Err(error) = &recorded {
                tracing::warn!(effect_key = %effect.key, "an effect is refused, as it was not recorded: {error}");
            }
            effect.answer(recorded.is_ok());
            true
        }
        // It never happened, and the log knows nothing of it.
        EffectEvent::Ended(effect, _) if effect.is_refused() => false,
        EffectEvent::Ended(effect, end) => {
            let state = match end.course {
                Course::NotBegun => EffectState::Rejected,
                Course::Unknown => EffectState::Unknown,
                Course::Done => EffectState::Confirmed,
            };
            let ended = extensions.complete_effect(&ended(&effect, end), state).await;
            if let Err(error) = ended {
                tracing::warn!(effect_key = %effect.key, "the end of an effect was not recorded: {error}");
            }
            false
        }
    }
}

fn intent(effect: &Arc<Effect>) -> EffectRecord {
    let kind = match effect.access {
        AccessKind::Network => "http_request",
        AccessKind::Command => "command_run",
        AccessKind::Files => "file_change",
        other => other.name(),
    };
    let Effect { operation, target, hook, key, .. } = &**effect;
    EffectRecord::prepared(kind, format!("{operation} {target}"), key.as_str())
        .with_detail("operation", operation.as_str())
        .with_detail("target", target.as_str())
        .with_detail("hook", hook.as_str())
}

fn ended(effect: &Arc<Effect>, end: EffectEnd) -> EffectRecord {
    intent(effect)
        .with_detail("bytes_sent", end.bytes_sent)
        .with_detail("bytes_received", end.bytes_received)
}
