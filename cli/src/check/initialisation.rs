//! The cost of a plugin's initialisation, held against its policy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpex_wasmi::{Error, ErrorKind, LogRecord, LogSink, Module, Plugin, Policy, Problem, Receipt};
use serde::Serialize;

use crate::style::{bytes, grouped};

/// The cost of an initialisation.
#[derive(Serialize)]
pub(super) struct Initialisation {
    fuel: u64,
    /// The fuel that the policy allows for it.
    init_fuel: u64,
    /// The memory of an instance that is initialised.
    memory_bytes: u64,
    milliseconds: u64,
}

/// The time that an initialisation has in a second try, to learn what it takes if its policy is too tight.
const PATIENCE: Duration = Duration::from_secs(5);

impl Initialisation {
    /// Initialises the plugin under its policy.
    ///
    /// # Errors
    ///
    /// The obstacle. For a limit, the value that would do.
    pub(super) fn run(module: &Module, policy: &Policy) -> Result<Self, Vec<Problem>> {
        let error = match Self::under(module, policy.clone()) {
            Ok(initialised) => return Ok(initialised),
            Err(error) => error,
        };
        let mut problems = error.problems().to_vec();
        let limits = &policy.limits;
        let allowed = limits.init_deadline.unwrap_or(Duration::MAX);
        let mut roomy = policy.clone();
        roomy.limits.init_fuel = u64::MAX;
        roomy.limits.init_deadline = Some(PATIENCE);
        let more = match error.kind() {
            ErrorKind::Timeout if allowed >= PATIENCE => {
                "; it was not tried for longer, and may not end at all".to_owned()
            }
            ErrorKind::FuelExhausted | ErrorKind::Timeout => match Self::under(module, roomy) {
                Ok(needed) => format!(
                    "; its initialisation takes {} units of fuel and {} ms here; `init_fuel` \
                     allows {} units, and `max_init_time_ms` {} ms",
                    grouped(needed.fuel),
                    grouped(needed.milliseconds),
                    grouped(limits.init_fuel),
                    grouped(milliseconds(allowed)),
                ),
                Err(error) if error.kind() == ErrorKind::Timeout => format!(
                    "; tried again with unlimited fuel, it did not end within {} s either \
                     (`max_init_time_ms` allows {} ms), and may not end at all",
                    PATIENCE.as_secs(),
                    grouped(milliseconds(allowed)),
                ),
                Err(error) => format!("; tried again with more of both, it fails: {error}"),
            },
            _ => return Err(problems),
        };
        if let Some(first) = problems.first_mut() {
            first.message.push_str(&more);
        }
        Err(problems)
    }

    /// Says what it takes, on one line.
    pub(super) fn told(&self) -> String {
        let Self { fuel, init_fuel, memory_bytes, milliseconds } = self;
        let (fuel, init_fuel, memory) = (grouped(*fuel), grouped(*init_fuel), bytes(*memory_bytes));
        format!("fuel {fuel} of {init_fuel} · memory {memory} · {milliseconds} ms")
    }

    fn under(module: &Module, policy: Policy) -> Result<Self, Error> {
        let init_fuel = policy.limits.init_fuel;
        let plugin = Plugin::new(module, policy)?;
        let begun = Instant::now();
        let Receipt { fuel, peak_memory_bytes, .. } = plugin.initialize()?;
        let milliseconds = milliseconds(begun.elapsed());
        Ok(Self { fuel, init_fuel, memory_bytes: peak_memory_bytes, milliseconds })
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A sink for the host's own lines about a plugin's instances. It drops the plugin's lines.
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
