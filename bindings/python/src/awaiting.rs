//! Calls that a task of asyncio waits for.

use std::future::Future;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use cpex_wasmi::Error;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::{AbortHandle, block_in_place};

use crate::{errors, gate};

/// Runs a future of the host's, and returns asyncio's future of its result. If that is cancelled, the host's is dropped.
pub(crate) fn future<'py, T: Send + 'static>(
    py: Python<'py>,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    shown: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let future = event_loop.call_method0("create_future")?;
    let runtime = runtime(py)?;
    let running = runtime.spawn(call);
    let abort = Bound::new(py, Abort(running.abort_handle()))?;
    future.call_method1("add_done_callback", (abort,))?;
    let (waiting, event_loop) = (future.clone().unbind(), event_loop.unbind());
    // A task of its own, so that no panic leaves asyncio's future without a result.
    runtime.spawn(async move {
        let ended = running.await;
        // Nobody waits once the interpreter ends.
        let _ = gate::attach(|py| {
            let result = match ended {
                Ok(Ok(value)) => shown(py, value),
                Ok(Err(error)) => Err(errors::call(py, &error)),
                Err(ended) if ended.is_cancelled() => return,
                Err(_) => Err(errors::internal(py, "the host panicked; please report it")),
            };
            // Fails if the loop is closed, and then nobody waits.
            let _ = deliver(py, &event_loop, &waiting, result);
        });
    });
    Ok(future)
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
