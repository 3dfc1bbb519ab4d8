//! What the initialisation of a plugin takes, and whether that fits its policy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpex_wasmi::{Error, ErrorKind, LogRecord, LogSink, Module, Plugin, Policy, Problem, Receipt};
use serde::Serialize;

use crate::style::grouped;

/// What an initialisation took.
#[derive(Serialize)]
pub(super) struct Initialisation {
    pub(super) fuel: u64,
    /// The memory of an instance that is initialised.
    pub(super) memory_bytes: u64,
    pub(super) milliseconds: u64,
}

/// For how long an initialisation is run to learn what it takes, where the policy lets it have less.
const PATIENCE: Duration = Duration::from_secs(20);

impl Initialisation {
    /// Initialises the plugin under its policy.
    ///
    /// # Errors
    ///
    /// What is in the way. If that is a limit, it says what would do.
    pub(super) fn run(module: &Module, policy: &Policy) -> Result<Self, Vec<Problem>> {
        let error = match Self::under(module, policy.clone()) {
            Ok(initialised) => return Ok(initialised),
            Err(error) => error,
        };
        let mut problems = error.problems().to_vec();
        let mut roomy = policy.clone();
        match error.kind() {
            ErrorKind::FuelExhausted => roomy.limits.init_fuel = u64::MAX,
            ErrorKind::Timeout => {}
            _ => return Err(problems),
        }
        roomy.limits.init_deadline = Some(PATIENCE);
        if let (Ok(needed), Some(first)) = (Self::under(module, roomy), problems.first_mut()) {
            first.message.push_str(&format!(
                "; its initialisation takes {} units of fuel and {} ms here, of which `init_fuel` \
                 allows {} units",
                grouped(needed.fuel),
                grouped(needed.milliseconds),
                grouped(policy.limits.init_fuel)
            ));
        }
        Err(problems)
    }

    fn under(module: &Module, policy: Policy) -> Result<Self, Error> {
        let plugin = Plugin::new(module, policy)?;
        let begun = Instant::now();
        let Receipt { fuel, peak_memory_bytes, .. } = plugin.initialize()?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Self { fuel, memory_bytes: peak_memory_bytes, milliseconds })
    }
}

/// What the host itself says of a plugin's instances. What plugins log is dropped.
#[derive(Clone, Default)]
pub(super) struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    /// The lines so far.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LogSink for Said {
    fn log(&self, record: &LogRecord<'_>) {
        if record.hook == LogRecord::HOST {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(record.message.to_owned());
        }
    }
}
