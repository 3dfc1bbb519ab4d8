//! The place of a built module, and the way to build it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The path as it stands; but one that starts with `target/` is taken from the directory that this
/// test was built to, if the module is there.
pub(super) fn locate(path: &Path) -> PathBuf {
    std::env::current_exe().ok().and_then(|test| beside(&test, path)).unwrap_or_else(|| path.into())
}

/// Cargo builds tests to `TARGET/debug/deps/`, or `TARGET/TRIPLE/debug/deps/`.
fn beside(test: &Path, path: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix("target").ok()?;
    test.ancestors().skip(3).take(2).map(|target| target.join(rest)).find(|path| path.is_file())
}

/// The command that builds the module at `path`.
pub(super) fn build_command(path: &Path) -> String {
    let mut names = path.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let target = names.find(|name| name.starts_with("wasm32-") && !name.ends_with(".wasm"));
    let profile = match target.and_then(|_| names.next()) {
        Some("debug") => String::new(),
        None | Some("release") => " --release".into(),
        Some(profile) => format!(" --profile {profile}"),
    };
    format!("cargo build{profile} --target {}", target.unwrap_or("wasm32-unknown-unknown"))
}

/// Says, once for each file, that a test goes without it.
pub(super) fn note_missing(path: &Path) {
    static NOTED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if !NOTED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into()) {
        return;
    }
    // Not by `eprintln!`, which is seen only if a test fails.
    let _ = writeln!(
        std::io::stderr(),
        "note: tested natively only, as there is no module at {}; build it with `{}`",
        path.display(),
        build_command(path)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_builds_what_is_missing() {
        let command = |path: &str| build_command(Path::new(path));
        let release = "cargo build --release --target wasm32-unknown-unknown";
        assert_eq!(command("target/wasm32-unknown-unknown/release/a.wasm"), release);
        assert_eq!(command("modules/wasm32-a.wasm"), release);
        assert_eq!(command("/t/wasm32-wasip1/debug/a.wasm"), "cargo build --target wasm32-wasip1");
        assert_eq!(
            command("target/wasm32-wasip1/small/a.wasm"),
            "cargo build --profile small --target wasm32-wasip1"
        );
    }

    #[test]
    fn modules_are_found_where_cargo_builds() {
        let target = std::env::temp_dir().join("cpex-wasmi-guest-place");
        let module = target.join("wasm32-wasip1/release/a.wasm");
        std::fs::create_dir_all(module.parent().unwrap()).unwrap();
        std::fs::write(&module, "").unwrap();
        let asked = Path::new("target/wasm32-wasip1/release/a.wasm");
        let found = |test: &str, asked| beside(&target.join(test), asked);
        assert_eq!(found("debug/deps/test-1", asked), Some(module.clone()));
        assert_eq!(found("x86_64-unknown-linux-gnu/debug/deps/test-1", asked), Some(module));
        assert_eq!(found("debug/deps/test-1", Path::new("target/b.wasm")), None);
        assert_eq!(found("debug/deps/test-1", Path::new("wasm32-wasip1/release/a.wasm")), None);
        std::fs::remove_dir_all(&target).unwrap();
    }
}
