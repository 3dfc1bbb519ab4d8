use std::path::Path;
use std::sync::LazyLock;

use cpex_core::error::PluginError;
use cpex_core::manager::PluginManager;
use cpex_wasmi::cpex::WasmFactory;
use cpex_wasmi::{ErrorKind, Policy};

use crate::common::assert_shown;

/// Reads JSON as a policy.
pub fn policy(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(data)
        && let Err(error) = Policy::from_value(&value)
    {
        assert_eq!(error.kind(), ErrorKind::InvalidPolicy);
        assert!(!error.problems().is_empty());
    }
}

/// Reads text as an operator's configuration, and loads the plugins that it names.
pub fn yaml(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Err(error) = FACTORY.register(&PluginManager::default(), text) {
        let PluginError::Config { message } = *error else { panic!("{error}") };
        assert!(!message.is_empty());
        assert_shown(&message);
    }
}

static FACTORY: LazyLock<WasmFactory> = LazyLock::new(|| {
    WasmFactory::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")).unwrap()
});
