//! A compiler for wasm: the installed toolchain, if it has the target, else Debian's.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::args::Target;
use crate::failure::Failure;
use crate::terminal;

/// The least version of the compiler that builds plugins.
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Debian's packages with a complete newer compiler.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "libstd-rust-web-dev",
    "lld-22",
    "wasi-libc",
];

/// The directories of Debian's compiler, and of its C library for WASI.
const BIN: &str = "/usr/bin";
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// A compiler for wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The installed one, which has the target.
    Installed,
    /// Debian's, which builds the standard library along.
    Debian(Target),
}

impl Toolchain {
    /// Finds a compiler for the target, and installs one if that is wanted.
    ///
    /// # Errors
    ///
    /// `no_wasm_target` if there is none, with the commands that install one.
    pub(super) fn find(target: Target, root: &Path, install: bool) -> Result<Self, Failure> {
        if let Some(found) = Self::there(target, root) {
            return Ok(found);
        }
        let name = target.name();
        let mut message = format!("no compiler here can build for {name}");
        if install {
            match installed(target, root).then(|| Self::there(target, root)).flatten() {
                Some(found) => return Ok(found),
                None => message.push_str(", and none can be installed"),
            }
        }
        let more = if install { "" } else { "; `cpex-wasmi build --install` runs that for you" };
        Err(Failure::failed("no_wasm_target", message).hint(format!(
            "run `rustup target add {name}`, or where that is not possible, on Debian: `apt-get install -y \
             --no-install-recommends {}`{more}",
            PACKAGES.join(" ")
        )))
    }

    fn there(target: Target, root: &Path) -> Option<Self> {
        if has_target(target, root) {
            return Some(Self::Installed);
        }
        has_debians(target).then_some(Self::Debian(target))
    }

    /// The name for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Installed => "with the installed toolchain",
            Self::Debian(_) => "with Debian's compiler",
        }
    }

    /// Adds what cargo needs to build with it.
    pub(super) fn set_up(self, command: &mut Command) {
        let Self::Debian(target) = self else { return };
        // As rustup's cargo is no longer in charge, its settings are not either.
        for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(name);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(PathBuf::from(BIN)).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(paths) {
            command.env("PATH", path);
        }
        command.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
        if target == Target::Wasip1 {
            let name = target.name();
            command.arg("--config");
            command.arg(format!("target.{name}.rustflags=[\"-L\", \"{WASI_LIBC}\"]"));
        }
    }
}

/// True if the toolchain that the project is built with has the target.
fn has_target(target: Target, root: &Path) -> bool {
    let args = ["--print", "target-libdir", "--target", target.name()];
    let printed = Command::new("rustc").args(args).current_dir(root).stderr(Stdio::null()).output();
    printed.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(path.trim()).is_dir()
    })
}

/// True if Debian's compiler is installed, with the sources of the standard library.
fn has_debians(target: Target) -> bool {
    let rustc = Path::new(BIN).join("rustc");
    let printed = |args: &[&str]| {
        let output = Command::new(&rustc).args(args).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let is_new = printed(&["--version"]).is_some_and(|text| is_new_enough(&text));
    let sources = || {
        let root = printed(&["--print", "sysroot"])?;
        Some(Path::new(root.trim()).join("lib/rustlib/src/rust/library/std").is_dir())
    };
    let has_libc = target != Target::Wasip1 || Path::new(WASI_LIBC).is_dir();
    is_new && has_libc && Path::new(BIN).join("cargo").is_file() && sources() == Some(true)
}

/// True if `rustc --version` tells of a version that builds plugins.
fn is_new_enough(text: &str) -> bool {
    let numbers = |version: &str| -> Option<Vec<u32>> {
        let numbers = version.split(['.', '-']).take(2);
        numbers.map(|number| number.parse().ok()).collect()
    };
    let version = text.strip_prefix("rustc ").and_then(|rest| numbers(rest.split(' ').next()?));
    version.is_some_and(|version| numbers(RUST_VERSION).is_some_and(|least| version >= least))
}

/// Installs the target, or Debian's compiler. Says on the standard error what it runs.
fn installed(target: Target, root: &Path) -> bool {
    let run = |program: &str, args: &[&str]| -> io::Result<bool> {
        terminal::note(&format!("running {program} {}\n", args.join(" ")));
        // The standard output is for what is built.
        let status =
            Command::new(program).args(args).current_dir(root).stdout(io::stderr()).status()?;
        Ok(status.success())
    };
    if run("rustup", &["target", "add", target.name()]).unwrap_or(false) {
        return true;
    }
    let install = [&["install", "-y", "--no-install-recommends"], PACKAGES].concat();
    let apt = |program: &str, first: &[&str]| {
        run(program, &[first, &["update"]].concat()).unwrap_or(false)
            && run(program, &[first, install.as_slice()].concat()).unwrap_or(false)
    };
    apt("apt-get", &[]) || apt("sudo", &["apt-get"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_that_is_too_old_is_none() {
        assert!(is_new_enough(&format!("rustc {RUST_VERSION}.0 (abc 2026-01-01)")));
        assert!(is_new_enough("rustc 2.0.0-nightly"));
        assert!(!is_new_enough("rustc 1.63.0") && !is_new_enough("gcc 14") && !is_new_enough(""));
    }
}
