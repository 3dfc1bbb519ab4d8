use std::sync::LazyLock;

use cpex_wasmi::{Engine, ErrorKind, Manifest, Module};

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
            let shown = |text: char| text == '\n' || !text.is_control();
            assert!(message.chars().all(shown), "what is shown is what it says: {message:?}");
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

/// A module with this manifest added to it.
pub(crate) fn with_manifest(mut wasm: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    let name = Manifest::SECTION.as_bytes();
    let mut section = vec![u8::try_from(name.len()).unwrap()];
    section.extend_from_slice(name);
    section.extend_from_slice(manifest);
    wasm.push(0);
    // A number of five digits: a section may be written with more than it takes.
    let len = u32::try_from(section.len()).unwrap();
    for shift in [0, 7, 14, 21, 28] {
        let digit = (len >> shift) & 0x7f;
        wasm.push(digit.to_le_bytes()[0] | if shift < 28 { 0x80 } else { 0 });
    }
    wasm.extend(section);
    wasm
}
