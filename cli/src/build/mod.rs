//! `build`: builds a plugin's project to a module, with whatever compiler there is for it.

mod toolchain;

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cpex_wasmi::{Engine, Module};
use serde::Deserialize;

use self::toolchain::Toolchain;
use crate::args::BuildArgs;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::style::{DIM, GOOD, grouped, paint};
use crate::{plugin_file, shell, terminal};

/// Builds the project, and checks that what comes of it is a plugin.
pub(crate) fn run(args: &BuildArgs) -> Result<Exit, Failure> {
    let root = args.dir.as_deref().unwrap_or(Path::new("."));
    if !root.join("Cargo.toml").is_file() {
        return Err(Failure::usage(format!(
            "{}: there is no Cargo.toml; give the directory of a plugin's project, such as `cpex-wasmi new` \
             makes",
            root.display()
        )));
    }
    let toolchain = Toolchain::find(args.target, root, args.install)?;
    let modules = build(&toolchain, args, root)?;
    if modules.is_empty() {
        return Err(Failure::failed(
            "no_module",
            format!(
                "{}: the build makes no module; its Cargo.toml must have `crate-type = \
                 [\"cdylib\"]` under \
                 `[lib]`",
                root.display()
            ),
        ));
    }
    for path in modules {
        let path = relative(path);
        let name = path.display().to_string();
        let source = Source::File(path);
        let wasm = plugin_file::read(&source)?;
        Module::new(&Engine::new()?, &wasm)
            .map_err(|error| Failure::from(error).within(&source.name()))?;
        let bytes = grouped(u64::try_from(wasm.len()).unwrap_or(u64::MAX));
        terminal::out(&format!(
            "{} {}  {}\n",
            paint(GOOD, "built"),
            cpex_wasmi::visible(&name),
            paint(DIM, format_args!("{bytes} B")),
        ))?;
        let command = format!("cpex-wasmi inspect {}", shell::quoted(&name));
        terminal::note(&format!("what it asks for: {}\n", cpex_wasmi::visible(&command)));
    }
    Ok(Exit::Allow)
}

/// One line of what cargo tells about a build.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Has cargo build the project, and gives the modules.
fn build(toolchain: &Toolchain, args: &BuildArgs, root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--target", args.target.name()]);
    command.arg("--message-format=json-render-diagnostics");
    if terminal::is_quiet() {
        command.arg("--quiet");
    }
    toolchain.set_up(&mut command);
    command.args(&args.cargo).current_dir(root);
    terminal::tell(|| format!("{}: {command:?}", toolchain.name()));
    let failed = |what: String| Failure::failed("build_failed", what);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cargo cannot be run: {error}")))?;
    let mut modules = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(|error| {
            failed(format!(
                "the output of cargo cannot be read: \
            {error}"
            ))
        })?;
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        let is_module = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "wasm");
        if message.reason == "compiler-artifact" {
            modules.extend(message.filenames.into_iter().filter(is_module));
        }
    }
    let status = child.wait().map_err(|error| {
        failed(format!(
            "the end of cargo cannot be awaited: \
        {error}"
        ))
    })?;
    if !status.success() {
        return Err(failed(format!("{}: the project does not build ({status})", root.display())));
    }
    Ok(modules)
}

/// A path from here, if it leads down from here.
fn relative(path: PathBuf) -> PathBuf {
    let here = env::current_dir().and_then(|here| here.canonicalize()).ok();
    match here.as_deref().and_then(|here| path.strip_prefix(here).ok()) {
        Some(below) => below.to_owned(),
        None => path,
    }
}
