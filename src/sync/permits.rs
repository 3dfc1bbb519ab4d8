//! Permits for concurrent calls, handed out in the order of arrival.
//!
//! `tokio::sync::Semaphore` is not used: `docs/decisions/0026-own-permits-and-timer.md`.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::blocking;
use crate::Clock;

/// The permits for the concurrent calls of a plugin.
#[derive(Clone)]
pub(crate) struct Permits(Arc<Shared>);

struct Shared(Mutex<Queue>);

/// The free permits, and the calls that wait for one. While a call waits, none is free.
struct Queue {
    free: usize,
    next: u64,
    /// The calls that wait, by their numbers.
    waiting: BTreeMap<u64, Waker>,
    /// The calls that have been given a permit and have not fetched it yet.
    granted: BTreeSet<u64>,
}

/// A permit for one call. Dropping it gives it back.
pub(crate) struct Permit(Arc<Shared>);

impl Permits {
    pub(crate) fn new(calls: usize) -> Self {
        let (waiting, granted) = (BTreeMap::new(), BTreeSet::new());
        Self(Arc::new(Shared(Mutex::new(Queue { free: calls, next: 0, waiting, granted }))))
    }

    /// Takes a permit, if one is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let mut queue = self.0.queue();
        queue.free = queue.free.checked_sub(1)?;
        drop(queue);
        Some(Permit(self.0.clone()))
    }

    /// Waits for a permit, until `clock` is at `deadline`. If the clock has a timer, the future is woken
    /// then; otherwise it is noticed when the future is polled.
    pub(crate) fn acquire<'a>(&'a self, clock: &'a dyn Clock, deadline: Duration) -> Acquire<'a> {
        Acquire { permits: self, clock, deadline, number: None, timer: None }
    }

    /// Waits for a permit, and lets the thread sleep meanwhile.
    pub(crate) fn acquire_blocking(&self, clock: &dyn Clock, deadline: Duration) -> Option<Permit> {
        let mut acquire = self.acquire(clock, deadline);
        let left = || Some(deadline.saturating_sub(clock.now()));
        blocking(left, |context| acquire.poll_permit(context))
    }
}

impl Shared {
    /// Hands a permit to the call that has waited longest, if there is one.
    fn give_back(&self) {
        let mut queue = self.queue();
        let Some((number, waker)) = queue.waiting.pop_first() else {
            queue.free = queue.free.saturating_add(1);
            return;
        };
        queue.granted.insert(number);
        drop(queue);
        waker.wake();
    }

    /// Nothing that holds the queue runs code of the embedder's, which might panic, or come back here.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// A call that waits for a permit: see [`Permits::acquire`].
pub(crate) struct Acquire<'a> {
    permits: &'a Permits,
    clock: &'a dyn Clock,
    deadline: Duration,
    /// Its place in the queue.
    number: Option<u64>,
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Future for Acquire<'_> {
    type Output = Option<Permit>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Permit>> {
        let polled = self.poll_permit(context);
        if polled.is_pending() {
            self.wake_late(context);
        }
        polled
    }
}

