//! A call of a plugin, beside which the engine is asked for what it lent for that call alone.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use praxis_policy_core::extensions::Extensions;

use super::effects::Recorder;
#[cfg(feature = "http")]
use super::transport::Requests;
use crate::system::effects::EffectQueue;

/// The wishes of a call: what it asks the engine for.
pub(super) struct Wishes {
    #[cfg(feature = "http")]
    pub(super) requests: Requests,
    /// The effects to be recorded, if the engine records those of the call.
    pub(super) effects: Option<EffectQueue>,
}

tokio::task_local! {
    /// The wishes of the call that runs in this task.
    static WISHES: Arc<Wishes>;
}

/// The wishes of the call that runs in this task. There are none while a plugin is initialised.
pub(super) fn wishes() -> Option<Arc<Wishes>> {
    WISHES.try_with(Arc::clone).ok()
}

/// Runs a call. Its requests are authorized, and its effects recorded, by the extensions that the engine lent for it.
pub(super) async fn carried<T>(extensions: &Extensions, call: impl Future<Output = T>) -> T {
    let effects = extensions.effect_log.is_recorded().then(EffectQueue::default);
    let mut recorder = effects.clone().map(|effects| Recorder::new(extensions, effects));
    let wishes = Arc::new(Wishes {
        #[cfg(feature = "http")]
        requests: Requests::default(),
        effects,
    });
    let result = {
        let mut call = pin!(WISHES.scope(wishes.clone(), call));
        poll_fn(|context| {
            loop {
                if let Poll::Ready(result) = call.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                let mut answered = false;
                #[cfg(feature = "http")]
                {
                    answered |= wishes.requests.authorize(extensions);
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
    };
    // Also of a call that failed, of which nothing is left by now.
    if let Some(mut recorder) = recorder {
        poll_fn(|context| recorder.poll_end(context)).await;
    }
    result
}
