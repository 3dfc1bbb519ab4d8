//! Letting the executor run something else.

// Tokio takes a task that wakes itself dozens of times before it looks at timers and sockets, and one
// that yields by its own means after them. Under any other executor that one wakes itself too.
#[cfg(feature = "pipeline")]
pub(crate) use tokio::task::yield_now;

/// Lets the executor run something else first.
#[cfg(not(feature = "pipeline"))]
pub(crate) async fn yield_now() {
    use core::task::Poll;

    let mut yielded = false;
    core::future::poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
