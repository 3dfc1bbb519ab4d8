//! The time to load a plugin, to initialise it, and to call it for the first time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cpex_wasmi::{Plugin, Policy};

use super::quiet;
use crate::failure::Failure;
use crate::spread::nanoseconds;
use crate::subject::Subject;

/// The most times that a plugin is loaded, and the longest time.
const LOADS: usize = 15;
const PATIENCE: Duration = Duration::from_millis(200);

/// Medians, in nanoseconds.
pub(super) struct Loaded {
    /// Validating and translating the module, holding it against the policy, and an instance.
    pub(super) load: u64,
    /// Initialising the first instance.
    pub(super) initialise: u64,
    /// The first call, with the initialisation.
    pub(super) first_call: u64,
}

/// Loads the plugin some times, each time into an engine of its own.
pub(super) fn measure(subject: &Subject, policy: &Policy) -> Result<Loaded, Failure> {
    let Subject { wasm, hook, request, .. } = subject;
    let (mut loads, mut initialised, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    let begun = Instant::now();
    while loads.len() < LOADS && (loads.is_empty() || begun.elapsed() < PATIENCE) {
        let engine = quiet(&subject.offers)?;
        let (policy, request) = (policy.clone(), Arc::clone(request));
        let loading = Instant::now();
        let plugin = Plugin::load(&engine, wasm, policy)?;
        loads.push(nanoseconds(loading.elapsed()));
        let calling = Instant::now();
        plugin.initialize()?;
        initialised.push(nanoseconds(calling.elapsed()));
        let outcome = plugin.call(hook, request);
        calls.push(nanoseconds(calling.elapsed()));
        outcome.map_err(|error| Failure::from(error).within("the first call"))?;
    }
    Ok(Loaded { load: median(loads), initialise: median(initialised), first_call: median(calls) })
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
