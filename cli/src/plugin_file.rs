//! Reading plugins.

use cpex_wasmi::{Engine, Limits, Module};

use crate::failure::Failure;
use crate::input::Source;
use crate::{style, terminal};

/// The largest module in the text format, in bytes. To assemble it takes up to 65 bytes of memory for each.
const MAX_TEXT_BYTES: usize = 1 << 20;

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
    let is_text = is_text_format(&bytes);
    if is_text && bytes.len() > MAX_TEXT_BYTES {
        return Err(refused(format!(
            "the module is text of more than {} KiB, and assembling takes a hundred times as much \
             memory; assemble it with another tool, such as `wasm-tools parse`, and give the \
             binary",
            MAX_TEXT_BYTES >> 10
        )));
    }
    if bytes.len() > Limits::MAX_MODULE_BYTES {
        return Err(refused(format!(
            "the module has more than {} MiB, and larger ones are not loaded; build it with \
             optimisation and \
             `strip = true`",
            Limits::MAX_MODULE_BYTES >> 20
        )));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_text => assemble(text, source),
        _ => Ok(bytes),
    }
}

/// Says whether this is meant to be wasm's text format: after any white space, it begins with a parenthesis or
/// a comment. It goes by bytes, as the last character of a text that is cut off may be half of one.
fn is_text_format(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
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
        assert!(is_text_format(b"\n (module)"));
        assert!(is_text_format(b";; a plugin\n(module)"));
        assert!(is_text_format(&[[b' '; 5000].as_slice(), b"(module)"].concat()));
        assert!(!is_text_format(b"{\"a\": 1}"));
        assert!(!is_text_format(b"\0asm"));
        assert!(!is_text_format(b""));
    }
}
