//! Tests of the whole: from a schema's text to messages.

mod bounds;
mod keywords;
mod messages;
mod naive;
mod parsing;
mod patterns;
mod random;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::Value;

use super::Schema;

/// The problems of a configuration, as `path: message`.
fn check(schema: &Value, config: Value) -> Vec<String> {
    let schema = Schema::parse(&schema.to_string()).unwrap();
    let found = schema.check(&config);
    found.into_iter().map(|wrong| format!("{}: {}", wrong.path, wrong.message)).collect()
}

/// The problem of a schema.
fn refuse(schema: &Value) -> Vec<String> {
    Schema::parse(&schema.to_string()).unwrap_err()
}
