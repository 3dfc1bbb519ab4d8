//! The memory of plugins. Each engine is measured in a process of its own, which is
//! this program again.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use cpex_core::registry::AnyHookHandler;

use crate::Result;
use crate::call::came;
use crate::engines::{Engine, Isolation, by_name, module};
use crate::request::Input;

/// The first argument of such a process; the engine's name and a folder with plugins follow.
pub const CHILD: &str = "--measure-memory-of";

/// The policy that is loaded again and again.
pub const POLICY: &str = "noop";

/// The number of further plugins.
pub const MORE: usize = 20;

/// The report of a process.
pub struct Memory {
    pub engine: &'static str,
    /// Kilobytes that the first plugin made resident, its engine and the code of both included.
    pub first: f64,
    /// Kilobytes for each more plugin.
    pub more: f64,
    /// Seconds from the engine's making to the end of the first call, in a process that has done nothing yet.
    pub cold: f64,
}

/// Has a process of its own measure an engine. The plugins are made here: what compiles in advance is not
/// to be measured. No two are the same, so that nothing of one serves another.
pub fn measure(engine: &dyn Engine) -> Result<Memory> {
    let name = engine.name();
    let folder = tempfile::tempdir()?;
    for number in 0..=MORE {
        let plugin = marked(module(engine, POLICY)?, number);
        fs::write(folder.path().join(number.to_string()), engine.compiled(plugin)?)?;
    }
    let output =
        Command::new(env::current_exe()?).args([CHILD, name]).arg(folder.path()).output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: the process that measures memory failed: {told}").into());
    }
    let told = String::from_utf8(output.stdout)?;
    let figures = told.split_whitespace().map(|word| word.parse::<f64>());
    match figures.collect::<Result<Vec<_>, _>>()?[..] {
        [first, more, cold] => Ok(Memory { engine: name, first, more, cold }),
        _ => Err(format!("{name}: the process that measures memory told `{told}`").into()),
    }
}

/// A module or component with a custom section that makes it another file.
fn marked(mut module: Vec<u8>, number: usize) -> Vec<u8> {
    // Section 0, three bytes: a name of one byte, and one byte of content.
    module.extend([0, 3, 1, b'n', number as u8]);
    module
}

/// The work of such a process: loads a plugin and calls it once, then others like it.
pub fn child(name: &str, folder: &Path) -> Result<()> {
    let input = Input::tool_call(&["engineer"]);
    let plugin = |number: usize| fs::read(folder.join(number.to_string()));
    let mut plugins = (0..=MORE).map(plugin).collect::<std::io::Result<Vec<_>>>()?.into_iter();
    let load = |engine: &dyn Engine, plugin: Vec<u8>| -> Result<Arc<dyn AnyHookHandler>> {
        let handler = engine.load(&engine.store(plugin)?, Isolation::Pooled)?;
        came(&*handler, &input)?;
        Ok(handler)
    };
    let before = resident()?;
    let begun = Instant::now();
    let engine = by_name(name)?;
    let mut handlers = vec![load(&*engine, plugins.next().unwrap_or_default())?];
    let cold = begun.elapsed().as_secs_f64();
    let first = resident()?;
    for plugin in plugins {
        handlers.push(load(&*engine, plugin)?);
    }
    let more = (resident()? - first) / MORE as f64;
    println!("{} {more} {cold}", first - before);
    Ok(())
}

/// Kilobytes of this process that are resident.
fn resident() -> Result<f64> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
    let figure = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(figure.ok_or("/proc/self/smaps_rollup has no Rss")?.parse()?)
}
