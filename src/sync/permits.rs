use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::future::Future;
use core::mem;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::Clock;

/// How many calls of a plugin there may be at once: each has a permit.
///
/// A call that finds one free takes it without a lock. Others are served in the order of arrival.
#[derive(Clone)]
pub(crate) struct Permits(Arc<Shared>);

struct Shared {
    free: AtomicUsize,
    /// How many wait, so that who gives a permit back need not look at the queue.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    next: u64,
    /// Those that wait, by the number that they drew.
    waiting: BTreeMap<u64, Waker>,
    /// Those that have got a permit, and have not fetched it yet.
    granted: BTreeSet<u64>,
}

/// Leave for one call. Dropping it gives it back.
pub(crate) struct Permit(Arc<Shared>);

impl Permits {
    pub(crate) fn new(calls: usize) -> Self {
        Self(Arc::new(Shared {
            free: AtomicUsize::new(calls),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
        }))
    }

    /// A permit, if one is free and nobody waits for it.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let first = self.0.waiting.load(Ordering::SeqCst) == 0;
        (first && self.0.take()).then(|| Permit(self.0.clone()))
    }

    /// Waits for a permit, until `clock` is at `deadline`. If the clock has a timer, the future is woken
    /// then; otherwise it is noticed when the future is polled.
    pub(crate) fn acquire<'a>(&'a self, clock: &'a dyn Clock, deadline: Duration) -> Acquire<'a> {
        Acquire { shared: &self.0, clock, deadline, number: None, timer: Timer::Wanted }
    }

    /// Waits for a permit, and lets the thread sleep meanwhile.
    pub(crate) fn acquire_blocking(&self, clock: &dyn Clock, deadline: Duration) -> Option<Permit> {
        let waker = Waker::from(Arc::new(Sleeper(thread::current())));
        let mut acquire = self.acquire(clock, deadline);
        // The thread wakes by itself.
        acquire.timer = Timer::Nothing;
        let mut acquire = pin!(acquire);
        loop {
            match acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(permit) => return permit,
                Poll::Pending => thread::park_timeout(deadline.saturating_sub(clock.now())),
            }
        }
    }
}

impl Shared {
    fn take(&self) -> bool {
        let one_less = |free: usize| free.checked_sub(1);
        // That none is free is part of the order too: see `give_back`.
        self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }

    fn give_back(&self) {
        self.free.fetch_add(1, Ordering::SeqCst);
        // Who waits counts itself first and looks for a free permit then: one of both sees the other.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.serve(self.queue());
        }
    }

    /// Hands free permits to those that wait.
    fn serve(&self, mut queue: MutexGuard<'_, Queue>) {
        let mut served = Vec::new();
        while !queue.waiting.is_empty() && self.take() {
            if let Some((number, waker)) = queue.waiting.pop_first() {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                queue.granted.insert(number);
                served.push(waker);
            }
        }
        drop(queue);
        served.into_iter().for_each(Waker::wake);
    }

    /// Nothing that holds the queue runs code of the embedder's, which might panic, or come back here.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Waits for a permit: see [`Permits::acquire`].
pub(crate) struct Acquire<'a> {
    shared: &'a Arc<Shared>,
    clock: &'a dyn Clock,
    deadline: Duration,
    /// Its place in the queue.
    number: Option<u64>,
    timer: Timer,
}

/// Wakes a future at its deadline.
enum Timer {
    /// Not yet, but it is to be set.
    Wanted,
    Set(Pin<Box<dyn Future<Output = ()> + Send>>),
    Nothing,
}

impl Future for Acquire<'_> {
    type Output = Option<Permit>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Permit>> {
        let shared = self.shared;
        let (late, waker) = (self.clock.now() >= self.deadline, context.waker().clone());
        let mut queue = shared.queue();
        let number = match self.number {
            Some(number) => number,
            None => {
                let number = queue.next;
                queue.next = number.wrapping_add(1);
                self.number = Some(number);
                shared.waiting.fetch_add(1, Ordering::SeqCst);
                queue.waiting.insert(number, waker);
                // One may have come free meanwhile.
                shared.serve(queue);
                return self.poll(context);
            }
        };
        if queue.granted.remove(&number) {
            self.number = None;
            return Poll::Ready(Some(Permit(shared.clone())));
        }
        let before = queue.waiting.get_mut(&number).map(|place| mem::replace(place, waker));
        drop(queue);
        drop(before);
        if late {
            self.leave();
            return Poll::Ready(None);
        }
        self.wake_late(context);
        Poll::Pending
    }
}

impl Acquire<'_> {
    /// Sees to it that the future is polled at its deadline.
    fn wake_late(&mut self, context: &mut Context<'_>) {
        if let Timer::Wanted = self.timer {
            let left = self.deadline.saturating_sub(self.clock.now());
            self.timer = self.clock.sleep(left).map_or(Timer::Nothing, Timer::Set);
        }
        if let Timer::Set(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            // A timer may be early, and is set anew then.
            self.timer = Timer::Wanted;
            context.waker().wake_by_ref();
        }
    }

    /// Leaves the queue, and passes on what it has got in the last moment.
    fn leave(&mut self) {
        let Some(number) = self.number.take() else { return };
        let mut queue = self.shared.queue();
        let waker = queue.waiting.remove(&number);
        let granted = queue.granted.remove(&number);
        drop(queue);
        if waker.is_some() {
            self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        if granted {
            self.shared.give_back();
        }
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A thread that sleeps until it is woken.
struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
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
        let permits = Permits::new(0);
        let mut first = Box::pin(permits.acquire(&Still, LATER));
        assert!(poll(&mut first).is_pending());
        // One is being given back.
        permits.0.free.fetch_add(1, Ordering::SeqCst);
        assert!(permits.try_acquire().is_none());
        let mut second = Box::pin(permits.acquire(&Still, LATER));
        assert!(poll(&mut second).is_pending());
        assert!(matches!(poll(&mut first), Poll::Ready(Some(_))));
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
            done.send(permits.0.free.load(Ordering::SeqCst)).unwrap();
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
        assert_eq!(permits.0.free.load(Ordering::SeqCst), 2);
        assert_eq!(permits.0.waiting.load(Ordering::SeqCst), 0);
    }
}
