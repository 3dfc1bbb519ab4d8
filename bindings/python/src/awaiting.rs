//! Calls that a task of asyncio waits for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use cpex_wasmi::Error;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::{AbortHandle, block_in_place};

use crate::fork::Running;
use crate::turns::Turns;
use crate::{errors, gate};

/// Runs a future of the host's, and returns asyncio's future of its result. If that is cancelled, the host's is dropped.
/// With `turns`, it may begin on the thread of the event loop.
pub(crate) fn future<'py, T: Send + 'static>(
    py: Python<'py>,
    turns: Option<&Turns>,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    shown: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let future = event_loop.call_method0("create_future")?;
    let running = gate::detach(py, Running::begin);
    let mut call = Box::pin(async move {
        let _running = running;
        call.await
    });
    if let Some(turns) = turns
        && turns.take()
    {
        let ended = gate::detach(py, || {
            let begun = Instant::now();
            let ended = begin(call.as_mut());
            turns.held(begun.elapsed());
            ended
        });
        if let Some(ended) = ended {
            drop(call);
            settle(&future, ended.result(py, shown))?;
            return Ok(future);
        }
    }
    let runtime = runtime(py)?;
    let running = runtime.spawn(call);
    let abort = Bound::new(py, Abort(running.abort_handle()))?;
    future.call_method1("add_done_callback", (abort,))?;
    let (waiting, event_loop) = (future.clone().unbind(), event_loop.unbind());
    // A task of its own, so that no panic leaves asyncio's future without a result.
    runtime.spawn(async move {
        let ended = match running.await {
            Ok(result) => Ended::Returned(result),
            Err(error) if error.is_cancelled() => return,
            Err(_) => Ended::Panicked,
        };
        // Nobody waits once the interpreter ends.
        let _ = gate::attach(|py| {
            // Fails if the loop is closed, and then nobody waits.
            let _ = deliver(py, &event_loop, &waiting, ended.result(py, shown));
        });
    });
    Ok(future)
}

/// The end of a future of the host's.
enum Ended<T> {
    Returned(Result<T, Error>),
    Panicked,
}

impl<T> Ended<T> {
    fn result<'py>(
        self,
        py: Python<'py>,
        shown: impl FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Returned(Ok(value)) => shown(py, value),
            Self::Returned(Err(error)) => Err(errors::call(py, &error)),
            Self::Panicked => Err(errors::internal(py, "the host panicked; please report it")),
        }
    }
}

/// Runs a future for a slice of fuel, on this thread. Returns `None` if it has not ended.
fn begin<T>(call: Pin<&mut impl Future<Output = Result<T, Error>>>) -> Option<Ended<T>> {
    // Waking is of no use: a future that is not ready is polled again at once, on another thread.
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| call.poll(&mut context))) {
        Ok(Poll::Pending) => None,
        Ok(Poll::Ready(result)) => Some(Ended::Returned(result)),
        Err(_) => Some(Ended::Panicked),
    }
}

/// Gives asyncio's future its result, on the thread of its event loop.
fn settle(future: &Bound<'_, PyAny>, result: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
    match result {
        Ok(value) => future.call_method1("set_result", (value,))?,
        Err(error) => future.call_method1("set_exception", (error,))?,
    };
    Ok(())
}

fn deliver(
    py: Python<'_>,
    event_loop: &Py<PyAny>,
    future: &Py<PyAny>,
    result: PyResult<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let settle = py.import("cpex_wasmi._asyncio")?.getattr("settle")?;
    let (value, error) = match result {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error.into_value(py))),
    };
    event_loop.call_method1(py, "call_soon_threadsafe", (settle, future, value, error))?;
    Ok(())
}

/// Ends a call that nobody waits for any more. Asyncio calls it when its future is done, however that came.
#[pyclass(frozen)]
struct Abort(AbortHandle);

#[pymethods]
impl Abort {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}

/// The threads that calls run on, of the process with this number.
///
/// The lock is taken and given back while attached to the interpreter, which a fork of Python's waits for: no thread
/// holds it then.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// Returns the threads that calls run on. After a fork, they are new: those of the parent are not in the child.
fn runtime(_attached: Python<'_>) -> PyResult<Arc<Runtime>> {
    let process = process::id();
    let mut kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, runtime)) = &*kept
        && *of == process
    {
        return Ok(runtime.clone());
    }
    let runtime = Builder::new_multi_thread().thread_name("cpex-wasmi").build()?;
    let runtime = Arc::new(runtime);
    if let Some(before) = kept.replace((process, runtime.clone())) {
        // To end it would wait for threads that are not there.
        std::mem::forget(before);
    }
    Ok(runtime)
}

/// Runs what may wait. On a thread that calls run on, another takes its place meanwhile.
pub(crate) fn in_place<R>(f: impl FnOnce() -> R) -> R {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(f),
        _ => f(),
    }
}

/// Ends the threads that calls run on. Calls that are under way are dropped.
pub(crate) fn end(_attached: Python<'_>) {
    let kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((of, runtime)) = kept {
        match Arc::try_unwrap(runtime) {
            Ok(runtime) if of == process::id() => runtime.shutdown_background(),
            Ok(runtime) => std::mem::forget(runtime),
            Err(shared) => std::mem::forget(shared),
        }
    }
}
