//! Requests in types of the embedder's own, which the host looks up field by field.

use alloc::boxed::Box;
use alloc::string::String;

use cpex_wasmi_abi::Field;
use serde_json::Value;

/// The reason why a look-up failed. It is told to the operator, not to the plugin.
pub type LookUpError = Box<dyn core::error::Error + Send + Sync>;

/// A request that stays in the embedder's own types, for [`Plugin::call_view`](crate::Plugin::call_view).
///
/// The host asks for a field when the plugin first touches it, keeps the answer for the rest of the call, and
/// charges the plugin for its bytes. It never asks for the value of a field that the plugin may not read.
///
/// A whole slot (`security`) and the whole `payload` are asked for when a plugin reads them whole, changes them, or
/// reads a record in them. All other fields are asked for alone, unless the view answers
/// [`FieldValue::InWhole`]. Credentials are always asked for as the whole slot `raw_credentials`.
///
/// A look-up that fails or panics, and a value that is not of the field's [`Shape`](cpex_wasmi_abi::Shape), ends
/// the call with [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest), whatever the plugin decided.
///
/// ```
/// use std::sync::Arc;
///
/// use cpex_wasmi::abi::Field;
/// use cpex_wasmi::{Capability, Engine, FieldValue, LookUpError, Plugin, Policy, RequestView};
/// use serde_json::json;
///
/// struct ToolCall {
///     name: &'static str,
///     labels: Vec<&'static str>,
/// }
///
/// impl RequestView for ToolCall {
///     fn count(&self, field: Field) -> Result<Option<usize>, LookUpError> {
///         Ok(Some(matches!(field, Field::Security | Field::ToolCallName).into()))
///     }
///
///     fn value(&self, field: Field, _: usize) -> Result<FieldValue, LookUpError> {
///         Ok(match field {
///             Field::ToolCallName => self.name.into(),
///             Field::SecurityLabels => json!(self.labels).into(),
///             _ => FieldValue::Absent,
///         })
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let wasm = std::fs::read("fixtures/pii_guard.wasm")?;
/// let policy = Policy::default().grant([Capability::ReadLabels, Capability::ReadRoles]);
/// let plugin = Plugin::load(&Engine::new()?, &wasm, policy)?;
///
/// let call = ToolCall { name: "get_compensation", labels: vec!["PII"] };
/// let outcome = plugin.call_view("cmf.tool_pre_invoke", Arc::new(call))?;
/// assert!(!outcome.decision.is_allow());
/// # Ok(())
/// # }
/// ```
pub trait RequestView: Send + Sync {
    /// The kind of the payload: `message`, `identity`, `delegation`, `elicitation`, or the name of a type of the
    /// embedder's own. Default: `message`.
    fn payload_type(&self) -> Result<String, LookUpError> {
        Ok("message".into())
    }

    /// Counts the elements of an indexed field. `None`: they are those in the payload. Of a whole slot, returns 1 if it
    /// is there, else 0.
    ///
    /// # Errors
    ///
    /// If that cannot be told. It fails the call.
    fn count(&self, field: Field) -> Result<Option<usize>, LookUpError>;

    /// Returns the value of a field; of an indexed field, the one at `index`.
    ///
    /// # Errors
    ///
    /// If that cannot be told. It fails the call.
    fn value(&self, field: Field, index: usize) -> Result<FieldValue, LookUpError>;
}

/// The value of a field, as a [`RequestView`] answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue {
    /// There is no value.
    Absent,
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A whole number of 0 or more.
    Unsigned(u64),
    /// A number.
    Float(f64),
    /// A value of any shape, as CPEX's JSON has it: a set is a list of texts, a map and a record are objects.
    Json(Value),
    /// The view does not have the field alone. It is to be looked up in the whole slot or payload.
    InWhole,
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for FieldValue {
    fn from(number: u64) -> Self {
        Self::Unsigned(number)
    }
}

impl From<f64> for FieldValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Value> for FieldValue {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}
