//! The outcome of a call.

use std::sync::Arc;

use cpex_wasmi::model::Role;
use cpex_wasmi::{
    Changes, Decision, Outcome as HostOutcome, Receipt, Request, Telemetry, Violation,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::{errors, json, records};

/// The outcome of a call: the decision, the request as it is after the call, and the cost.
///
/// It has no truth value: ask `allowed`, or call `raise_if_denied`. Each look at a dict makes a new one.
#[pyclass(frozen, module = "cpex_wasmi")]
pub(crate) struct Outcome {
    plugin: String,
    before: Arc<Request>,
    violation: Option<Violation>,
    changes: Changes,
    telemetry: Telemetry,
    receipt: Receipt,
}

impl Outcome {
    pub(crate) fn new(plugin: &str, before: Arc<Request>, outcome: HostOutcome) -> Self {
        let HostOutcome { decision, changes, telemetry, receipt, .. } = outcome;
        let violation = match decision {
            Decision::Allow => None,
            Decision::Deny(violation) => Some(violation),
        };
        Self { plugin: plugin.to_owned(), before, violation, changes, telemetry, receipt }
    }

    /// The request after the call, but for its payload.
    fn beside_payload(&self) -> Request {
        let Request { extensions, context, .. } = &*self.before;
        let nothing = Request::text(Role::User, "");
        let mut request = nothing.extensions(extensions.clone()).context(context.clone());
        let mut changes = self.changes.clone();
        changes.payload = None;
        request.apply(changes);
        request
    }
}

#[pymethods]
impl Outcome {
    /// True if the operation may go on.
    #[getter]
    fn allowed(&self) -> bool {
        self.violation.is_none()
    }

    /// The violation, if the operation is denied.
    #[getter]
    fn violation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let violation = self.violation.as_ref();
        violation.map(|violation| records::violation(py, violation, &self.plugin)).transpose()
    }

    /// The payload after the call. After a denial, it is that of the request.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        shown(py, self.changes.payload.as_ref().unwrap_or(&self.before.payload))
    }

    /// The extensions after the call, without tokens. After a denial, they are those of the request.
    #[getter]
    fn extensions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        shown(py, &self.beside_payload().extensions)
    }

    /// The context after the call: `local_state` and `global_state`. A plugin that denies may change it.
    #[getter]
    fn context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        shown(py, &self.beside_payload().context)
    }

    /// The parts that the plugin changed, each with its new value. It is empty if there are none.
    ///
    /// The keys are `payload`, `labels`, `http`, `delegation`, `candidate_constraint`, `custom`, `local_state` and
    /// `global_state`.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        shown(py, &self.changes)
    }

    /// The counters and values that the plugin reports.
    #[getter]
    fn telemetry<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        records::telemetry(py, &self.telemetry)
    }

    /// The cost of the call.
    #[getter]
    fn receipt<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        records::receipt(py, &self.receipt)
    }

    /// Returns the outcome itself, or raises `Denied`.
    fn raise_if_denied(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        let py = slf.py();
        match slf.get().violation(py)? {
            None => Ok(slf),
            Some(violation) => {
                let class = py.import("cpex_wasmi.errors")?.getattr("Denied")?;
                Err(PyErr::from_value(class.call1((violation,))?))
            }
        }
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "an Outcome has no truth value, which a denial would have too; ask for `.allowed`",
        ))
    }

    fn __repr__(&self) -> String {
        match &self.violation {
            None => format!("<Outcome of {}: allowed>", self.plugin),
            Some(violation) => {
                let code = cpex_wasmi::visible(&violation.code);
                format!("<Outcome of {}: denied, {code}>", self.plugin)
            }
        }
    }
}

fn shown<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let value: Value = serde_json::to_value(value)
        .map_err(|error| errors::internal(py, &format!("a record has no JSON form: {error}")))?;
    json::write(py, &value)
}
