//! The size of the least program that runs a plugin.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::Result;

/// The programs under `embedders/`, with what each can do.
pub const EMBEDDERS: [Program; 11] = [
    program("cpex-wasmi", "cpex-wasmi, without cpex-core"),
    Program {
        features: false,
        ..program("cpex-wasmi", "cpex-wasmi, without cpex-core and `text`")
    },
    program(SMALL, "cpex-wasmi, without cpex-core, built to be small"),
    Program { features: false, ..program(SMALL, SMALLEST) },
    program("cpex-core", "cpex-core alone, without a sandbox"),
    program("cpex-core-wasmi", "cpex-wasmi in cpex-core"),
    program("wasmtime-cranelift", "wasmtime, core modules, compiler included"),
    program("wasmtime-component", "wasmtime, components, compiler included"),
    program("wasmtime-cranelift-runtime", "wasmtime, precompiled core modules only, machine code"),
    program("wasmtime-pulley", "wasmtime, precompiled core modules only, Pulley"),
    program("extism", "Extism"),
];

/// The program with a profile of its own.
const SMALL: &str = "cpex-wasmi-small";

/// The smallest program that runs plugins.
pub const SMALLEST: &str = "cpex-wasmi, without cpex-core and `text`, built to be small";

/// A program to be built.
#[derive(Clone, Copy)]
pub struct Program {
    name: &'static str,
    pub what: &'static str,
    /// True if it has its default features.
    features: bool,
}

const fn program(name: &'static str, what: &'static str) -> Program {
    Program { name, what, features: true }
}

/// The size of a program.
pub struct Size {
    pub what: &'static str,
    /// Bytes of the file, stripped.
    pub bytes: u64,
}

/// True if this build of the comparison has a program.
pub fn has(program: &Program) -> bool {
    cfg!(feature = "extism") || program.name != "extism"
}

/// Builds a program and looks how large it is.
pub fn measure(&Program { name, what, features }: &Program) -> Result<Size> {
    // Where this program is: most are built with the same profile.
    let program = env::current_exe()?;
    let targets = program.parent().and_then(Path::parent).ok_or("this program is in no folder")?;
    let package = format!("embed-{name}");
    let profile = if name == SMALL { "small" } else { "release" };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--profile", profile, "--quiet", "--locked", "--ignore-rust-version"])
        .args(["--package", &package])
        .args((!features).then_some("--no-default-features"))
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
