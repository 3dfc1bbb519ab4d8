//! The result of the functions `schema_check` and `schema_check_json`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// A value that does not fit a JSON Schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFault {
    /// The JSON Pointer of the value; empty if it is the whole. A name of more than 64 characters is cut, and ends with `…`.
    pub pointer: String,
    /// The problem in words, such as `must be at least 1`.
    pub message: String,
}
