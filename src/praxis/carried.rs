//! A call of a plugin, beside which the engine is asked for what it lent for that call alone.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use praxis_policy_core::extensions::Extensions;
use praxis_policy_core::host::{HostServices, InitExtensions};

use super::effects::Recorder;
#[cfg(feature = "http")]
use super::transport::{Requests, Sender};
use crate::system::effects::EffectQueue;

/// The outbox of a call: its requests and effects, for the engine.
pub(super) struct Outbox {
    #[cfg(feature = "http")]
    pub(super) requests: Requests,
    /// The effects to be recorded, if the engine records those of the call.
    pub(super) effects: Option<EffectQueue>,
}

tokio::task_local! {
    /// The outbox of the call that runs in this task.
    static OUTBOX: Arc<Outbox>;
}

/// The outbox of the call that runs in this task. There is none while a plugin is shut down.
pub(super) fn outbox() -> Option<Arc<Outbox>> {
    OUTBOX.try_with(Arc::clone).ok()
}

/// Runs a call. Its requests are sent, and its effects recorded, by the extensions that the engine lent for it.
pub(super) async fn carried<T>(extensions: &Extensions, call: impl Future<Output = T>) -> T {
    let effects = extensions.effect_log.is_recorded().then(EffectQueue::default);
    let mut recorder = effects.clone().map(|effects| Recorder::new(extensions, effects));
    let result = beside(extensions, effects, recorder.as_mut(), call).await;
    // Also of a call that failed, of which nothing is left by now.
    if let Some(mut recorder) = recorder {
        poll_fn(|context| recorder.poll_end(context)).await;
    }
    result
}

/// Runs an initialisation, for which the engine lends no log of effects.
pub(super) async fn initialised<T>(services: &InitExtensions, call: impl Future<Output = T>) -> T {
    beside(services, None, None, call).await
}

/// Runs a call beside what does for it what only the engine can.
async fn beside<T>(
    services: &dyn HostServices,
    effects: Option<EffectQueue>,
    mut recorder: Option<&mut Recorder<'_>>,
    call: impl Future<Output = T>,
) -> T {
    let outbox = Arc::new(Outbox {
        #[cfg(feature = "http")]
        requests: Requests::default(),
        effects,
    });
    #[cfg(feature = "http")]
    let mut sender = Sender::new(services);
    #[cfg(not(feature = "http"))]
    let _ = services;
    let mut call = pin!(OUTBOX.scope(outbox.clone(), call));
    poll_fn(|context| {
        loop {
            if let Poll::Ready(result) = call.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            let mut answered = false;
            #[cfg(feature = "http")]
            {
                answered |= sender.poll(&outbox.requests, context);
            }
            if let Some(recorder) = &mut recorder {
                answered |= recorder.poll(context);
            }
            if !answered {
                return Poll::Pending;
            }
        }
    })
    .await
}
