//! `new`: a plugin project that builds and whose tests pass.

mod name;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::args::NewArgs;
use crate::failure::{Exit, Failure};
use crate::style::{GOOD, paint};
use crate::terminal;

/// The files of a project: path and content, in which `{{name}}`, `{{crate}}` and `{{sdk}}` stand
/// for the package, its library and the requirement on the SDK.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../templates/Cargo.toml.in")),
    (".cargo/config.toml", include_str!("../../templates/config.toml.in")),
    (".gitignore", include_str!("../../templates/gitignore.in")),
    ("README.md", include_str!("../../templates/README.md.in")),
    ("src/lib.rs", include_str!("../../templates/lib.rs.in")),
    ("request.json", include_str!("../../templates/request.json.in")),
    ("extensions.json", include_str!("../../templates/extensions.json.in")),
];

/// The SDK's version: that of this program.
const SDK: &str = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// Makes the project.
pub(crate) fn run(args: &NewArgs) -> Result<Exit, Failure> {
    if let Some(objection) = name::objection(&args.name) {
        return Err(Failure::usage(objection));
    }
    let sdk = sdk(args.sdk_path.as_deref())?;
    let root = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    make_root(&root)?;
    for (path, template) in FILES {
        let content = template
            .replace("{{name}}", &args.name)
            .replace("{{crate}}", &args.name.replace('-', "_"))
            .replace("{{sdk}}", &sdk);
        let path = root.join(path);
        write(&path, &content).map_err(|error| {
            Failure::failed("output", format!("{}: cannot be written: {error}", path.display()))
        })?;
    }
    let root = cpex_wasmi::visible(&root.display().to_string());
    terminal::out(&format!(
        "{} {root}\n\n  cd {root}\n  cargo test\n  cargo build --release --target \
         wasm32-unknown-unknown\n\nIts README says how to run it.\n",
        paint(GOOD, "made"),
    ))?;
    Ok(Exit::Allow)
}

/// The right-hand side of the dependency on the SDK.
fn sdk(path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else { return Ok(format!("\"{SDK}\"")) };
    let wrong = |problem: String| Failure::input(format!("{}: the SDK {problem}", path.display()));
    if !path.join("Cargo.toml").is_file() {
        return Err(wrong("is not there: give the directory `guest-sdk` of a checkout".into()));
    }
    let path = fs::canonicalize(path).map_err(|error| wrong(format!("is not there: {error}")))?;
    let text = path.to_str().ok_or_else(|| wrong("has a path that is no UTF-8".into()))?;
    // TOML reads the strings of JSON.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(text)))
}

/// Makes the project's directory, which must not be there yet.
fn make_root(root: &Path) -> Result<(), Failure> {
    if let Some(parent) = root.parent() {
        fs::create_dir_all(parent).map_err(|error| {
            Failure::failed("output", format!("{}: cannot be made: {error}", parent.display()))
        })?;
    }
    fs::create_dir(root).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!(
            "{}: it is there already, and nothing is overwritten; pick another place with \
             `--path DIR`",
            root.display()
        )),
        _ => Failure::failed("output", format!("{}: cannot be made: {error}", root.display())),
    })
}

fn write(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content)
}
