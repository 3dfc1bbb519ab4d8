//! The engine: settings and services for all plugins.

use cpex_wasmi::{Engine as HostEngine, RedisState};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::callables::Sink;
use crate::{errors, functions, gate};

/// Settings and services that plugins share. Make one for a program.
///
/// Args:
///     log_sink: A callable that is given a `LogRecord` for each line that a plugin logs. Default: the module `logging`, as
///         the logger `cpex_wasmi.plugin`.
///     audit_sink: A callable that is given an `AuditEvent` for each use of the system, refused ones too.
///     functions: Functions that plugins may call, by name: callables of one argument, or `Function`s.
///     redact: Texts that are masked in all that plugins say.
///     redact_patterns: Regular expressions of what is masked.
///     environment: The variables that plugins may be given, instead of those of the process.
///     state: The URL of a Redis that keeps plugins' state. Default: memory.
///     http: False for no HTTP requests, whatever policies grant.
///     fuel_slice: The fuel between two looks at the clock.
///     interpreters: The number of interpreters that threads are spread over.
///     measure_time: True to have receipts tell where the time went.
#[pyclass(frozen, module = "cpex_wasmi")]
pub(crate) struct Engine(pub(crate) HostEngine);

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, log_sink=None, audit_sink=None, functions=None, redact=None, redact_patterns=None, environment=None, state=None, http=true, fuel_slice=None, interpreters=None, measure_time=false))]
    #[allow(clippy::too_many_arguments, reason = "they are options, each with a name")]
    fn new(
        py: Python<'_>,
        log_sink: Option<Bound<'_, PyAny>>,
        audit_sink: Option<Bound<'_, PyAny>>,
        functions: Option<Bound<'_, PyDict>>,
        redact: Option<Vec<String>>,
        redact_patterns: Option<Vec<String>>,
        environment: Option<std::collections::HashMap<String, String>>,
        state: Option<&str>,
        http: bool,
        fuel_slice: Option<u64>,
        interpreters: Option<usize>,
        measure_time: bool,
    ) -> PyResult<Self> {
        let log_sink = match log_sink {
            Some(sink) => sink,
            None => py.import("cpex_wasmi._logging")?.getattr("to_logging")?,
        };
        let mut builder = HostEngine::builder()
            .log_sink(sink("log_sink", log_sink)?)
            .redact(redact.unwrap_or_default())
            .redact_patterns(redact_patterns.unwrap_or_default());
        if let Some(audit_sink) = audit_sink {
            builder = builder.audit_sink(sink("audit_sink", audit_sink)?);
        }
        if let Some(functions) = functions {
            builder = functions::offer(builder, &functions)?;
        }
        if let Some(environment) = environment {
            builder = builder.environment(environment);
        }
        if let Some(url) = state {
            builder = builder
                .state_store(RedisState::new(url).map_err(|error| errors::load(py, &error))?);
        }
        if http {
            builder = builder.http_client();
        }
        if let Some(fuel) = fuel_slice {
            builder = builder.fuel_slice(fuel);
        }
        if let Some(interpreters) = interpreters {
            builder = builder.interpreters(interpreters);
        }
        if measure_time {
            builder = builder.measure_time();
        }
        gate::run(py, || builder.build()).map(Self).map_err(|error| errors::load(py, &error))
    }

    fn __repr__(&self) -> &'static str {
        "<Engine>"
    }
}

fn sink(name: &str, callable: Bound<'_, PyAny>) -> PyResult<Sink> {
    if callable.is_callable() {
        Ok(Sink(callable.unbind()))
    } else {
        Err(PyTypeError::new_err(format!("`{name}` cannot be called")))
    }
}
