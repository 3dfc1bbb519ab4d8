//! Calls of cpex-wasmi built with its feature `portable-dispatch`. A program has one build of the
//! interpreter, so that this takes another program: this one again, built without other sandboxes.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::calls::{Calls, measure as calls, policies};
use crate::Result;
use crate::engines::{self, Isolation};
use crate::options::Options;
use crate::sample::{Effort, Summary};

/// The first argument of that program; `quick` or `whole` follows.
pub const CHILD: &str = "--measure-loop";

/// The program's report on one policy: each case with its figures.
pub struct ByLoop {
    pub workload: String,
    pub cases: Vec<(String, Summary)>,
}

impl ByLoop {
    /// True if these are calls of the same policy with the same request.
    pub fn is_of(&self, calls: &Calls) -> bool {
        self.workload == calls.workload
    }

    /// The figures of a case by its name.
    pub fn of(&self, name: &str) -> Option<Summary> {
        self.cases.iter().find(|(case, _)| case == name).map(|(_, summary)| *summary)
    }
}

/// Builds the program and has it measure the policies, natively and in cpex-wasmi.
pub fn measure(options: &Options) -> Result<Vec<ByLoop>> {
    // Where this program is: nothing of it is to be replaced while it runs.
    let program = env::current_exe()?;
    let targets = program.parent().and_then(Path::parent).ok_or("this program is in no folder")?;
    let targets = targets.join("loop");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "--ignore-rust-version"])
        .args([
            "--no-default-features",
            "--features",
            "portable-dispatch",
            "--package",
            "cpex-wasmi-compare",
            "--manifest-path",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&targets)
        .output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the program by the loop does not build: {told}").into());
    }
    let program = fs::canonicalize(targets.join("release/cpex-wasmi-compare"))?;
    let quick = if options.quick { "quick" } else { "whole" };
    let output = Command::new(program).args([CHILD, quick]).output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the program by the loop failed: {told}").into());
    }
    let told = String::from_utf8(output.stdout)?;
    let mut all: Vec<ByLoop> = Vec::new();
    for line in told.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [workload, case, median, p10, p90] = fields[..] else {
            return Err(format!("the program by the loop told `{line}`").into());
        };
        let summary = Summary { median: median.parse()?, p10: p10.parse()?, p90: p90.parse()? };
        if all.last().is_none_or(|calls| calls.workload != workload) {
            all.push(ByLoop { workload: workload.into(), cases: Vec::new() });
        }
        if let Some(calls) = all.last_mut() {
            calls.cases.push((case.into(), summary));
        }
    }
    Ok(all)
}

/// The program.
pub fn child(effort: Effort) -> Result<()> {
    if cfg!(not(feature = "portable-dispatch")) {
        return Err("this program is built without the loop".into());
    }
    let engines = engines::all()?;
    for workload in policies() {
        let calls = calls(&engines, &workload, &[Isolation::Pooled, Isolation::Pristine], effort)?;
        for (case, Summary { median, p10, p90 }) in &calls.cases {
            println!("{}\t{}\t{median}\t{p10}\t{p90}", workload.name, case.name());
        }
    }
    Ok(())
}
