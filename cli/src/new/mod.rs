//! `new`: a plugin project that builds and whose tests pass.

mod name;
mod sdk;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::args::{NewArgs, Style};
use crate::failure::{Exit, Failure};
use crate::style::{GOOD, paint};
use crate::{shell, terminal};

/// The files of every project: path and template. In a template, `{{name}}`, `{{crate}}` and
/// `{{sdk}}` stand for the package, its library and the place of the SDK. `{{called}}` stands for
/// [the output](called) of a call of the sample.
const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../templates/gitignore.in")),
    ("README.md", include_str!("../../templates/README.md.in")),
    ("config.json", include_str!("../../templates/config.json.in")),
    ("config.schema.json", include_str!("../../templates/config.schema.json.in")),
    ("request.json", include_str!("../../templates/request.json.in")),
    ("extensions.json", include_str!("../../templates/extensions.json.in")),
];

/// The files of one style.
const fn files_of(style: Style) -> &'static [(&'static str, &'static str)] {
    match style {
        Style::Lean => &[
            ("Cargo.toml", include_str!("../../templates/lean/Cargo.toml.in")),
            (".cargo/config.toml", include_str!("../../templates/lean/config.toml.in")),
            ("src/lib.rs", include_str!("../../templates/lean/lib.rs.in")),
        ],
        Style::Cpex => &[
            ("Cargo.toml", include_str!("../../templates/cpex/Cargo.toml.in")),
            (".cargo/config.toml", include_str!("../../templates/cpex/config.toml.in")),
            ("src/lib.rs", include_str!("../../templates/cpex/lib.rs.in")),
        ],
    }
}

/// The output of `cpex-wasmi call` for the sample.
const fn called(style: Style) -> &'static str {
    match style {
        Style::Lean => include_str!("../../templates/lean/called.txt.in"),
        Style::Cpex => include_str!("../../templates/cpex/called.txt.in"),
    }
}

/// Makes the project.
pub(crate) fn run(args: &NewArgs) -> Result<Exit, Failure> {
    if let Some(objection) = name::objection(&args.name) {
        return Err(Failure::usage(objection));
    }
    let sdk = sdk::requirement(args.sdk_path.as_deref())?;
    let root = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    make_root(&root)?;
    fill(&root, args, &sdk).map_err(|failure| undone(&root, failure))?;
    let root = root.display().to_string();
    terminal::out(&format!(
        "{} {}\n\n  cd {}\n  cargo test\n  rustup target add wasm32-unknown-unknown    # once\n  cpex-wasmi build\n\n\
         Where rustup cannot add the target, `cpex-wasmi build` names another way.\nIts README says how \
         to run it.\n",
        paint(GOOD, "made"),
        cpex_wasmi::visible(&root),
        cpex_wasmi::visible(&shell::quoted(&root)),
    ))?;
    Ok(Exit::Allow)
}

/// Writes the project's files.
fn fill(root: &Path, args: &NewArgs, sdk: &str) -> Result<(), Failure> {
    for (path, template) in FILES.iter().chain(files_of(args.style)) {
        let content = template
            .replace("{{called}}", called(args.style))
            .replace("{{name}}", &args.name)
            .replace("{{crate}}", &args.name.replace('-', "_"))
            .replace("{{sdk}}", sdk);
        let path = root.join(path);
        write(&path, &content).map_err(|error| {
            Failure::failed("output", format!("{}: cannot be written: {error}", path.display()))
        })?;
    }
    Ok(())
}

/// Takes away what was made of a project, so that the next try finds nothing in its way.
fn undone(root: &Path, failure: Failure) -> Failure {
    match fs::remove_dir_all(root) {
        Ok(()) => failure,
        Err(error) => failure
            .hint(format!("{}: the unfinished project cannot be removed: {error}", root.display())),
    }
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
            "{}: it exists already, and is not overwritten; pick another directory with `--path \
             DIR`",
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
