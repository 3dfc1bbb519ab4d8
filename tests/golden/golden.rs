//! Fuel and bytes of each fixture, which are the same on every machine: `fuel.toml` has them.
//!
//! `CPEX_WASMI_UPDATE=1` writes the file. It takes the committed fixtures, whatever `CPEX_WASMI_FIXTURES` says: another
//! compiler builds modules that take other fuel.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

extern crate alloc;

mod boundary;
mod calls;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use calls::digest;
use cpex_wasmi::{Engine, LogRecord, Module, Plugin};

/// Fixtures that take more than the core, and the feature.
const OF_FEATURES: &[(&str, &str)] = &[
    ("c_guard", "wasi"),
    ("change_window", "exec"),
    ("remote_decision", "http"),
    ("wasi_rules", "wasi"),
];

const HEADER: &str = "\
# Fuel and bytes of calls, the same on every machine. Written by `CPEX_WASMI_UPDATE=1 cargo test-all --test golden`.
#
# `calls`: each hook of a fixture, with the requests of tests/golden/calls.rs. `bytes` is the beginning of the SHA-256
# digest of decision, changes, telemetry and log as JSON. `module` is that of the module: fuel is that of these bytes.
# `[abi]`: each field of a request that has all of them, as plugins read it: count, postcard, text and JSON.
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of the committed fixtures, in order.
fn fixtures() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("fixtures")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let modules = paths.filter(|path| path.extension().is_some_and(|ending| ending == "wasm"));
    let mut names: Vec<_> =
        modules.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn section(out: &mut String, fixture: &str) {
    let wasm = std::fs::read(root().join("fixtures").join(fixture).with_extension("wasm")).unwrap();
    writeln!(out, "\n[{fixture}]\nmodule = {:?}\ncalls = [", digest(&wasm)).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let engine = calls::functions(Engine::builder())
        .log_sink(move |record: &LogRecord<'_>| log.lock().unwrap().push(calls::logged(record)))
        .build()
        .unwrap();
    let module = Module::new(&engine, &wasm).unwrap();
    let plugin = Plugin::new(&module, calls::policy(fixture, &module)).unwrap();
    let logged = || core::mem::take(&mut *lines.lock().unwrap());
    calls::calls(&plugin, logged, |line| writeln!(out, "    {line},").unwrap());
    out.push_str("]\n");
}

/// Compares with the golden file, or writes it.
#[test]
fn fuel_and_bytes_are_those_of_every_machine() {
    let mut found = HEADER.to_owned();
    found.push_str("\n[abi]\n");
    boundary::fields(&mut found);
    for fixture in fixtures() {
        match OF_FEATURES.iter().find(|(name, _)| *name == fixture) {
            Some((_, feature)) => {
                writeln!(found, "\n# {fixture}: needs the feature `{feature}`").unwrap();
            }
            None => section(&mut found, &fixture),
        }
    }
    let path = root().join("tests/golden/fuel.toml");
    if std::env::var_os("CPEX_WASMI_UPDATE").is_some() {
        return std::fs::write(path, found).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    let differing: Vec<_> = expected
        .lines()
        .zip(found.lines())
        .filter(|(expected, found)| expected != found)
        .map(|(expected, found)| format!("- {expected}\n+ {found}"))
        .collect();
    assert!(
        differing.is_empty() && expected.lines().count() == found.lines().count(),
        "the golden file differs. A fixture that was built anew, and a change of what the host charges, are told by \
         `CPEX_WASMI_UPDATE=1 cargo test-all --test golden`; a machine that differs from others is a bug.\n{}",
        differing.join("\n")
    );
}
