//! The time of a call.

use std::hint::black_box;

use cpex_core::context::PluginContext;

use crate::Result;
use crate::call::{Case, Workload, cases, invoke};
use crate::engines::{Engine, Isolation};
use crate::request::Input;
use crate::sample::{Effort, Summary, Task, interleaved};

/// A row of cases for a workload.
pub struct Calls {
    pub workload: String,
    pub cases: Vec<(Case, Summary)>,
}

impl Calls {
    /// The figures of a case by its name.
    pub fn of(&self, name: &str) -> Option<Summary> {
        self.cases.iter().find(|(case, _)| case.name() == name).map(|(_, summary)| *summary)
    }
}

/// The policies, each with the requests it is measured with.
pub fn policies() -> Vec<Workload> {
    let workload = |name: &str, policy, roles: &[&str]| Workload {
        name: name.into(),
        policy,
        input: Input::tool_call(roles),
    };
    vec![
        workload("noop", "noop", &["engineer"]),
        workload("PII guard, allowed", "pii_guard", &["engineer", "hr_admin"]),
        workload("PII guard, denied", "pii_guard", &["engineer"]),
        workload("compute", "compute", &["engineer"]),
    ]
}

/// One field of a message that grows.
pub fn growth() -> Vec<Workload> {
    let sizes = [("1 B", 1), ("1 KiB", 1 << 10), ("32 KiB", 32 << 10), ("1 MiB", 1 << 20)];
    sizes.map(|(name, len)| with_text(name, "tool_name", len)).into()
}

/// Much to compute.
pub fn heavy() -> Workload {
    with_text("hash of 64 KiB", "hash_text", 64 << 10)
}

fn with_text(name: &str, policy: &'static str, len: usize) -> Workload {
    Workload { name: name.into(), policy, input: Input::tool_call(&["engineer"]).with_text(len) }
}

/// Measures calls of a workload in all engines.
pub fn measure(
    engines: &[Box<dyn Engine>],
    workload: &Workload,
    isolations: &[Isolation],
    effort: Effort,
) -> Result<Calls> {
    timed(cases(engines, workload, isolations)?, workload, effort)
}

/// Measures calls of plugins that are loaded and agree.
pub fn timed(cases: Vec<Case>, workload: &Workload, effort: Effort) -> Result<Calls> {
    let mut tasks: Vec<Task<'_>> = cases
        .iter()
        .map(|case| {
            Box::new(|| {
                let mut context = PluginContext::new();
                black_box(invoke(&*case.handler, black_box(&workload.input), &mut context)?);
                Ok(())
            }) as Task<'_>
        })
        .collect();
    let summaries = interleaved(effort, &mut tasks)?;
    drop(tasks);
    Ok(Calls { workload: workload.name.clone(), cases: cases.into_iter().zip(summaries).collect() })
}
