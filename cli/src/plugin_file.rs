//! Reading plugins.

use std::path::Path;

use cpex_wasmi::{Engine, Module};

use crate::failure::Failure;
use crate::input;

/// A plugin's module, and the bytes it was read from.
pub(crate) struct Loaded {
    pub(crate) module: Module,
    pub(crate) wasm: Vec<u8>,
}

/// Reads and checks a plugin.
pub(crate) fn load(engine: &Engine, path: &Path) -> Result<Loaded, Failure> {
    let wasm = read(path)?;
    let module = Module::new(engine, &wasm)?;
    Ok(Loaded { module, wasm })
}

/// Reads a module, from wasm or from its text format.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = input::file(path, "the plugin")?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_text_format(text) => assemble(text, path),
        _ => Ok(bytes),
    }
}

/// Whether this is meant to be wasm's text format: what begins with a parenthesis or a comment.
fn is_text_format(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('(') || text.starts_with(";;")
}

fn assemble(text: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    wat::parse_str(text).map_err(|mut error| {
        error.set_path(path);
        // The first lines are message and place; the rest draws the place.
        let text = error.to_string();
        let lines: Vec<_> = text.lines().map(str::trim).take(2).collect();
        Failure::failed("invalid_module", lines.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_the_text_format_is_read_as_such() {
        assert!(is_text_format("\n (module)"));
        assert!(is_text_format(";; a plugin\n(module)"));
        assert!(!is_text_format("{\"a\": 1}"));
        assert!(!is_text_format("\0asm"));
        assert!(!is_text_format(""));
    }
}
