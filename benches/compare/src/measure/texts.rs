//! Work on texts: patterns, a hash, a counter.

use super::calls::{Calls, measure as calls, timed};
use crate::Result;
use crate::call::{Workload, agree, loaded};
use crate::engines::{Engine, Isolation};
use crate::request::{Input, Secrets};
use crate::sample::Effort;

/// The sizes of texts that are scanned, in KiB.
pub const SIZES: [(&str, usize); 4] =
    [("1 KiB", 1), ("10 KiB", 10), ("100 KiB", 100), ("1 MiB", 1 << 10)];

/// The number of steps that are told of.
pub const STEPS: usize = Secrets::ALL.len() + 3;

/// Calls that work on texts, all in pooled instances.
pub struct Texts {
    /// Scans of texts, each by its size.
    pub scans: Vec<(Secrets, Vec<Calls>)>,
    /// Masking of the strings of a tree, without and with secrets.
    pub masks: Vec<Calls>,
    pub sha256: Calls,
    pub rate_limit: Calls,
}

impl Texts {
    /// All calls.
    pub fn all(&self) -> impl Iterator<Item = &Calls> {
        let scans = self.scans.iter().flat_map(|(_, sizes)| sizes);
        scans.chain(&self.masks).chain([&self.sha256, &self.rate_limit])
    }

    /// Scans of texts with so many secrets, by size.
    pub fn scans_of(&self, secrets: Secrets) -> &[Calls] {
        let scans = self.scans.iter().find(|(of, _)| *of == secrets);
        scans.map(|(_, sizes)| &**sizes).unwrap_or_default()
    }
}

/// The policy that scans and masks, with the request it is loaded for.
pub fn secrets() -> Workload {
    Workload { name: "secrets".into(), policy: "secrets", input: Input::text(1, Secrets::None) }
}

/// Measures all of it, and tells of each step.
pub fn measure(engines: &[Box<dyn Engine>], effort: Effort, step: impl Fn(&str)) -> Result<Texts> {
    let pooled = &[Isolation::Pooled];
    let scanners = loaded(engines, "secrets", pooled)?;
    let mut scans = Vec::new();
    for secrets in Secrets::ALL {
        step(&format!("calls: scan, {}", secrets.name()));
        let mut sizes = Vec::new();
        for (size, kib) in SIZES {
            let name = format!("scan of {size}, {}", secrets.name());
            let workload = Workload { name, policy: "secrets", input: Input::text(kib, secrets) };
            agree(&scanners, &workload.input)?;
            sizes.push(timed(scanners.clone(), &workload, effort)?);
        }
        scans.push((secrets, sizes));
    }
    step("calls: mask all strings");
    let mut masks = Vec::new();
    for (name, secrets) in [("clean", Secrets::None), ("8 matches", Secrets::Many)] {
        let name = format!("mask of 100 KiB of JSON, {name}");
        let workload = Workload { name, policy: "secrets", input: Input::records(secrets) };
        agree(&scanners, &workload.input)?;
        masks.push(timed(scanners.clone(), &workload, effort)?);
    }
    let one = |name: &str, policy, input| -> Result<Calls> {
        step(&format!("calls: {name}"));
        calls(engines, &Workload { name: name.into(), policy, input }, pooled, effort)
    };
    let sha256 = one("SHA-256 of 64 KiB", "sha256", Input::text(64, Secrets::None))?;
    let rate_limit = one("rate limit", "rate_limit", Input::tool_call(&["engineer"]))?;
    Ok(Texts { scans, masks, sha256, rate_limit })
}