impl Acquire<'_> {
    /// Takes a permit, or a place in the queue, which it leaves at the deadline.
    fn poll_permit(&mut self, context: &mut Context<'_>) -> Poll<Option<Permit>> {
        let permits = self.permits;
        let (late, waker) = (self.clock.now() >= self.deadline, context.waker().clone());
        let mut queue = permits.0.queue();
        let before = match self.number {
            Some(number) if queue.granted.remove(&number) => {
                self.number = None;
                return Poll::Ready(Some(Permit(permits.0.clone())));
            }
            Some(number) => queue.waiting.insert(number, waker),
            None => {
                if let Some(left) = queue.free.checked_sub(1) {
                    queue.free = left;
                    return Poll::Ready(Some(Permit(permits.0.clone())));
                }
                let number = queue.next;
                queue.next = number.wrapping_add(1);
                self.number = Some(number);
                queue.waiting.insert(number, waker)
            }
        };
        drop(queue);
        // A waker may be all that keeps a task, which may have a permit.
        drop(before);
        if late {
            self.leave();
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    /// Sees to it that the future is polled at its deadline.
    fn wake_late(&mut self, context: &mut Context<'_>) {
        if self.timer.is_none() {
            self.timer = self.clock.sleep(self.deadline.saturating_sub(self.clock.now()));
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            // A timer may be early, and is set anew then.
            self.timer = None;
            context.waker().wake_by_ref();
        }
    }

    /// Leaves the queue, and passes on a permit that came in the last moment.
    fn leave(&mut self) {
        let Some(number) = self.number.take() else { return };
        let mut queue = self.permits.0.queue();
        let waker = queue.waiting.remove(&number);
        let granted = queue.granted.remove(&number);
        drop(queue);
        drop(waker);
        if granted {
            self.permits.0.give_back();
        }
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
    }

    const LATER: Duration = Duration::from_secs(1);

    fn poll(acquire: &mut Pin<Box<Acquire<'_>>>) -> Poll<Option<Permit>> {
        acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_came_first_is_served_first() {
        let permits = Permits::new(1);
        let held = permits.try_acquire().unwrap();
        assert!(permits.try_acquire().is_none());
        let mut first = Box::pin(permits.acquire(&Still, LATER));
        let mut second = Box::pin(permits.acquire(&Still, LATER));
        assert!(poll(&mut first).is_pending());
        assert!(poll(&mut second).is_pending());
        drop(held);
        assert!(permits.try_acquire().is_none(), "it is the first one's");
        assert!(poll(&mut second).is_pending());
        assert!(matches!(poll(&mut first), Poll::Ready(Some(_))));
        // It was dropped, so given back.
        assert!(matches!(poll(&mut second), Poll::Ready(Some(_))));
        assert!(permits.try_acquire().is_some());
    }

    #[test]
    fn who_gives_up_waiting_passes_its_permit_on() {
        let permits = Permits::new(1);
        let held = permits.try_acquire();
        let mut gone = Box::pin(permits.acquire(&Still, LATER));
        let mut never_served = Box::pin(permits.acquire(&Still, LATER));
        let mut last = Box::pin(permits.acquire(&Still, LATER));
        for waiting in [&mut gone, &mut never_served, &mut last] {
            assert!(poll(waiting).is_pending());
        }
        drop(never_served);
        drop(held);
        drop(gone);
        assert!(matches!(poll(&mut last), Poll::Ready(Some(_))));
        assert!(permits.try_acquire().is_some());
    }

    #[test]
    fn a_deadline_that_has_passed_ends_the_waiting() {
        let permits = Permits::new(0);
        let mut acquire = Box::pin(permits.acquire(&Still, Duration::ZERO));
        assert!(matches!(poll(&mut acquire), Poll::Ready(None)));
        assert!(permits.acquire_blocking(&Still, Duration::ZERO).is_none());
        assert!(permits.0.queue().waiting.is_empty());
    }

    #[test]
    fn who_comes_late_gets_nothing_ahead_of_who_waits() {
        let permits = Permits::new(1);
        let held = permits.try_acquire();
        let mut first = Box::pin(permits.acquire(&Still, LATER));
        assert!(poll(&mut first).is_pending());
        drop(held);
        // The permit is the first one's, which has not fetched it yet.
        assert!(permits.try_acquire().is_none());
        let mut second = Box::pin(permits.acquire(&Still, LATER));
        assert!(poll(&mut second).is_pending());
        assert!(matches!(poll(&mut first), Poll::Ready(Some(_))));
    }

    /// tokio lets a task wait 128 times in one go. More is refused by its own semaphore.
    #[test]
    fn a_task_waits_as_often_as_it_likes() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let acquired = runtime.block_on(async {
            let permits = Permits::new(1);
            let acquire = |_: &u32| permits.acquire_blocking(&Still, LATER).is_some();
            (0..200).filter(acquire).count()
        });
        assert_eq!(acquired, 200);
    }

    #[test]
    fn a_task_that_goes_with_its_waker_may_give_a_permit_back() {
        struct Task(#[allow(dead_code, reason = "it is dropped")] Permit);
        impl Wake for Task {
            fn wake(self: Arc<Self>) {}
        }
        let (done, is_done) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let permits = Permits::new(2);
            let (one, other) = (permits.try_acquire().unwrap(), permits.try_acquire().unwrap());
            let mut moved = Box::pin(permits.acquire(&Still, LATER));
            let first = Waker::from(Arc::new(Task(one)));
            assert!(moved.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
            drop(first);
            // It is polled by another task, which ends too.
            let second = Waker::from(Arc::new(Task(other)));
            let _ = moved.as_mut().poll(&mut Context::from_waker(&second));
            drop((second, moved));
            done.send(permits.0.queue().free).unwrap();
        });
        assert_eq!(is_done.recv_timeout(Duration::from_secs(10)), Ok(2));
    }

    #[test]
    fn threads_share_what_there_is() {
        let permits = Permits::new(2);
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let permit = permits.acquire_blocking(&Still, LATER).unwrap();
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
        assert_eq!(permits.0.queue().free, 2);
    }
}
