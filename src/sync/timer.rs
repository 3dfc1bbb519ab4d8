//! A thread that wakes futures when their time has come: so that there is a timer with any executor, and
//! no question whether one is running.
//!
//! `futures-timer` is not used: `docs/decisions/0026-own-permits-and-timer.md`.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::logging::contained;

/// A future that is ready after so long. `None` if the moment cannot be told, or there is no thread to be
/// had.
pub(crate) fn sleep(time: Duration) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let until = Instant::now().checked_add(time)?;
    Some(Box::pin(Sleep { timers: Timers::running()?, until, key: None }))
}

/// All that sleep, by when they are to be woken.
#[derive(Default)]
struct Timers {
    sleeping: Mutex<Sleeping>,
    /// Told when there is a first one, or one that comes before it.
    changed: Condvar,
}

#[derive(Default)]
struct Sleeping {
    wakers: BTreeMap<TimerKey, Waker>,
    last: u64,
}

/// A moment, and a number to tell apart who sleep until then.
type TimerKey = (Instant, u64);

impl Timers {
    /// The timers that a thread wakes. It is started by the first that sleeps, and stays.
    fn running() -> Option<&'static Self> {
        static TIMERS: Timers = Timers {
            sleeping: Mutex::new(Sleeping { wakers: BTreeMap::new(), last: 0 }),
            changed: Condvar::new(),
        };
        static STARTED: Mutex<bool> = Mutex::new(false);
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        // If there is no thread to be had now, there may be one the next time.
        if !*started {
            let named = thread::Builder::new().name("cpex-wasmi-timer".into());
            *started = named.spawn(|| TIMERS.run()).is_ok();
        }
        started.then_some(&TIMERS)
    }

    fn lock(&self) -> MutexGuard<'_, Sleeping> {
        self.sleeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut sleeping = self.lock();
        loop {
            let now = Instant::now();
            let Some(first) = sleeping.wakers.first_entry() else {
                sleeping = self.changed.wait(sleeping).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = first.key().0.saturating_duration_since(now);
            if left.is_zero() {
                let waker = first.remove();
                // A waker may do anything, such as dropping who sleeps.
                drop(sleeping);
                let _ = contained(|| waker.wake());
                sleeping = self.lock();
            } else {
                let waited = self.changed.wait_timeout(sleeping, left);
                sleeping = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

struct Sleep {
    timers: &'static Timers,
    until: Instant,
    key: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let mut sleeping = self.timers.lock();
        let key = self.key.unwrap_or_else(|| {
            sleeping.last = sleeping.last.wrapping_add(1);
            (self.until, sleeping.last)
        });
        let before = sleeping.wakers.insert(key, context.waker().clone());
        if sleeping.wakers.first_key_value().is_some_and(|(first, _)| *first == key) {
            self.timers.changed.notify_one();
        }
        drop(sleeping);
        drop(before);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // Dropped after the lock.
            let _waker = self.timers.lock().wakers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::blocking;

    #[test]
    fn each_is_woken_after_its_time_whichever_is_first() {
        let begun = Instant::now();
        let mut long = sleep(Duration::from_millis(40)).unwrap();
        let mut short = sleep(Duration::from_millis(5)).unwrap();
        let noop = &mut Context::from_waker(Waker::noop());
        assert!(long.as_mut().poll(noop).is_pending());
        blocking(|| None, |context| short.as_mut().poll(context));
        assert!(begun.elapsed() >= Duration::from_millis(5));
        blocking(|| None, |context| long.as_mut().poll(context));
        assert!(begun.elapsed() >= Duration::from_millis(40));
    }

    /// The thread of `futures-timer` ends here, and its later timers panic.
    #[test]
    fn a_waker_that_panics_stops_no_other_timer() {
        struct Panics;
        impl std::task::Wake for Panics {
            fn wake(self: std::sync::Arc<Self>) {
                panic!("a waker of the embedder's");
            }
        }
        let mut ended = sleep(Duration::from_millis(5)).unwrap();
        let waker = std::sync::Arc::new(Panics).into();
        assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut other = sleep(Duration::from_millis(20)).unwrap();
        blocking(|| None, |context| other.as_mut().poll(context));
    }

    #[test]
    fn who_no_longer_sleeps_is_forgotten() {
        let hour = Duration::from_secs(3600);
        let mut sleeper = sleep(hour).unwrap();
        let waker = std::sync::Arc::new(Nobody);
        let noop = waker.clone().into();
        assert!(sleeper.as_mut().poll(&mut Context::from_waker(&noop)).is_pending());
        drop(noop);
        assert_eq!(std::sync::Arc::strong_count(&waker), 2);
        drop(sleeper);
        assert_eq!(std::sync::Arc::strong_count(&waker), 1);
        assert!(sleep(Duration::MAX).is_none());
    }

    struct Nobody;

    impl std::task::Wake for Nobody {
        fn wake(self: std::sync::Arc<Self>) {}
    }
}
