//! Reading plugins.

use cpex_wasmi::{Engine, Limits, Module};

use crate::failure::Failure;
use crate::input::Source;
use crate::{style, terminal};

/// The largest module in the text format, in bytes. To assemble it takes up to 65 bytes of memory for each.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// How much of a file tells whether it is text, in bytes.
const START: usize = 4096;

/// A plugin's module, and the bytes it was read from.
pub(crate) struct Loaded {
    pub(crate) module: Module,
    pub(crate) wasm: Vec<u8>,
}

/// Reads and checks a plugin. What is wrong with it is said of its file.
pub(crate) fn load(engine: &Engine, source: &Source) -> Result<Loaded, Failure> {
    let wasm = read(source)?;
    let module =
        Module::new(engine, &wasm).map_err(|error| Failure::from(error).within(&source.name()))?;
    terminal::tell(|| {
        let manifest = module.manifest();
        let (name, version) = (&manifest.name, &manifest.version);
        let bytes = style::grouped(u64::try_from(wasm.len()).unwrap_or(u64::MAX));
        format!("{}: {name} {version}, {bytes} B, sha256 {}", source.name(), module.digest())
    });
    Ok(Loaded { module, wasm })
}

/// Reads a module, from wasm or from its text format.
pub(crate) fn read(source: &Source) -> Result<Vec<u8>, Failure> {
    let bytes = source.up_to(Limits::MAX_MODULE_BYTES, "the plugin")?;
    let refused = |message: String| {
        Failure::failed("invalid_module", format!("{}: {message}", source.name()))
    };
    // Of a text that is cut off, a character may be too.
    let start = bytes.get(..START).unwrap_or(&bytes);
    if is_text_format(&String::from_utf8_lossy(start)) && bytes.len() > MAX_TEXT_BYTES {
        return Err(refused(format!(
            "the module is text of more than {} KiB, which takes a hundred times as much memory to \
             assemble; assemble it first, such as by `wasm-tools parse`, and give the binary",
            MAX_TEXT_BYTES >> 10
        )));
    }
    if bytes.len() > Limits::MAX_MODULE_BYTES {
        return Err(refused(format!(
            "the module has more than {} MiB, and no more are loaded; build it with optimisation and \
             `strip = true`",
            Limits::MAX_MODULE_BYTES >> 20
        )));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_text_format(text) => assemble(text, source),
        _ => Ok(bytes),
    }
}

/// Whether this is meant to be wasm's text format: what begins with a parenthesis or a comment.
fn is_text_format(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('(') || text.starts_with(";;")
}

fn assemble(text: &str, source: &Source) -> Result<Vec<u8>, Failure> {
    wat::parse_str(text).map_err(|mut error| {
        error.set_path(source.name());
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
