//! How long it takes until a plugin can be called, and has been called once.

use std::hint::black_box;

use crate::Result;
use crate::call::{Workload, came};
use crate::engines::{Engine, Isolation, Stored, module};
use crate::sample::{Effort, Summary, Task, interleaved};

/// A plugin loaded by an engine.
pub struct Load {
    pub engine: &'static str,
    pub policy: &'static str,
    /// Bytes of the file that was loaded.
    pub file: usize,
    pub load: Summary,
    pub with_first_call: Summary,
}

/// Measures how long each engine takes to load a policy, if it has it as a file.
pub fn measure(
    engines: &[Box<dyn Engine>],
    workload: &Workload,
    effort: Effort,
) -> Result<Vec<Load>> {
    let mut stored: Vec<(&dyn Engine, usize, Stored)> = Vec::new();
    for engine in engines {
        if engine.module(workload.policy).is_some_and(|path| path.exists()) {
            let plugin = engine.compiled(module(&**engine, workload.policy)?)?;
            stored.push((&**engine, plugin.len(), engine.store(plugin)?));
        }
    }
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (engine, _, plugin) in &stored {
        tasks.push(Box::new(|| {
            black_box(engine.load(plugin, Isolation::Pooled)?);
            Ok(())
        }));
        tasks.push(Box::new(|| {
            let handler = engine.load(plugin, Isolation::Pooled)?;
            black_box(came(&*handler, &workload.input)?);
            Ok(())
        }));
    }
    let summaries = interleaved(effort, &mut tasks)?;
    drop(tasks);
    let loads = stored.into_iter().zip(summaries.chunks(2)).map(|((engine, file, _), both)| Load {
        engine: engine.name(),
        policy: workload.policy,
        file,
        load: both[0],
        with_first_call: both[1],
    });
    Ok(loads.collect())
}
