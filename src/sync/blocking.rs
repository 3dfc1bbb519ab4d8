//! Waiting for a future on the calling thread.

use core::task::{Context, Poll};
use core::time::Duration;

/// Polls until there is something. In between the thread sleeps: until it is woken, or for as long as `nap` says, so that
/// `poll` can look at a clock.
#[cfg(feature = "std")]
pub(crate) fn blocking<T>(
    mut nap: impl FnMut() -> Option<Duration>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> T {
    use alloc::sync::Arc;
    use std::thread::{self, Thread};

    /// Wakes a thread that sleeps.
    struct Unpark(Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(result) = poll(&mut context) {
            return result;
        }
        match nap() {
            Some(nap) => thread::park_timeout(nap),
            None => thread::park(),
        }
    }
}

/// Polls, where there are no threads that could sleep.
#[cfg(not(feature = "std"))]
pub(crate) fn blocking<T>(
    _: impl FnMut() -> Option<Duration>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> T {
    let mut context = Context::from_waker(core::task::Waker::noop());
    loop {
        if let Poll::Ready(result) = poll(&mut context) {
            return result;
        }
        core::hint::spin_loop();
    }
}
