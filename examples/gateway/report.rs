//! The calls of the plugins and their cost, in columns.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cpex_wasmi::Receipt;
use cpex_wasmi::cpex::CallRecord;

/// The records of plugins since the last look, shared by all sinks.
#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<Vec<Row>>>);

impl Report {
    pub(crate) fn add(&self, row: Row) {
        self.rows().push(row);
    }

    pub(crate) fn take(&self) -> Vec<Row> {
        std::mem::take(&mut *self.rows())
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, Vec<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call of one plugin.
pub(crate) struct Row {
    plugin: String,
    did: String,
    /// Facts about sandboxed plugins only.
    cost: Option<Receipt>,
}

impl Row {
    pub(crate) fn native(plugin: &str, did: String) -> Self {
        Self { plugin: plugin.to_owned(), did, cost: None }
    }
}

impl From<&CallRecord<'_>> for Row {
    fn from(call: &CallRecord<'_>) -> Self {
        let mut did = match call.result {
            Ok(decision) => match decision.violation() {
                None => "allows".to_owned(),
                Some(violation) => format!("denies: {}", violation.code),
            },
            Err(error) => format!("fails: {}", error.code()),
        };
        if !call.changed.is_empty() {
            did.push_str(", changes ");
            did.push_str(&call.changed.join(", "));
        }
        Self { plugin: call.plugin.to_owned(), did, cost: Some(call.receipt) }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, did, cost } = self;
        let [fuel, memory, calls] = match cost {
            Some(cost) => [
                thousands(cost.fuel),
                format!("{} KiB", cost.peak_memory_bytes >> 10),
                cost.host_calls.to_string(),
            ],
            None => ["-", "-", "-"].map(str::to_owned),
        };
        columns(f, &format!("  {plugin}"), [&fuel, &memory, &calls])?;
        write!(f, "   {did}")
    }
}

/// The line above the rows of a hook.
pub(crate) struct Heading<'a>(pub(crate) &'a str);

impl fmt::Display for Heading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        columns(f, self.0, ["fuel", "memory", "host calls"])
    }
}

fn columns(f: &mut fmt::Formatter<'_>, name: &str, cost: [&str; 3]) -> fmt::Result {
    let [fuel, memory, calls] = cost;
    write!(f, "  {name:<24} {fuel:>9} {memory:>9} {calls:>11}")
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}
