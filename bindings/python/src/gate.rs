//! The end of the interpreter. A thread that waits for it then is ended where it stands, in the midst of Rust.
//!
//! So each thread of ours passes this gate before it attaches. At the end, Python closes it, and waits until nobody is inside.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::fork::{self, Running};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// The thread that ends the interpreter. It may go on.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();

/// The number of threads that are inside. It is not a lock, which a forked process could inherit in use.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// The longest time that the end of the interpreter waits for those inside.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Attaches to the interpreter, unless that has ended or is about to.
pub(crate) fn attach<R>(f: impl for<'py> FnOnce(Python<'py>) -> R) -> Option<R> {
    let _inside = Inside::enter()?;
    Python::try_attach(f)
}

/// Detaches while `f` runs. If the interpreter ends meanwhile, a thread that it does not wait for does not come back.
pub(crate) fn detach<R: Send>(py: Python<'_>, f: impl FnOnce() -> R + Send) -> R {
    let (result, _inside) = py.detach(|| {
        let result = f();
        let mut inside = Inside::enter();
        while inside.is_none() && CLOSER.get() != Some(&thread::current().id()) {
            // A daemon thread, while the process ends.
            thread::park();
            inside = Inside::enter();
        }
        (result, inside)
    });
    result
}

/// Detaches while `f` runs, as a call of its own: a fork waits for it, and it waits for a fork.
pub(crate) fn run<R: Send>(py: Python<'_>, f: impl FnOnce() -> R + Send) -> R {
    detach(py, || {
        let _running = Running::begin();
        f()
    })
}

/// Has Python close the gate at its end, and wait for calls before it forks.
pub(crate) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let close = wrap_pyfunction!(close, module)?;
    py.import("atexit")?.call_method1("register", (close,))?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let arguments = PyDict::new(py);
        arguments.set_item("before", wrap_pyfunction!(fork::before, module)?)?;
        arguments.set_item("after_in_parent", wrap_pyfunction!(fork::in_parent, module)?)?;
        arguments.set_item("after_in_child", wrap_pyfunction!(fork::in_child, module)?)?;
        os.call_method("register_at_fork", (), Some(&arguments))?;
    }
    Ok(())
}

/// Lets nobody in any more, and waits for those inside.
#[pyfunction]
fn close(py: Python<'_>) {
    CLOSER.get_or_init(|| thread::current().id());
    CLOSED.store(true, Ordering::SeqCst);
    crate::awaiting::end(py);
    py.detach(|| {
        let begun = Instant::now();
        while INSIDE.load(Ordering::SeqCst) > 0 && begun.elapsed() < LONGEST_WAIT {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Forgets the threads that are inside: a forked process has none of them.
pub(crate) fn forget() {
    INSIDE.store(0, Ordering::SeqCst);
}

/// The passage of one thread.
struct Inside;

impl Inside {
    fn enter() -> Option<Self> {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        let inside = Self;
        (!CLOSED.load(Ordering::SeqCst)).then_some(inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // In a forked process, it is forgotten.
        let _ =
            INSIDE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |inside| inside.checked_sub(1));
    }
}
