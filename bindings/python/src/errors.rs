//! Exceptions: the classes are Python's, in `cpex_wasmi.errors`.

use cpex_wasmi::{Error, ErrorKind, Problem};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::records;

/// Makes an exception of an error of loading.
pub(crate) fn load(py: Python<'_>, error: &Error) -> PyErr {
    raised(py, "LoadError", error)
}

/// Makes an exception of an error of a call.
pub(crate) fn call(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.kind() {
        ErrorKind::FuelExhausted
        | ErrorKind::Timeout
        | ErrorKind::MemoryLimit
        | ErrorKind::StackOverflow
        | ErrorKind::LimitExceeded
        | ErrorKind::InstancesExhausted => "LimitError",
        _ => "CallError",
    };
    raised(py, class, error)
}

/// Makes an exception of an error in a request.
pub(crate) fn request(py: Python<'_>, error: &Error) -> PyErr {
    raised(py, "InvalidRequest", error)
}

/// Makes an exception for a value that is not as CPEX has it.
pub(crate) fn invalid_request(py: Python<'_>, message: &str) -> PyErr {
    made(py, "InvalidRequest", message, "invalid_request", None)
}

/// Makes an exception for a fault of this package.
pub(crate) fn internal(py: Python<'_>, message: &str) -> PyErr {
    made(py, "CallError", message, "internal", None)
}

fn raised(py: Python<'_>, class: &str, error: &Error) -> PyErr {
    made(py, class, &error.to_string(), error.code(), Some(error))
}

fn made(py: Python<'_>, class: &str, message: &str, code: &str, error: Option<&Error>) -> PyErr {
    let exception = || -> PyResult<PyErr> {
        let class = py.import("cpex_wasmi.errors")?.getattr(class)?.cast_into::<PyType>()?;
        let arguments = PyDict::new(py);
        arguments.set_item("code", code)?;
        if let Some(error) = error {
            arguments.set_item("plugin", error.plugin())?;
            let problems = error.problems().iter().map(|each| problem(py, each));
            let problems = problems.collect::<PyResult<Vec<_>>>()?;
            arguments.set_item("problems", PyTuple::new(py, problems)?)?;
            if let Some(receipt) = error.receipt() {
                arguments.set_item("receipt", records::receipt(py, receipt)?)?;
            }
        }
        Ok(PyErr::from_value(class.call((message,), Some(&arguments))?))
    };
    // Whatever keeps the exception from being made is one itself.
    exception().unwrap_or_else(|error| error)
}

fn problem<'py>(py: Python<'py>, problem: &Problem) -> PyResult<Bound<'py, PyAny>> {
    let place = problem.place.map(|place| (place.line, place.column)).unzip();
    let values =
        (problem.kind.code(), problem.message.as_str(), problem.path.as_deref(), place.0, place.1);
    records::made(py, "Problem", values)
}
