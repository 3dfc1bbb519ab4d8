//! JSON Schemas that the host compiles for plugins, and checks values by.

use alloc::boxed::Box;
use alloc::string::String;
#[cfg(feature = "std")]
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::SchemaFault;
use cpex_wasmi_schema::{Checked, Mismatch};
use serde_json::Value;

/// The most steps of one check: some 0.03 s at the worst.
const MAX_STEPS: u32 = 200_000;

/// The most bytes of text that the schemas of an instance have together.
pub(crate) const MAX_TEXT: usize = 256 << 10;

/// The most bytes of text of all schemas that are shared.
#[cfg(feature = "std")]
const SHARED_TEXT: usize = 2 * MAX_TEXT;

/// A compiled JSON Schema.
#[derive(Debug)]
pub(crate) struct Schema {
    text: Box<str>,
    schema: cpex_wasmi_schema::Schema,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// The reasons in words, if it is invalid or outside of the supported subset.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        match cpex_wasmi_schema::Schema::parse(text) {
            Ok(schema) => Ok(Self { text: text.into(), schema }),
            Err(problems) => Err(problems.join("; ")),
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

    /// The size of its text, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The faults of a value, or `None` if that cannot be found out within bounds; and the steps that it took.
    pub(crate) fn check(&self, value: &Value) -> (Option<Vec<SchemaFault>>, u32) {
        let Checked { mismatches, steps, .. } = self.schema.check_within(value, MAX_STEPS);
        let fault = |Mismatch { path, message, .. }| SchemaFault { pointer: path, message };
        (mismatches.map(|all| all.into_iter().map(fault).collect()), steps)
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
    pub(crate) fn schema(&self, text: &str) -> Result<Arc<Schema>, String> {
        self.0.get_or_make(text.into(), SHARED_TEXT, Schema::len, |text| Schema::new(text))
    }
}
