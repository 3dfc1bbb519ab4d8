//! Plugins run where no memory can become executable.
#![cfg(target_os = "linux")]
// Asking the kernel for it takes unsafe code; the host has none.
#![allow(unsafe_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::io::{Error, Write as _};
use std::path::{Path, PathBuf};
use std::ptr;

use common::*;
use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{Limits, Plugin, Request};

const PAGE: usize = 1 << 12;

/// Forbids this process to make memory executable, from here to its end. False if the kernel, older
/// than 6.3, does not know how.
fn forbid() -> bool {
    let (on, none): (libc::c_ulong, libc::c_ulong) = (libc::PR_MDWE_REFUSE_EXEC_GAIN.into(), 0);
    // SAFETY: this call takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_MDWE, on, none, none, none) == 0 }
}

/// The kernel's answer for a page with these rights that then gets those.
fn mapped(first: libc::c_int, then: libc::c_int) -> Result<(), Error> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new page, at an address that the kernel chooses.
    let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, first, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(Error::last_os_error());
    }
    // SAFETY: the page is ours, and nothing is in it.
    let changed = match unsafe { libc::mprotect(page, PAGE, then) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    };
    // SAFETY: the page is ours, and not used from here on.
    assert_eq!(unsafe { libc::munmap(page, PAGE) }, 0);
    changed
}

/// The places in the memory that are executable.
fn executable() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let executable = maps.lines().filter(|line| line.split(' ').nth(1).unwrap().contains('x'));
    executable.map(str::to_owned).collect()
}

/// All committed modules.
fn modules() -> BTreeMap<PathBuf, Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = [fixtures.clone(), fixtures.join("wat")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let paths = paths.filter(|path| {
        path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat")
    });
    paths.map(|path| (path.clone(), wat::parse_file(&path).unwrap())).collect()
}

/// The result of loading a module and calling each of its hooks.
fn outcome(wasm: &[u8]) -> String {
    let limits = Limits::default().fuel(5_000_000).deadline(None);
    let policy = trusting().allow_raw_credentials().limits(limits);
    let plugin = match Plugin::load(&engine(), wasm, policy.clone()) {
        Err(error) if error.to_string().contains("state") => {
            Plugin::load(&engine(), wasm, policy.pooled(1).allow_state())
        }
        loaded => loaded,
    };
    let plugin = match plugin {
        Ok(plugin) => plugin,
        Err(error) => return error.code().to_owned(),
    };
    let calls = plugin.module().manifest().hooks.iter().map(|hook| {
        let request = match hook.as_str() {
            "identity.resolve" => Request::new(IdentityPayload::new("a-token", "bearer")),
            _ => Request::tool_call("search").label("PII").role("engineer"),
        };
        match plugin.call(hook, request) {
            Ok(outcome) if outcome.decision.is_allow() => "allow",
            Ok(_) => "deny",
            Err(error) => error.code(),
        }
    });
    calls.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_fixture_runs_where_no_memory_can_become_executable() {
    let modules = modules();
    assert!(modules.len() > 50, "the fixtures are missing");
    let outcomes = || -> BTreeMap<&Path, String> {
        modules.iter().map(|(path, wasm)| (path.as_path(), outcome(wasm))).collect()
    };
    let usual = outcomes();
    for code in ["allow", "deny", "wasm_trap", "fuel_exhausted", "invalid_module"] {
        assert!(usual.values().any(|outcome| outcome.contains(code)), "{usual:#?}");
    }

    let (write, execute) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_READ | libc::PROT_EXEC);
    // What is refused below is granted before, unless the machine forbids it to all.
    if let Err(error) = mapped(write, execute) {
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
    }
    if !forbid() {
        // Past the harness, which shows nothing of tests that pass.
        let error = Error::last_os_error();
        writeln!(
            std::io::stderr(),
            "skipped: no ban on executable memory before Linux 6.3: {error}"
        )
        .unwrap();
        return;
    }
    for (first, then) in [(write, execute), (write | libc::PROT_EXEC, execute)] {
        let refused = mapped(first, then).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied, "{refused}");
    }
    let before = executable();
    assert_eq!(outcomes(), usual);
    assert_eq!(executable(), before);
}
