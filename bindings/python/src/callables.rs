//! Callables of Python's that the host calls: sinks, and functions for plugins.

use cpex_wasmi::abi::Status;
use cpex_wasmi::{AuditEvent, AuditSink, LogRecord, LogSink};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRecursionError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::Value;

use crate::fork::Within;
use crate::{awaiting, gate, json, records};

/// A sink of log lines or audit events.
///
/// A sink that raises loses the line: the exception goes to `sys.unraisablehook`, and the plugin goes on.
pub(crate) struct Sink(pub(crate) Py<PyAny>);

impl Sink {
    fn tell(&self, record: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>) {
        // Nobody is told once the interpreter ends.
        let _ = gate::attach(|py| {
            let told = within(|| self.0.call1(py, (record(py)?,)));
            if let Err(error) = told {
                report(py, error, &self.0);
            }
        });
    }
}

impl LogSink for Sink {
    fn log(&self, record: &LogRecord<'_>) {
        self.tell(|py| records::log(py, record));
    }
}

impl AuditSink for Sink {
    fn audit(&self, event: &AuditEvent<'_>) {
        self.tell(|py| records::audit(py, event));
    }
}

/// Calls a function of Python's for a plugin. It may wait, and other calls of asyncio's go on meanwhile.
///
/// The plugin gets `Unavailable` if it raises or gives what is no JSON. The exception goes to `sys.unraisablehook`: its
/// text is for the operator.
pub(crate) fn call(function: &Py<PyAny>, argument: &Value) -> Result<Value, Status> {
    answer(function, |function| {
        let result = function.call1((json::write(function.py(), argument)?,))?;
        json::read(&result, "the result of a function")
    })
}

/// As [`call`], with bytes.
pub(crate) fn call_bytes(function: &Py<PyAny>, argument: &[u8]) -> Result<Vec<u8>, Status> {
    answer(function, |function| {
        let result = function.call1((PyBytes::new(function.py(), argument),))?;
        Ok(result.cast::<PyBytes>()?.as_bytes().to_vec())
    })
}

fn answer<R: Send>(
    function: &Py<PyAny>,
    call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<R>,
) -> Result<R, Status> {
    let answer = awaiting::in_place(|| {
        gate::attach(|py| {
            within(|| call(function.bind(py))).map_err(|error| report(py, error, function))
        })
    });
    answer.and_then(Result::ok).ok_or(Status::Unavailable)
}

/// Runs code of Python's within a call.
fn within<R>(f: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    let _within = Within::enter().ok_or_else(|| {
        PyRecursionError::new_err("plugins and functions call each other without end")
    })?;
    f()
}

/// Reports an exception that has no caller to go to. An interrupt by the user is raised again in the main thread.
fn report(py: Python<'_>, error: PyErr, callable: &Py<PyAny>) {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        let again = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
        if again.is_ok() {
            return;
        }
    }
    error.write_unraisable(py, Some(callable.bind(py)));
}
