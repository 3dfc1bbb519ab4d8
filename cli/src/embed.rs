//! `embed`: puts a manifest into a module, for languages that cannot write custom sections themselves.

mod segments;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use cpex_wasmi::{Engine, ErrorKind, Manifest, Module, Policy, Stateful};
use serde::Deserialize;
use serde_json::Value;

use self::segments::Rewritten;
use crate::args::EmbedArgs;
use crate::failure::{Exit, Failure, Problem};
use crate::style::{BOLD, DIM, GOOD, paint};
use crate::{input, plugin_file, policy_file, style, terminal};

/// A manifest as authors write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    #[serde(default)]
    description: String,
    hooks: Vec<String>,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    access: Vec<String>,
    #[serde(default)]
    stateful: Stateful,
    /// A JSON Schema, or the text of one.
    #[serde(default)]
    config_schema: Option<Value>,
}

impl From<Written> for Manifest {
    fn from(written: Written) -> Self {
        let mut manifest = Self::new(written.name, written.version);
        manifest.description = written.description;
        manifest.hooks = written.hooks;
        manifest.capabilities = written.capabilities;
        manifest.access = written.access;
        manifest.stateful = written.stateful;
        manifest.config_schema = written.config_schema.map(|schema| match schema {
            Value::String(text) => text,
            schema => schema.to_string(),
        });
        manifest
    }
}

/// Writes the module with the manifest, if the host would take it.
pub(crate) fn run(args: &EmbedArgs) -> Result<Exit, Failure> {
    input::one_stdin([("MODULE", Some(&args.module)), ("--manifest", Some(&args.manifest))])?;
    let wasm = plugin_file::read(&args.module)?;
    let manifest = manifest(args)?;
    let section = manifest
        .encode()
        .map_err(|error| Failure::input(format!("{}: {error}", args.manifest.name())))?;
    let rewritten = segments::with_section(&wasm, Manifest::SECTION, &section);
    let Rewritten { wasm, merged } = rewritten.map_err(|error| {
        let name = args.module.name();
        Failure::failed("invalid_module", format!("{name}: this is not a wasm module: {error}"))
    })?;
    let engine = Engine::new()?;
    let module = Module::new(&engine, &wasm)
        .map_err(|error| Failure::from(error).within(&args.module.name()))?;
    // Access that no policy can grant, or a schema that is invalid, is found beside a policy only.
    let found = cpex_wasmi::Plugin::check(&engine, &wasm, &Policy::default(), &[]);
    let invalid = found.iter().filter(|problem| problem.kind == ErrorKind::InvalidModule);
    let invalid: Vec<_> = invalid.map(Problem::from).collect();
    if !invalid.is_empty() {
        return Err(Failure::all(invalid).within(&args.module.name()));
    }
    write(&args.output, &wasm).map_err(|error| {
        let path = args.output.display();
        Failure::failed("output", format!("{path}: the module cannot be written: {error}"))
    })?;
    if let Some((was, is)) = merged {
        terminal::note(&format!(
            "merged {} into {}\n",
            style::counted(was as u64, "data segment"),
            style::grouped(is as u64)
        ));
    }
    let manifest = module.manifest();
    terminal::out(&format!(
        "{} {} {}  {}\n",
        paint(GOOD, "embedded"),
        paint(BOLD, &manifest.name),
        cpex_wasmi::visible(&manifest.version),
        paint(
            DIM,
            format!(
                "{}, {} B",
                cpex_wasmi::visible(&args.output.display().to_string()),
                style::grouped(u64::try_from(wasm.len()).unwrap_or(u64::MAX))
            )
        )
    ))?;
    Ok(Exit::Allow)
}

fn manifest(args: &EmbedArgs) -> Result<Manifest, Failure> {
    let source = &args.manifest;
    let text = source.text("the manifest")?;
    let document = policy_file::yaml(&text, source, "the manifest")?;
    let written: Written = serde_path_to_error::deserialize(document.value()).map_err(|error| {
        let path = error.path().to_string();
        let (path, at) = match path.as_str() {
            "." => ("", String::new()),
            path => (path, format!("`{path}`: ")),
        };
        let message = format!("in the manifest: {at}{}", error.inner());
        let problem = Problem::new("invalid_input", message).at(document.place(path));
        Failure::inputs(vec![problem]).of_file(&source.name())
    })?;
    Ok(written.into())
}

/// Writes all of a file or nothing: what was there is replaced at once. Where a link leads is what is replaced.
fn write(path: &Path, wasm: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = fs::metadata(&path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is not a file"));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.tempfile_in(folder)?;
    part.write_all(wasm)?;
    if let Some(there) = there {
        part.as_file().set_permissions(there.permissions())?;
    }
    part.persist(&path)?;
    Ok(())
}
