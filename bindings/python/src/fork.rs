//! Forks of the process. A child has the locks and the instances that other threads held, and none of these threads.
//!
//! So a fork waits until no call runs, and calls that begin meanwhile wait for the fork.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::gate;

/// True while a thread forks. It is not a lock, which the child could inherit in use.
static FORKING: AtomicBool = AtomicBool::new(false);

/// The number of calls that run.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// The longest time that a fork waits for calls.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The most calls of Python's code within each other, on one thread: each takes stack.
const MAX_DEPTH: usize = 100;

thread_local! {
    /// The calls that this thread is within, in code of Python's that they called.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A call that runs.
pub(crate) struct Running(());

impl Running {
    /// Begins a call, after a fork that is under way. Not for threads that are attached to the interpreter.
    pub(crate) fn begin() -> Self {
        loop {
            RUNNING.fetch_add(1, Ordering::SeqCst);
            let running = Self(());
            // A call within another would wait for a fork that waits for the other.
            if !FORKING.load(Ordering::SeqCst) || DEPTH.get() > 0 {
                return running;
            }
            drop(running);
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // In a forked process, it is forgotten.
        let _ =
            RUNNING.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |calls| calls.checked_sub(1));
    }
}

/// Code of Python's that a call runs on this thread.
pub(crate) struct Within(());

impl Within {
    /// Enters. Returns `None` if there are too many calls within each other.
    pub(crate) fn enter() -> Option<Self> {
        let depth = DEPTH.get();
        (depth < MAX_DEPTH).then(|| {
            DEPTH.set(depth.saturating_add(1));
            Self(())
        })
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Waits until no call runs. Of code that a call runs, a fork does not wait: that call would not end.
#[pyfunction]
pub(crate) fn before(py: Python<'_>) {
    FORKING.store(true, Ordering::SeqCst);
    if DEPTH.get() > 0 {
        return;
    }
    py.detach(|| {
        let begun = Instant::now();
        while RUNNING.load(Ordering::SeqCst) > 0 && begun.elapsed() < LONGEST_WAIT {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Lets calls begin again.
#[pyfunction]
pub(crate) fn in_parent() {
    FORKING.store(false, Ordering::SeqCst);
}

/// Lets calls begin, and forgets the threads and calls that the child does not have.
#[pyfunction]
pub(crate) fn in_child() {
    RUNNING.store(0, Ordering::SeqCst);
    gate::forget();
    FORKING.store(false, Ordering::SeqCst);
}
