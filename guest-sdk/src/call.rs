//! One call of a hook.

use crate::result::check;
use crate::value::encode_value;
use crate::{Field, JsonMap, Record, Result, Value, sys};

/// One call of a hook: the way to everything the plugin may read and change.
///
/// Nothing is fetched until it is asked for.
#[derive(Debug)]
pub struct Call {
    hook: &'static str,
}

impl Call {
    pub(crate) const fn new(hook: &'static str) -> Self {
        Self { hook }
    }

    /// The name of the hook, such as `cmf.tool_pre_invoke`.
    pub const fn hook(&self) -> &'static str {
        self.hook
    }

    /// The custom slot: anything, by name.
    pub const fn custom(&self) -> JsonMap {
        JsonMap::of(Field::Custom)
    }

    /// The request to a model, as its body was parsed. It takes the capability `read_llm_request`.
    pub const fn llm_request(&self) -> Record {
        Record::of(Field::LlmRequest)
    }

    /// State of this plugin that lasts for the request.
    pub const fn local_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextLocal)
    }

    /// State that all plugins of the request share.
    pub const fn global_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextGlobal)
    }

    /// The operator's configuration of this plugin. It cannot be changed.
    pub const fn config(&self) -> JsonMap {
        JsonMap::of(Field::Config)
    }

    /// Adds to a counter, such as `secrets.masked`, for the operator.
    ///
    /// It is told with the outcome of the call, also of a denial; a call that fails tells of none. The name has 1 to 128
    /// letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    ///
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for another name,
    /// [`Status::QuotaExceeded`](crate::Status::QuotaExceeded) if the call may report no more.
    pub fn count(&self, name: &str, added: u32) -> Result<()> {
        check(sys::metric(name.as_bytes(), added)).map(drop)
    }

    /// Attaches a value to the outcome of the call, for the operator, in the place of one with that key.
    ///
    /// The key has 1 to 128 bytes, and no control characters.
    ///
    /// ```no_run
    /// # use cpex_wasmi_guest::prelude::*;
    /// fn handler(call: &Call) -> Result<Verdict> {
    ///     call.count("requests.checked", 1)?;
    ///     call.metadata("rules", "2026-07")?;
    ///     allow()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`count`](Self::count), and [`Status::TooLarge`](crate::Status::TooLarge) for a value of more than 1 MiB.
    pub fn metadata(&self, key: &str, value: impl Into<Value>) -> Result<()> {
        check(sys::metadata(key.as_bytes(), &encode_value(&value.into()))).map(drop)
    }

    /// As [`metadata`](Self::metadata), of a value given as JSON text.
    ///
    /// # Errors
    ///
    /// As [`metadata`](Self::metadata), and [`Status::Malformed`](crate::Status::Malformed) if the text is not JSON.
    pub fn metadata_json(&self, key: &str, json: &str) -> Result<()> {
        check(sys::metadata_json(key.as_bytes(), json.as_bytes())).map(drop)
    }
}
