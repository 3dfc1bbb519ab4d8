//! The size of the least program that runs a plugin.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::Result;

/// The programs under `embedders/`, with what each can do.
pub const EMBEDDERS: [(&str, &str); 9] = [
    ("cpex-wasmi", "cpex-wasmi, without cpex-core"),
    (SMALL, "cpex-wasmi, without cpex-core, built to be small"),
    ("cpex-core", "cpex-core alone, without a sandbox"),
    ("cpex-core-wasmi", "cpex-wasmi in cpex-core"),
    ("wasmtime-cranelift", "wasmtime, core modules, compiler included"),
    ("wasmtime-component", "wasmtime, components, compiler included"),
    ("wasmtime-cranelift-runtime", "wasmtime, precompiled core modules only, machine code"),
    ("wasmtime-pulley", "wasmtime, precompiled core modules only, Pulley"),
    ("extism", "Extism"),
];

/// The one that has a profile of its own.
const SMALL: &str = "cpex-wasmi-small";

/// A program.
pub struct Size {
    pub what: &'static str,
    /// Bytes of the file, stripped.
    pub bytes: u64,
}

/// True if this build of the comparison has a program.
pub fn has(embedder: &str) -> bool {
    cfg!(feature = "extism") || embedder != "extism"
}

/// Builds a program and looks how large it is.
pub fn measure((name, what): (&str, &'static str)) -> Result<Size> {
    // Where this program is: most are built with the same profile.
    let program = env::current_exe()?;
    let targets = program.parent().and_then(Path::parent).ok_or("this program is in no folder")?;
    let package = format!("embed-{name}");
    let profile = if name == SMALL { "small" } else { "release" };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--profile", profile, "--quiet", "--locked", "--ignore-rust-version"])
        .args(["--package", &package])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(targets)
        .output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{package} does not build: {told}").into());
    }
    let program = targets.join(profile).join(package);
    Ok(Size { what, bytes: fs::metadata(program)?.len() })
}
