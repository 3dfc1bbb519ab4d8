//! Outcomes of calls.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::mem::MaybeUninit;
use std::sync::OnceLock;

use crate::error::{Error, Failure, guarded_or};
use crate::json;
use crate::raw::Text;
use crate::receipt::Receipt;

/// The decision about an operation. Nothing but `CPEX_WASMI_DECISION_ALLOW` lets it go on.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no decision: the call failed. The operation must not go on.
    Error = 0,
    /// The operation may go on, as far as this plugin is concerned.
    Allow = 1,
    /// The operation may not go on.
    Deny = 2,
}

/// The outcome of a call. Any number of threads may read it at once. Its texts belong to it.
pub struct Outcome {
    result: Result<cpex_wasmi::Outcome, Box<Error>>,
    plugin: String,
    /// Texts in JSON, once they are asked for.
    json: OnceLock<String>,
    changes: OnceLock<String>,
}

impl Outcome {
    pub(crate) fn new(result: Result<cpex_wasmi::Outcome, Box<Error>>, plugin: &str) -> Self {
        Self { result, plugin: plugin.into(), json: OnceLock::new(), changes: OnceLock::new() }
    }

    pub(crate) fn decision(&self) -> Decision {
        match &self.result {
            Ok(outcome) if outcome.decision.is_allow() => Decision::Allow,
            Ok(_) => Decision::Deny,
            Err(_) => Decision::Error,
        }
    }

    /// The changes, if there is a decision.
    pub(crate) fn changes(&self) -> Result<&cpex_wasmi::Changes, Failure> {
        match &self.result {
            Ok(outcome) => Ok(&outcome.changes),
            Err(error) => {
                Err(Failure::argument(format!("the outcome is an error: {}", error.message())))
            }
        }
    }

    fn violation(&self) -> Option<&cpex_wasmi::Violation> {
        self.result.as_ref().ok()?.decision.violation()
    }
}

/// Returns the decision; `CPEX_WASMI_DECISION_ERROR` for null.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_decision(outcome: Option<&Outcome>) -> Decision {
    outcome.map_or(Decision::Error, Outcome::decision)
}

/// Returns the error of a call that failed, which belongs to the outcome; null for one that came to a decision.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_error(outcome: Option<&Outcome>) -> Option<&Error> {
    outcome?.result.as_ref().err().map(|error| &**error)
}

/// The reason of a denial.
#[repr(C)]
pub struct Violation<'a> {
    /// The code, such as `pii_access`.
    pub code: Text<'a>,
    /// The reason, in words.
    pub reason: Text<'a>,
    /// A longer description; or empty.
    pub description: Text<'a>,
}

/// Copies the violation of a denial to `violation`, which may be null. Returns false if the operation was not denied. The
/// violation's details are in `cpex_wasmi_outcome_json`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_violation<'a>(
    outcome: Option<&'a Outcome>,
    violation: Option<&mut MaybeUninit<Violation<'a>>>,
) -> bool {
    let denied = outcome.and_then(Outcome::violation);
    if let (Some(denied), Some(place)) = (denied, violation) {
        place.write(Violation {
            code: Text::new(&denied.code),
            reason: Text::new(&denied.reason),
            description: Text::new(denied.description.as_deref().unwrap_or("")),
        });
    }
    denied.is_some()
}

/// Returns true if the plugin changed something.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_is_changed(outcome: Option<&Outcome>) -> bool {
    guarded_or(false, || {
        let result = outcome.and_then(|outcome| outcome.result.as_ref().ok());
        result.is_some_and(|outcome| !outcome.changes.is_empty())
    })
}

/// Returns the changes as JSON: an object with the new value of each part that the plugin changed, of `payload`,
/// `labels`, `http`, `delegation`, `candidate_constraint` (null if it was cleared), `custom`, `local_state` and
/// `global_state`. An empty text if there is no decision.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_changes(outcome: Option<&Outcome>) -> Text<'_> {
    guarded_or(Text::new(""), || {
        let Some(outcome) = outcome else { return Text::new("") };
        let Ok(decided) = &outcome.result else { return Text::new("") };
        let text = || serde_json::to_string(&decided.changes).unwrap_or_default();
        Text::new(outcome.changes.get_or_init(text))
    })
}

/// Returns all of the outcome as JSON: `decision` (`allow`, `deny` or `error`), `violation`, `changes`, `metrics`,
/// `metadata` and `receipt`; of a call that failed, `decision`, `error` and `receipt`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_json(outcome: Option<&Outcome>) -> Text<'_> {
    guarded_or(Text::new(""), || {
        let Some(outcome) = outcome else { return Text::new("") };
        let text = || {
            let json = match &outcome.result {
                Ok(decided) => json::outcome(decided, &outcome.plugin),
                Err(error) => Ok(json::error(error)),
            };
            json.map(|json| json.to_string()).unwrap_or_default()
        };
        Text::new(outcome.json.get_or_init(text))
    })
}

/// Copies the receipt to `receipt`, which may be null. Returns false if no call was begun.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_receipt(
    outcome: Option<&Outcome>,
    receipt: Option<&mut MaybeUninit<Receipt>>,
) -> bool {
    let cost = outcome.and_then(|outcome| match &outcome.result {
        Ok(decided) => Some(&decided.receipt),
        Err(error) => error.receipt(),
    });
    Receipt::give(cost, receipt)
}

/// Frees an outcome. Null is fine.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_outcome_free(outcome: Option<Box<Outcome>>) {
    guarded_or((), || drop(outcome));
}
