//! Functions of WASI that wait until an effect is recorded, before they act.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use cpex_wasmi_abi::Status;

use super::State;
use crate::system::effects::OpenEffect;

type Recording = Pin<Box<dyn Future<Output = Result<OpenEffect, Status>> + Send>>;

/// The announcement of a function that waits.
#[derive(Default)]
pub(super) enum Announcement {
    #[default]
    None,
    Waiting(Recording),
    /// The effect is recorded, or could not be.
    Answered(Result<OpenEffect, Status>),
}

impl Announcement {
    /// The announcement of an effect that is being recorded.
    pub(super) fn of(
        recording: impl Future<Output = Result<OpenEffect, Status>> + Send + 'static,
    ) -> Self {
        Self::Waiting(Box::pin(recording))
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    /// Takes the answer, if there is one.
    pub(super) fn answer(&mut self) -> Option<Result<OpenEffect, Status>> {
        match core::mem::take(self) {
            Self::Answered(answer) => Some(answer),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl State {
    /// True if a function waits until its effect is recorded.
    pub(crate) fn is_waiting(&self) -> bool {
        self.announcement.is_waiting()
    }

    /// Waits for it. The function is to be [resumed](super::resume) then.
    pub(crate) fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Announcement::Waiting(recording) = &mut self.announcement else {
            return Poll::Ready(());
        };
        recording.as_mut().poll(context).map(|answer| {
            self.announcement = Announcement::Answered(answer);
        })
    }
}
