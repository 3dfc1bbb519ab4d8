//! A module under a policy, and its calls.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use cpex_wasmi::{Limits, Plugin as HostPlugin, Policy};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::json as convert;
use crate::outcome::Outcome;
use crate::request::Arguments;
use crate::turns::Turns;
use crate::{awaiting, errors, gate, records};

/// A module under a policy, which any number of threads and tasks call at once.
///
/// Args:
///     engine: The engine.
///     module: The module: its bytes, or the path of its file.
///     policy: The operator's policy, as a dict or as YAML or JSON text: the content of a `sandbox_policy`, a mapping with
///         that key, or an entry with `capabilities` and `config`. Default: one that grants nothing.
///     name: The name in logs, errors and violations. Default: the name in the manifest.
///
/// Raises:
///     LoadError: The module or the policy is refused, or they do not fit.
///     InvalidRequest: The policy is a dict with values that JSON has not.
///     OSError: The file cannot be read.
#[pyclass(frozen, module = "cpex_wasmi")]
pub(crate) struct Plugin {
    host: HostPlugin,
    turns: Turns,
}

#[pymethods]
impl Plugin {
    #[new]
    #[pyo3(signature = (engine, module, policy=None, *, name=None))]
    fn new(
        py: Python<'_>,
        engine: &Bound<'_, Engine>,
        module: &Bound<'_, PyAny>,
        policy: Option<&Bound<'_, PyAny>>,
        name: Option<String>,
    ) -> PyResult<Self> {
        let wasm = bytes(module)?;
        let mut policy = read_policy(py, policy)?;
        if let Some(name) = name {
            policy = policy.named(name);
        }
        let engine = &engine.get().0;
        let host = gate::run(py, || HostPlugin::load(engine, &wasm, policy))
            .map_err(|error| errors::load(py, &error))?;
        let turns = Turns::new(!host.module().manifest().access.is_empty());
        Ok(Self { host, turns })
    }

    /// The plugin's name: that of its policy, or the name in its manifest.
    #[getter]
    fn name(&self) -> &str {
        self.host.name()
    }

    /// The manifest: what the plugin is, and asks for.
    #[getter]
    fn manifest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let manifest = self.host.module().manifest();
        let schema = manifest.config_schema.as_deref().map(serde_json::from_str::<Value>);
        let value = json!({
            "abi": manifest.abi.to_string(),
            "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description,
            "hooks": manifest.hooks,
            "capabilities": manifest.capabilities,
            "access": manifest.access,
            "stateful": manifest.stateful.is_kept(),
            "config_schema": schema.and_then(Result::ok),
        });
        convert::write(py, &value)
    }

    /// The SHA-256 digest of the module, as `sha256sum` prints it.
    #[getter]
    fn digest(&self) -> String {
        self.host.module().digest().to_string()
    }

    /// Oddities of the policy that are not wrong, such as a grant that the plugin does not ask for.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.host.warnings())
    }

    /// Calls the plugin for a hook, and waits for its decision. Other threads run meanwhile.
    ///
    /// Args:
    ///     hook: The hook, such as `cmf.tool_pre_invoke`.
    ///     payload: The payload, as a dict in CPEX's JSON.
    ///     extensions: The extensions, as a dict in CPEX's JSON.
    ///     context: The context: a dict with `local_state` and `global_state`.
    ///     payload_type: The kind of payload, if it does not follow from the hook: `message`, `identity`, `delegation`,
    ///         `elicitation`, or a name of your own.
    ///
    /// Raises:
    ///     CallError: The plugin came to no decision. The operation must not go on.
    ///     InvalidRequest: The request is not in CPEX's JSON.
    #[pyo3(signature = (hook, payload, extensions=None, context=None, *, payload_type=None))]
    fn call(
        &self,
        py: Python<'_>,
        hook: &str,
        payload: &Bound<'_, PyAny>,
        extensions: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        payload_type: Option<&str>,
    ) -> PyResult<Outcome> {
        let arguments = Arguments { payload, extensions, context, payload_type };
        let request = Arc::new(arguments.read(hook)?);
        match gate::run(py, || self.host.call(hook, request.clone())) {
            Ok(outcome) => Ok(Outcome::new(self.host.name(), request, outcome)),
            Err(error) => Err(errors::call(py, &error)),
        }
    }

    /// As `call`, for a running event loop of asyncio. A plugin without access to the system begins on the thread of the
    /// loop, and goes on elsewhere after a slice of fuel. Cancelling the call ends it.
    #[pyo3(signature = (hook, payload, extensions=None, context=None, *, payload_type=None))]
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        hook: &str,
        payload: &Bound<'_, PyAny>,
        extensions: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        payload_type: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let arguments = Arguments { payload, extensions, context, payload_type };
        let request = Arc::new(arguments.read(hook)?);
        let call = self.host.call_async(hook, request.clone());
        let plugin = self.host.clone();
        awaiting::future(py, Some(&self.turns), call, move |py, outcome| {
            Bound::new(py, Outcome::new(plugin.name(), request, outcome)).map(Bound::into_any)
        })
    }

    /// Makes an instance and initialises it, to learn if that can be done. Returns the receipt.
    ///
    /// Raises:
    ///     CallError: The initialisation failed.
    fn initialize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let receipt =
            gate::run(py, || self.host.initialize()).map_err(|error| errors::call(py, &error))?;
        records::receipt(py, &receipt)
    }

    /// As `initialize`, for a running event loop of asyncio.
    fn initialize_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        awaiting::future(py, None, self.host.initialize_async(), |py, receipt| {
            records::receipt(py, &receipt)
        })
    }

    /// Ends the instances that are kept. Later calls have an instance of their own; those of a plugin that keeps state
    /// fail.
    ///
    /// Raises:
    ///     CallError: The shutdown of an instance failed. All are gone all the same.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        gate::run(py, || self.host.shutdown()).map_err(|error| errors::call(py, &error))
    }

    /// As `shutdown`, for a running event loop of asyncio.
    fn shutdown_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let shutdown = self.host.shutdown_async();
        awaiting::future(py, None, shutdown, |py, ()| Ok(py.None().into_bound(py)))
    }

    fn __repr__(&self) -> String {
        format!("<Plugin {}>", self.host.name())
    }
}

/// Reads the bytes of a module, from bytes or from a file.
fn bytes(module: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = module.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = module.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    let path: PathBuf = module.extract()?;
    let wasm = gate::detach(module.py(), || {
        // One more than a module may have, so that it is refused as too large.
        let most = u64::try_from(Limits::MAX_MODULE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut wasm = Vec::new();
        File::open(&path)?.take(most).read_to_end(&mut wasm)?;
        Ok::<_, std::io::Error>(wasm)
    });
    wasm.map_err(|error| named(error, &path))
}

/// Makes the error of a file that names it, of the class that Python has for it.
fn named(error: std::io::Error, path: &std::path::Path) -> PyErr {
    match error.raw_os_error() {
        Some(code) => {
            pyo3::exceptions::PyOSError::new_err((code, error.to_string(), path.to_path_buf()))
        }
        None => error.into(),
    }
}

fn read_policy(py: Python<'_>, policy: Option<&Bound<'_, PyAny>>) -> PyResult<Policy> {
    let Some(policy) = policy else { return Ok(Policy::default()) };
    let read = if let Ok(text) = policy.cast::<PyString>() {
        Policy::from_yaml(text.to_str()?)
    } else {
        policy.cast::<PyDict>()?;
        Policy::from_value(&convert::read(policy, "policy")?)
    };
    read.map_err(|error| errors::load(py, &error))
}
