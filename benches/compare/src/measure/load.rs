//! The time until a plugin can be called, and has been called once.

use std::fs;
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
    /// None if nothing was made that could be called.
    pub with_first_call: Option<Summary>,
}

/// The interpreter that cpex-wasmi has, and nothing around it.
const ALONE: &str = "wasmi alone, to translate";

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
    // The least that a load can take which leaves nothing to be translated in a call.
    let known = engines.iter().find(|engine| engine.name() == "cpex-wasmi cpex-style");
    let path = known.and_then(|engine| engine.module(workload.policy));
    let alone = path.filter(|path| path.exists()).map(fs::read).transpose()?;
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
    if let Some(wasm) = &alone {
        tasks.push(Box::new(move || {
            black_box(wasmi::Module::new(&wasmi::Engine::new(&config()), wasm)?);
            Ok(())
        }));
    }
    let summaries = interleaved(effort, &mut tasks)?;
    drop(tasks);
    let loads = stored.iter().zip(summaries.chunks(2)).map(|((engine, file, _), both)| Load {
        engine: engine.name(),
        policy: workload.policy,
        file: *file,
        load: both[0],
        with_first_call: Some(both[1]),
    });
    let alone = alone.iter().zip(summaries.last()).map(|(wasm, load)| Load {
        engine: ALONE,
        policy: workload.policy,
        file: wasm.len(),
        load: *load,
        with_first_call: None,
    });
    Ok(loads.chain(alone).collect())
}

/// The settings of cpex-wasmi, as far as they matter here.
fn config() -> wasmi::Config {
    let mut config = wasmi::Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(wasmi::CompilationMode::Eager)
        .enforced_limits(wasmi::EnforcedLimits::strict());
    config
}
