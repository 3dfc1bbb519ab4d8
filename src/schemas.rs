//! JSON Schemas that the host compiles for plugins, and checks values by.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
#[cfg(feature = "std")]
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::SchemaFault;
use cpex_wasmi_schema::{Checked, Mismatch};
use serde_json::Value;

use crate::regex::{MAX_STATES, Pattern, Refusal};

/// The most steps of one check: some 0.03 s at the worst.
const MAX_STEPS: u32 = 200_000;

/// The states that a pattern counts as beside its own, for the memory of its searches.
const STATES_PER_PATTERN: usize = 256;

/// The bytes of text that a state counts as.
const WEIGHT_PER_STATE: usize = MAX_TEXT / MAX_STATES;

/// The bytes of a text by the states of a pattern that are searched in one step.
const WORK_PER_STEP: usize = 256;

/// The most bytes that the schemas of an instance [count as](Schema::weight) together.
pub(crate) const MAX_TEXT: usize = 256 << 10;

/// The most bytes that all shared schemas count as.
#[cfg(feature = "std")]
const SHARED_TEXT: usize = 2 * MAX_TEXT;

/// A compiled JSON Schema.
#[derive(Debug)]
pub(crate) struct Schema {
    text: Box<str>,
    schema: cpex_wasmi_schema::Schema,
    /// The number of states of its patterns, with those that each counts as.
    states: usize,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// The reasons in words, if it is invalid or outside of the supported subset.
    pub(crate) fn new(text: &str) -> Result<Self, Refusal> {
        let mut patterns = Patterns { left: Some(MAX_STATES), tried: 0 };
        match cpex_wasmi_schema::Schema::parse_with(text, &mut |text| patterns.compile(text)) {
            Ok(schema) => {
                let states = MAX_STATES.saturating_sub(patterns.left.unwrap_or(0));
                Ok(Self { text: text.into(), schema, states })
            }
            Err(problems) => Err(Refusal { reason: problems.join("; "), states: patterns.tried }),
        }
    }

    /// The text of the schema.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True if it was compiled from this.
    pub(crate) fn is(&self, text: &str) -> bool {
        *self.text == *text
    }

    /// The bytes that it counts as: those of its text, and some for each state of its patterns.
    pub(crate) fn weight(&self) -> usize {
        self.text.len().saturating_add(self.states.saturating_mul(WEIGHT_PER_STATE))
    }

    /// The number of states of its patterns, with those that each counts as.
    pub(crate) fn states(&self) -> usize {
        self.states
    }

    /// The faults of a value, or `None` if that cannot be found out within bounds; and the steps that it took.
    pub(crate) fn check(&self, value: &Value) -> (Option<Vec<SchemaFault>>, u32) {
        let Checked { mismatches, steps, .. } = self.schema.check_within(value, MAX_STEPS);
        let fault = |Mismatch { path, message, .. }| SchemaFault { pointer: path, message };
        (mismatches.map(|all| all.into_iter().map(fault).collect()), steps)
    }
}

/// The patterns of one schema: the states that are left for more. `None` once one was refused.
struct Patterns {
    left: Option<usize>,
    /// The states that were built.
    tried: usize,
}

impl Patterns {
    fn compile(&mut self, text: &str) -> Result<Box<dyn cpex_wasmi_schema::Pattern>, String> {
        // What is refused may have taken long, so that no more are tried.
        let Some(left) = self.left.take() else {
            return Err("it was not looked at, as another one was refused".into());
        };
        let pattern = Pattern::of_schema(text).map_err(|refusal| {
            self.tried = self.tried.saturating_add(refusal.states);
            refusal.reason
        })?;
        self.tried = self.tried.saturating_add(pattern.states());
        let taken = pattern.states().saturating_add(STATES_PER_PATTERN);
        self.left = left.checked_sub(taken);
        match self.left {
            Some(_) => Ok(Box::new(pattern)),
            None => Err(format!(
                "the patterns of a schema may have {MAX_STATES} states together, and each counts \
                 as {STATES_PER_PATTERN} more"
            )),
        }
    }
}

impl cpex_wasmi_schema::Pattern for Pattern {
    fn steps(&self, bytes: usize) -> u32 {
        let work = bytes.saturating_mul(self.states());
        u32::try_from(work / WORK_PER_STEP).unwrap_or(u32::MAX)
    }

    fn is_match(&self, text: &str) -> Option<bool> {
        self.is_match(text)
    }
}

/// Compiled schemas by text, for all instances of a plugin.
#[cfg(feature = "std")]
#[derive(Debug, Default)]
pub(crate) struct Cache(crate::sync::Shared<Box<str>, Schema>);

#[cfg(feature = "std")]
impl Cache {
    /// Returns the schema with this text, compiled the first time. Once the bound of shared texts is reached, others are
    /// compiled each time.
    pub(crate) fn schema(&self, text: &str) -> Result<Arc<Schema>, Refusal> {
        self.0.get_or_make(text.into(), SHARED_TEXT, Schema::weight, |text| Schema::new(text))
    }
}
