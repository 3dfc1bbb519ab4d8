//! The sandboxes, each behind the trait by which `cpex-core` calls plugins.

#[cfg(feature = "wasmtime")]
mod component;
#[cfg(feature = "wasmtime")]
mod core_module;
#[cfg(feature = "extism")]
mod extism;
mod native;
pub mod ours;
#[cfg(any(feature = "extism", feature = "wasmtime"))]
mod sandbox;
#[cfg(feature = "wasmtime")]
mod wasmtime;
pub mod wire;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cpex_core::registry::AnyHookHandler;
use tempfile::TempDir;

use crate::Result;

/// Something that runs policies.
pub trait Engine {
    /// The name in tables, and for `--only`.
    fn name(&self) -> &'static str;

    /// Loads a plugin. What is the same for all plugins (an engine, a linker, a plugin directory) is
    /// there already.
    fn load(&self, plugin: &Stored, isolation: Isolation) -> Result<Arc<dyn AnyHookHandler>>;

    /// The path of a policy's module; missing if policies are part of the program.
    fn module(&self, policy: &str) -> Option<PathBuf>;

    /// Compiles a module in advance, if that is what the engine is about.
    fn compiled(&self, module: Vec<u8>) -> Result<Vec<u8>> {
        Ok(module)
    }

    /// Puts a plugin to where it is loaded from.
    fn store(&self, plugin: Vec<u8>) -> Result<Stored> {
        Ok(Stored::Bytes(plugin))
    }

    /// The kinds of isolation it can be had with.
    fn isolations(&self) -> &'static [Isolation] {
        &[Isolation::Pooled, Isolation::Pristine]
    }

    /// True if its calls are the same as another's, and only loading differs.
    fn only_loads(&self) -> bool {
        false
    }
}

/// The source of a plugin.
pub enum Stored {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Stored {
    fn bytes(&self) -> Result<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File(_) => Err("the plugin is in a file".into()),
        }
    }

    fn file(&self) -> Result<&Path> {
        match self {
            Self::File(path) => Ok(path),
            Self::Bytes(_) => Err("the plugin is in no file".into()),
        }
    }
}

/// A folder for plugins, which goes when it is dropped.
struct Folder {
    path: TempDir,
    files: Cell<u32>,
}

impl Folder {
    fn new() -> Result<Self> {
        Ok(Self { path: tempfile::tempdir()?, files: Cell::new(0) })
    }

    fn store(&self, plugin: Vec<u8>) -> Result<Stored> {
        let number = self.files.replace(self.files.get() + 1);
        let path = self.path.path().join(format!("plugin{number}.wasm"));
        fs::write(&path, plugin)?;
        Ok(Stored::File(path))
    }
}

/// The instance that a call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// No sandbox.
    None,
    /// An instance that is kept warm.
    Pooled,
    /// A new one for each call.
    Pristine,
}

impl Isolation {
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Pooled => "pooled",
            Self::Pristine => "pristine",
        }
    }
}

/// Native Rust first: the others are compared with it.
pub fn all() -> Result<Vec<Box<dyn Engine>>> {
    names().into_iter().map(by_name).collect()
}

pub fn names() -> Vec<&'static str> {
    let mut names = vec!["native", "cpex-wasmi lean", "cpex-wasmi cpex-style"];
    if cfg!(feature = "wasmtime") {
        names.extend([
            "Cranelift core",
            "Cranelift core, precompiled",
            "Cranelift component",
            "Cranelift component, precompiled",
            "Pulley core",
            "Pulley core, precompiled",
            "Pulley component",
            "Pulley component, precompiled",
        ]);
    }
    if cfg!(feature = "extism") {
        names.push("Extism");
    }
    names
}

pub fn by_name(name: &str) -> Result<Box<dyn Engine>> {
    use ours::{Ours, Style};
    #[cfg(feature = "wasmtime")]
    use wasmtime::{Backend, Setup};
    let known = names().into_iter().find(|known| *known == name);
    let Some(name) = known else { return Err(format!("there is no engine `{name}`").into()) };
    #[cfg(feature = "wasmtime")]
    let backend = if name.starts_with("Pulley") { Backend::Pulley } else { Backend::Cranelift };
    #[cfg(feature = "wasmtime")]
    let setup = Setup { name, backend, precompiled: name.ends_with("precompiled") };
    Ok(match name {
        "native" => Box::new(native::Native),
        "cpex-wasmi lean" => Box::new(Ours::new(name, Style::Lean)?),
        "cpex-wasmi cpex-style" => Box::new(Ours::new(name, Style::Cpex)?),
        #[cfg(feature = "extism")]
        "Extism" => Box::new(extism::Extism),
        #[cfg(feature = "wasmtime")]
        _ if name.contains("core") => Box::new(core_module::CoreModules::new(setup)?),
        #[cfg(feature = "wasmtime")]
        _ => Box::new(component::Components::new(setup)?),
        #[cfg(not(feature = "wasmtime"))]
        _ => return Err(format!("`{name}` is not part of this build").into()),
    })
}

/// The modules that are only for the comparison, and the project's own.
fn modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modules")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The module of a policy; for native policies, just the name.
pub fn module(engine: &dyn Engine, policy: &str) -> Result<Vec<u8>> {
    let Some(path) = engine.module(policy) else { return Ok(policy.into()) };
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// A policy put to where it is loaded from.
pub fn stored(engine: &dyn Engine, policy: &str) -> Result<Stored> {
    engine.store(engine.compiled(module(engine, policy)?)?)
}
