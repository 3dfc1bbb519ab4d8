//! Records for Python: the classes are Python's, in `cpex_wasmi.records`.

use cpex_wasmi::{AuditEvent, LogRecord, Receipt, Telemetry, Violation};
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::json;

/// Makes a record of a class, of its members in order.
pub(crate) fn made<'py>(
    py: Python<'py>,
    class: &str,
    members: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import("cpex_wasmi.records")?.getattr(class)?.call1(members)
}

/// Makes Python's `Receipt`.
pub(crate) fn receipt<'py>(py: Python<'py>, receipt: &Receipt) -> PyResult<Bound<'py, PyAny>> {
    let timing = receipt
        .timing
        .map(|timing| made(py, "Timing", (timing.guest_nanoseconds, timing.host_call_nanoseconds)));
    let members = (
        receipt.fuel,
        receipt.peak_memory_bytes,
        receipt.host_calls,
        receipt.bytes_read,
        receipt.bytes_written,
        receipt.log_bytes,
        receipt.log_lines_dropped,
        receipt.slices,
        receipt.init_fuel,
        receipt.state_lost,
        timing.transpose()?,
    );
    made(py, "Receipt", members)
}

/// Makes Python's `Violation`. `plugin` is the name of the plugin that denied.
pub(crate) fn violation<'py>(
    py: Python<'py>,
    violation: &Violation,
    plugin: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let details = PyDict::new(py);
    for (name, value) in violation.details_as_json() {
        details.set_item(name, json::write(py, &value)?)?;
    }
    let members = (
        violation.code.as_str(),
        violation.reason.as_str(),
        violation.description.as_deref(),
        details,
        plugin,
        violation.proto_error_code,
    );
    made(py, "Violation", members)
}

/// Makes Python's `Telemetry`.
pub(crate) fn telemetry<'py>(
    py: Python<'py>,
    telemetry: &Telemetry,
) -> PyResult<Bound<'py, PyAny>> {
    let metrics = PyDict::new(py);
    for (name, value) in &telemetry.metrics {
        metrics.set_item(name, value)?;
    }
    let metadata = PyDict::new(py);
    for (key, value) in &telemetry.metadata {
        metadata.set_item(key, json::write(py, value)?)?;
    }
    made(py, "Telemetry", (metrics, metadata))
}

/// Makes Python's `LogRecord`.
pub(crate) fn log<'py>(py: Python<'py>, record: &LogRecord<'_>) -> PyResult<Bound<'py, PyAny>> {
    let level = record.level.as_str().to_ascii_lowercase();
    made(py, "LogRecord", (record.plugin, record.hook, level, record.message))
}

/// Makes Python's `AuditEvent`.
pub(crate) fn audit<'py>(py: Python<'py>, event: &AuditEvent<'_>) -> PyResult<Bound<'py, PyAny>> {
    let members = (
        event.plugin,
        event.hook,
        event.access.name(),
        event.operation,
        event.target,
        event.outcome.name(),
        event.bytes_sent,
        event.bytes_received,
    );
    made(py, "AuditEvent", members)
}
