//! The fuzz targets `policy` and `yaml`: policies and whole configurations.

use std::path::Path;
use std::sync::LazyLock;

use cpex_core::config::parse_config;
use cpex_core::error::PluginError;
use cpex_core::manager::PluginManager;
use cpex_wasmi::config::{Document, check};
use cpex_wasmi::cpex::WasmFactory;
use cpex_wasmi::{ErrorKind, Policy};
use serde_json::Value;

use crate::common::assert_shown;

/// Reads JSON as a policy.
pub fn policy(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(data)
        && let Err(error) = Policy::from_value(&value)
    {
        assert_eq!(error.kind(), ErrorKind::InvalidPolicy);
        assert!(!error.problems().is_empty());
    }
}

/// Reads text as an operator's configuration, and loads the plugins that it names. What is taken, cpex-core takes
/// too, and reads as the same.
pub fn yaml(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    read_alike(text);
    if let Err(error) = FACTORY.register(&PluginManager::default(), text) {
        let PluginError::Config { message } = *error else { panic!("{error}") };
        assert!(!message.is_empty());
        assert_shown(&message);
    }
}

fn read_alike(text: &str) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            for problem in error.problems() {
                assert!(problem.place.is_some());
                assert_shown(&problem.message);
            }
            return;
        }
    };
    // cpex-core bounds aliases by another measure.
    if !check(&document, None).problems.is_empty() || text.contains('*') {
        return;
    }
    let read = match parse_config(text) {
        Ok(read) => read,
        // What is no YAML to cpex-core is not loaded, whatever it is here.
        Err(error) if is_of_the_parser(&error.to_string()) => return,
        Err(error) => panic!("{error}"),
    };
    let written = document.value().get("plugins").and_then(Value::as_array);
    assert_eq!(written.map_or(0, Vec::len), read.plugins.len());
    for (written, read) in written.into_iter().flatten().zip(&read.plugins) {
        let there = |value: &&Value| !value.is_null();
        assert_eq!(written.get("config").filter(there), read.config.as_ref().filter(there));
        assert_eq!(written.get("name").and_then(Value::as_str), Some(read.name.as_str()));
        let hooks = written.get("hooks").and_then(Value::as_array).into_iter().flatten();
        assert!(hooks.filter_map(Value::as_str).eq(read.hooks.iter().map(String::as_str)));
    }
}

/// True if cpex-core's parser found no YAML, or what it takes for a second document (after a byte order mark).
fn is_of_the_parser(error: &str) -> bool {
    [" at line ", ", while ", "more than one document"].iter().any(|part| error.contains(part))
}

static FACTORY: LazyLock<WasmFactory> = LazyLock::new(|| {
    WasmFactory::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")).unwrap()
});
