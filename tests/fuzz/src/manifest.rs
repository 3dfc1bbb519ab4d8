//! The fuzz target `manifest`: bytes as a manifest, and in a module.

use std::sync::LazyLock;

use cpex_wasmi::{Engine, ErrorKind, Manifest, Module};

use crate::common::{assert_shown, with_manifest};

/// The most that is said about a module, in bytes. A manifest has room for a thousand names, and what
/// is wrong with each is told in a line.
const LONGEST_MESSAGE: usize = 1 << 20;

/// Reads bytes as a manifest, and loads a module that has them for its manifest.
pub fn manifest(data: &[u8]) {
    let decoded = Manifest::decode(data);
    match Module::new(&ENGINE, &with_manifest(MODULE.clone(), data)) {
        Ok(module) => {
            let decoded = decoded.unwrap();
            assert_eq!(*module.manifest(), decoded);
            assert!(!decoded.hooks.is_empty() && !decoded.name.is_empty());
        }
        Err(error) => {
            let kind = error.kind();
            let of_modules = matches!(kind, ErrorKind::InvalidModule | ErrorKind::UnsupportedAbi);
            assert!(of_modules, "{error}");
            let message = error.to_string();
            assert!(message.len() < LONGEST_MESSAGE, "{} bytes", message.len());
            assert_shown(&message);
        }
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new().unwrap());

/// A plugin that allows everything, without a manifest.
static MODULE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0)))"#,
    )
    .unwrap()
});
