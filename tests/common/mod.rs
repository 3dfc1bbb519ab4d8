//! Helpers of the integration tests: fixtures, and guests written in the text format.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

pub(crate) mod boundary;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cpex_wasmi::abi::{IMPORT_MODULE, codec};
use cpex_wasmi::{
    Capability, Engine, EngineBuilder, Error, Level, LogRecord, Manifest, Outcome, Plugin, Policy,
    Request, Stateful,
};

pub(crate) const HOOK: &str = "cmf.tool_pre_invoke";

/// A built fixture. `CPEX_WASMI_FIXTURES` names another folder, to test fresh builds.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    // Packages below the root use this file too.
    let committed = || {
        let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        folders.map(|folder| folder.join("fixtures")).find(|folder| folder.is_dir()).unwrap()
    };
    let folder = std::env::var_os("CPEX_WASMI_FIXTURES").map_or_else(committed, PathBuf::from);
    let path = folder.join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn engine() -> Engine {
    Engine::new().unwrap()
}

/// Everything granted.
pub(crate) fn trusting() -> Policy {
    Policy::default().grant(Capability::ALL.iter().copied())
}

pub(crate) fn load(wasm: &[u8], policy: Policy) -> Plugin {
    Plugin::load(&engine(), wasm, policy).unwrap()
}

pub(crate) fn load_error(wasm: &[u8], policy: Policy) -> Error {
    match Plugin::load(&engine(), wasm, policy) {
        Ok(_) => panic!("the module was loaded"),
        Err(error) => error,
    }
}

/// Calls a guest's only hook about a plain tool call.
pub(crate) fn call(plugin: &Plugin) -> Result<Outcome, Error> {
    plugin.call(HOOK, Request::tool_call("search"))
}

/// The content of a manifest's section, for a guest named `guest` that handles [`HOOK`].
pub(crate) fn manifest(capabilities: &[&str]) -> Vec<u8> {
    manifest_with_schema(capabilities, None)
}

/// A manifest with a schema of the configuration.
pub(crate) fn manifest_with_schema(capabilities: &[&str], schema: Option<&str>) -> Vec<u8> {
    manifest_of(&[HOOK], capabilities, schema)
}

fn manifest_of(hooks: &[&str], capabilities: &[&str], schema: Option<&str>) -> Vec<u8> {
    full_manifest(hooks, capabilities, &[], schema)
}

fn full_manifest(
    hooks: &[&str],
    capabilities: &[&str],
    access: &[&str],
    schema: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::new();
    let body = ("guest", "1.0.0", "", hooks, capabilities, access, Stateful::No);
    codec::encode(&(1_u16, 0_u16), &mut out).unwrap();
    codec::encode(&(body, schema), &mut out).unwrap();
    out
}

/// A module with a custom section added to it.
pub(crate) fn with_section(mut wasm: Vec<u8>, name: &str, content: &[u8]) -> Vec<u8> {
    let mut section = Vec::new();
    section.push(name.len() as u8);
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    wasm.push(0);
    leb(&mut wasm, section.len());
    wasm.extend(section);
    wasm
}

/// Appends a number as the binary format of WebAssembly has it.
pub(crate) fn leb(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes as the text format of WebAssembly has them, between quotation marks.
pub(crate) fn data(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A module of these fields in the text format, without imports and manifest.
pub(crate) fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).unwrap()
}

/// A guest: all host functions are imported as `$read`, `$write`, …; there is a memory of one page;
/// the fields are to define what else it takes, and `cpex_invoke`.
pub(crate) fn guest(fields: &str) -> Vec<u8> {
    guest_with(&[], fields)
}

/// A [`guest`] that asks for capabilities.
pub(crate) fn guest_with(capabilities: &[&str], fields: &str) -> Vec<u8> {
    with_section(importing(fields), Manifest::SECTION, &manifest(capabilities))
}

/// A [`guest`] that asks for access to the system.
pub(crate) fn guest_wanting(access: &[&str], fields: &str) -> Vec<u8> {
    with_section(importing(fields), Manifest::SECTION, &full_manifest(&[HOOK], &[], access, None))
}

/// A [`guest`] that keeps state.
pub(crate) fn guest_keeping(stateful: Stateful, fields: &str) -> Vec<u8> {
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    manifest.stateful = stateful;
    with_section(importing(fields), Manifest::SECTION, &manifest.encode().unwrap())
}

/// A guest that imports from other modules too.
pub(crate) fn guest_importing(access: &[&str], imports: &str, fields: &str) -> Vec<u8> {
    let manifest = full_manifest(&[HOOK], &[], access, None);
    with_section(importing_more(imports, fields), Manifest::SECTION, &manifest)
}

/// A [`guest`] that handles other hooks.
pub(crate) fn guest_for(hooks: &[&str], fields: &str) -> Vec<u8> {
    with_section(importing(fields), Manifest::SECTION, &manifest_of(hooks, &[], None))
}

/// A [`guest`] that brings a schema of its configuration, and allows everything.
pub(crate) fn guest_with_schema(schema: &str) -> Vec<u8> {
    let allow = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let manifest = manifest_with_schema(&[], Some(schema));
    with_section(importing(allow), Manifest::SECTION, &manifest)
}

/// A [`guest`] without a manifest.
pub(crate) fn importing(fields: &str) -> Vec<u8> {
    importing_more("", fields)
}

fn importing_more(more: &str, fields: &str) -> Vec<u8> {
    let mut imports = String::from(more);
    for function in Engine::host_functions() {
        let name = function.info().name;
        let params = " i32".repeat(function.arity());
        imports += &format!(
            "(import \"{IMPORT_MODULE}\" \"{name}\" (func ${name} (param{params}) (result i32)))\n"
        );
    }
    let memory = if fields.contains("(memory") { "" } else { "(memory (export \"memory\") 1)" };
    module(&format!("{imports} {memory} {fields}"))
}

/// A [`guest`] whose `cpex_invoke` runs this body, which gives the verdict.
pub(crate) fn invoking(body: &str) -> Vec<u8> {
    guest(&format!(r#"(func (export "cpex_invoke") (param i32) (result i32) {body})"#))
}

/// Lines that plugins logged.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<(Level, String, String)>>>);

impl Logs {
    /// An engine whose log goes here.
    pub(crate) fn engine(&self) -> EngineBuilder {
        let lines = self.clone();
        Engine::builder().log_sink(move |record: &LogRecord<'_>| lines.push(record))
    }

    pub(crate) fn push(&self, record: &LogRecord<'_>) {
        let line = (record.level, record.hook.to_owned(), record.message.to_owned());
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Vec<(Level, String, String)> {
        self.0.lock().unwrap().clone()
    }

    /// The log of plugins.
    pub(crate) fn messages(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line.1 != LogRecord::HOST).map(|(_, _, message)| message).collect()
    }

    /// The host's own remarks about them.
    pub(crate) fn of_the_host(&self) -> Vec<(Level, String)> {
        let lines = self.lines().into_iter();
        lines
            .filter(|line| line.1 == LogRecord::HOST)
            .map(|(level, _, line)| (level, line))
            .collect()
    }
}
