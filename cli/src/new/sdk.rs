//! Where a new project finds the SDK.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;

/// The name of the SDK's package.
const PACKAGE: &str = "cpex-wasmi-guest";

/// The SDK's version: that of this program.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// The key of the dependency on the SDK that says where it is: in a directory, or published.
pub(super) fn requirement(path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else { return Ok(format!("version = \"{VERSION}\"")) };
    let wrong = |problem: &str| {
        Failure::input(format!(
            "{}: {problem}; give the directory `guest-sdk` of a checkout",
            path.display()
        ))
    };
    let manifest =
        fs::read_to_string(path.join("Cargo.toml")).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => wrong("the SDK is not there"),
            _ => wrong(&format!("its Cargo.toml cannot be read: {error}")),
        })?;
    match package_name(&manifest) {
        Some(PACKAGE) => {}
        Some(other) => {
            let other = cpex_wasmi::visible(other);
            return Err(wrong(&format!("is the package `{other}` and not the SDK, `{PACKAGE}`")));
        }
        None => return Err(wrong(&format!("is no package, and not the SDK, `{PACKAGE}`"))),
    }
    let path = fs::canonicalize(path).map_err(|error| wrong(&format!("is not there: {error}")))?;
    let text = path.to_str().ok_or_else(|| wrong("has a path that is no UTF-8"))?;
    // TOML reads the strings of JSON.
    Ok(format!("path = {}", serde_json::Value::from(text)))
}

/// The name in a package's manifest, as cargo and people write it.
fn package_name(manifest: &str) -> Option<&str> {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[package]").skip(1);
    let line = lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "name").then_some(value.trim())
    })?;
    let quote = line.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    line.strip_prefix(quote)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_s_name_is_found() {
        let sdk = include_str!("../../../guest-sdk/Cargo.toml");
        assert_eq!(package_name(sdk), Some(PACKAGE));
        assert_eq!(package_name("[package]\nversion='1'\nname = 'a' # it\n"), Some("a"));
        assert_eq!(package_name("[lib]\nname = \"a\"\n"), None);
        assert_eq!(package_name("[package]\n[lib]\nname = \"a\"\n"), None);
        assert_eq!(package_name("[package]\nname.workspace = true\n"), None);
    }
}
