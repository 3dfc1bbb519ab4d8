//! A module in words: what it says of itself, and what it asks for.

use std::collections::BTreeMap;

use cpex_wasmi::abi::IMPORT_MODULE;
use cpex_wasmi::{AccessRequest, Limits, Module, visible};
use serde::Serialize;
use serde_json::Value;

/// The parts of a module that the page shows.
#[derive(Serialize)]
pub(crate) struct Inspection {
    name: String,
    version: String,
    description: String,
    abi: String,
    hooks: Vec<String>,
    capabilities: Vec<Named>,
    access: Vec<Asked>,
    /// True if it keeps state in its memory from call to call.
    stateful: bool,
    patterns: Vec<String>,
    config_schema: Option<Value>,
    imports: Vec<Named>,
    file_bytes: usize,
    initial_memory_bytes: u64,
    maximum_memory_bytes: Option<u64>,
    sha256: String,
    /// The limits that the page has fields for, by their keys in a policy, as they are by default.
    limits: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    description: &'static str,
}

/// A line of the manifest about the system.
#[derive(Serialize)]
struct Asked {
    request: String,
    /// Words that follow "may".
    description: String,
    /// The function that it names, for which the page stands in.
    function: Option<String>,
    /// The environment variables that it names.
    variable: Option<String>,
}

impl Inspection {
    pub(crate) fn new(module: &Module) -> Self {
        let (manifest, info) = (module.manifest(), module.info());
        let imports = info.imports.iter().map(|function| {
            let info = function.info();
            Named { name: format!("{IMPORT_MODULE}.{}", info.name), description: info.description }
        });
        Self {
            name: manifest.name.clone(),
            version: visible(&manifest.version),
            description: visible(&manifest.description),
            abi: manifest.abi.to_string(),
            hooks: manifest.hooks.clone(),
            capabilities: module
                .capabilities()
                .map(|asked| Named { name: asked.name().into(), description: asked.description() })
                .collect(),
            access: manifest.access.iter().map(|line| Asked::new(line)).collect(),
            stateful: manifest.stateful.is_kept(),
            patterns: module.patterns().map(visible).collect(),
            config_schema: manifest.config_schema.as_deref().map(|text| {
                serde_json::from_str(text).unwrap_or_else(|_| Value::from(visible(text)))
            }),
            imports: imports.collect(),
            file_bytes: info.bytes,
            initial_memory_bytes: info.initial_memory_bytes,
            maximum_memory_bytes: info.maximum_memory_bytes,
            sha256: module.digest().to_string(),
            limits: limits(&Limits::default()),
        }
    }
}

impl Asked {
    fn new(line: &str) -> Self {
        let request = AccessRequest::parse(line);
        let description = request.as_ref().map(AccessRequest::description);
        let (mut function, mut variable) = (None, None);
        match request {
            Some(AccessRequest::Function(name)) => function = Some(name.into()),
            Some(AccessRequest::Env(name)) => variable = Some(name.into()),
            _ => {}
        }
        Self {
            request: line.into(),
            description: description.unwrap_or_else(|| "nothing known to this host".into()),
            function,
            variable,
        }
    }
}

fn limits(of: &Limits) -> BTreeMap<&'static str, String> {
    let milliseconds =
        of.deadline.as_ref().map_or_else(String::new, |time| time.as_millis().to_string());
    BTreeMap::from([
        ("max_fuel", of.fuel.to_string()),
        ("max_execution_time_ms", milliseconds),
        ("max_memory_bytes", of.memory_bytes.to_string()),
        ("max_host_calls", of.host_calls.to_string()),
    ])
}
