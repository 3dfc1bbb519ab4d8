//! The machine and versions of the figures.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

/// The processor's name, and how many of them a program may use.
pub fn processor() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
        let line = info.lines().find_map(|line| line.strip_prefix("model name"))?;
        Some(line.trim_start_matches([':', '\t', ' ']).to_string())
    });
    format!("{}, {} cores", model.unwrap_or_else(|| env::consts::ARCH.into()), cores())
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

/// The operating system and its kernel.
pub fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = pretty.map_or(env::consts::OS, |name| name.trim_matches('"'));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{name}, kernel {}", kernel.trim())
}

/// The date in UTC, as ISO 8601 has it.
pub fn date() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Days since 0000-03-01, in years that end with February (H. Hinnant's `civil_from_days`).
    let days = now.as_secs() / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The commit of the checkout, and whether it was changed.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output =
            command.arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".into() };
    // What this program writes is no change.
    let changed = git(&["status", "--porcelain", "--", ":/", ":!/docs/performance*"]);
    match changed.as_deref() {
        Some("") => commit,
        _ => format!("{commit}, with changes"),
    }
}

/// The compiler's version.
pub fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or("unknown".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().trim_start_matches("rustc ").to_string()
    })
}

/// Extism's version, and that of the wasmtime it brings.
pub fn extism() -> String {
    match versions("wasmtime").first() {
        Some(wasmtime) => format!("{}, with wasmtime {wasmtime}", version("extism")),
        None => version("extism"),
    }
}

/// The version of a crate that the comparison was built with; of two, the newer.
pub fn version(name: &str) -> String {
    versions(name).pop().unwrap_or_else(|| "unknown".into())
}

/// All versions of a crate, in order.
fn versions(name: &str) -> Vec<String> {
    let lock = include_str!("../../Cargo.lock");
    let mut versions = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("name = ").is_some_and(|found| found.trim_matches('"') == name) {
            let version = lines.next().and_then(|line| line.strip_prefix("version = "));
            versions.extend(version.map(|version| version.trim_matches('"').to_string()));
        }
    }
    versions
}
