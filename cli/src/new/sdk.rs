//! The place of the SDK, for a new project.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;

/// The name of the SDK's package.
const PACKAGE: &str = "cpex-wasmi-guest";

/// The SDK of the checkout that this program was built from, if that is where it was.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk");

/// The key of the dependency on the SDK that says where it is.
///
/// # Errors
///
/// If the SDK is not where it should be. Without a path, that is the checkout that this program was built
/// from.
pub(super) fn requirement(path: Option<&Path>) -> Result<String, Failure> {
    requirement_or(path, Path::new(BUILT_FROM))
}

fn requirement_or(path: Option<&Path>, built_from: &Path) -> Result<String, Failure> {
    match path {
        Some(path) => path_of(path).map_err(|problem| {
            let advice = "give the directory `guest-sdk` of a checkout";
            Failure::input(format!("{}: {problem}; {advice}", path.display()))
        }),
        None => path_of(built_from).map_err(|_| {
            Failure::usage(
                "the SDK is not published yet, and the checkout that this tool was built from no \
                 longer exists; pass `--sdk-path DIR` with the directory `guest-sdk` of a checkout \
                 of cpex-wasmi",
            )
        }),
    }
}

/// The key for the SDK in a directory, or why it is not there.
fn path_of(path: &Path) -> Result<String, String> {
    let manifest =
        fs::read_to_string(path.join("Cargo.toml")).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "the SDK is missing".to_owned(),
            _ => format!("its Cargo.toml cannot be read: {error}"),
        })?;
    match package_name(&manifest) {
        Some(PACKAGE) => {}
        Some(other) => {
            let other = cpex_wasmi::visible(other);
            return Err(format!("is the package `{other}`, not the SDK `{PACKAGE}`"));
        }
        None => return Err(format!("is not the package of the SDK, `{PACKAGE}`")),
    }
    let path = fs::canonicalize(path).map_err(|error| format!("is not there: {error}"))?;
    let text = path.to_str().ok_or("has a path that is not UTF-8")?;
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
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn without_its_checkout_the_tool_says_what_to_pass() {
        let failure = requirement_or(None, Path::new("/nowhere/guest-sdk")).unwrap_err();
        let problems = failure.into_problems();
        assert!(problems[0].message.contains("pass `--sdk-path DIR`"), "{problems:?}");
        assert!(requirement(None).unwrap().starts_with("path = \"/"));
    }

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
