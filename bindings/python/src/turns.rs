//! Turns on the thread of an event loop: a call that is short is decided there at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The time in the loop after which a plugin's next calls begin on another thread. A slice of fuel takes some 0.1 ms, and
/// the host function that ends it may take much longer.
const LONG: Duration = Duration::from_millis(1);

/// The number of calls that begin on another thread after a long one.
const AFTER_LONG: u32 = 1000;

/// Each call of so many begins on another thread. Calls that are decided at once never let other tasks have their turn.
const ALTERNATION: u32 = 64;

/// The calls of one plugin that begin in the loop.
pub(crate) struct Turns {
    /// False if the plugin has access: files, programs and functions of Python's may take long, and a function may wait for
    /// the event loop.
    allowed: bool,
    calls: AtomicU32,
    /// The number of calls until one may begin in the loop.
    elsewhere: AtomicU32,
}

impl Turns {
    pub(crate) fn new(has_access: bool) -> Self {
        Self { allowed: !has_access, calls: AtomicU32::new(0), elsewhere: AtomicU32::new(0) }
    }

    /// Takes a turn. Returns true if a call may begin in the loop.
    pub(crate) fn take(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        if !self.allowed
            || self.elsewhere.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            return false;
        }
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        !calls.wrapping_add(1).is_multiple_of(ALTERNATION)
    }

    /// Notes how long a call held the loop.
    pub(crate) fn held(&self, time: Duration) {
        if time > LONG {
            self.elsewhere.store(AFTER_LONG, Ordering::Relaxed);
        }
    }
}
