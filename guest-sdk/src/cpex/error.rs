//! Errors of plugins, and the reasons of their denials.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lazy::LazyMap;
use super::wire::Wire;
use crate::verdict::deny_encoded;
use crate::{Result, Verdict, deny};

/// An error of a plugin.
#[derive(Debug)]
pub enum PluginError {
    /// Something went wrong while it ran.
    Execution {
        /// The plugin.
        plugin_name: String,
        /// The failure.
        message: String,
        /// The error behind it.
        source: Option<Box<dyn core::error::Error + Send + Sync>>,
        /// A code for programs.
        code: Option<String>,
        /// Anything else worth knowing, by name.
        details: HashMap<String, Value>,
        /// The code to answer with in the protocol that carried the operation.
        proto_error_code: Option<i64>,
    },
    /// It took too long.
    Timeout {
        /// The plugin.
        plugin_name: String,
        /// The time that it was given, in milliseconds.
        timeout_ms: u64,
        /// The code to answer with in the protocol that carried the operation.
        proto_error_code: Option<i64>,
    },
    /// It denied.
    Violation {
        /// The plugin.
        plugin_name: String,
        /// The reason.
        violation: PluginViolation,
    },
    /// Its configuration does not do.
    Config {
        /// The fault in it.
        message: String,
    },
    /// It was called for a hook that it does not know.
    UnknownHook {
        /// The hook.
        hook_type: String,
    },
}

impl PluginError {
    /// Itself, in a box.
    pub fn boxed(self) -> Box<Self> {
        Box::new(self)
    }
}

impl PluginError {
    /// The text that is shown. Put together by hand, as formatting is code that few plugins need.
    pub(super) fn text(&self) -> String {
        let (name, what, why) = match self {
            Self::Execution { plugin_name, message, .. } => (plugin_name, "failed: ", message),
            Self::Timeout { plugin_name, timeout_ms, .. } => {
                let mut time = String::new();
                digits(*timeout_ms, &mut time);
                time.push_str("ms");
                return about(plugin_name, "timed out after ", &time);
            }
            Self::Violation { plugin_name, violation } => {
                (plugin_name, "denied: ", &violation.reason)
            }
            Self::Config { message } => return both("configuration error: ", message),
            Self::UnknownHook { hook_type } => return both("unknown hook type: ", hook_type),
        };
        about(name, what, why)
    }
}

fn about(plugin: &str, what: &str, why: &str) -> String {
    let mut text = both("plugin '", plugin);
    text.push_str("' ");
    text.push_str(what);
    text.push_str(why);
    text
}

fn both(one: &str, other: &str) -> String {
    let mut text = String::from(one);
    text.push_str(other);
    text
}

#[allow(clippy::cast_possible_truncation, reason = "it is one digit")]
fn digits(number: u64, out: &mut String) {
    if number >= 10 {
        digits(number / 10, out);
    }
    out.push(char::from(b'0'.wrapping_add((number % 10) as u8)));
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl core::error::Error for PluginError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Execution { source: Some(source), .. } => Some(&**source),
            _ => None,
        }
    }
}

/// The reason of a denial.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PluginViolation {
    /// A code for programs, such as `pii_access`.
    pub code: String,
    /// A short reason for people.
    pub reason: String,
    /// A longer explanation.
    pub description: Option<String>,
    /// Anything else worth knowing, by name.
    pub details: LazyMap<Value>,
    /// The plugin; the host sets it.
    pub plugin_name: Option<String>,
    /// The code to answer with in the protocol that carried the operation (such as JSON-RPC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proto_error_code: Option<i64>,
}

impl PluginViolation {
    /// A violation with a code and a reason, and nothing else.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            reason: reason.into(),
            description: None,
            details: LazyMap::new(),
            plugin_name: None,
            proto_error_code: None,
        }
    }

    /// Adds a longer explanation.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds anything else worth knowing, by name.
    #[must_use]
    pub fn with_details(mut self, details: HashMap<String, Value>) -> Self {
        self.details = details.into();
        self
    }

    /// Adds the code to answer with in the protocol that carried the operation.
    #[must_use]
    pub fn with_proto_error_code(mut self, code: i64) -> Self {
        self.proto_error_code = Some(code);
        self
    }

    /// Tells the host that this is why the operation is denied. The host knows the plugin's name.
    #[inline]
    pub(super) fn tell(&self) -> Result<Verdict> {
        let plain = self.description.is_none()
            && self.details.is_empty()
            && self.proto_error_code.is_none();
        if plain { deny(&self.code, &self.reason) } else { deny_encoded(&self.to_wire()) }
    }

    fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.code.write(&mut out);
        self.reason.write(&mut out);
        self.description.write(&mut out);
        self.details.write(&mut out);
        self.proto_error_code.write(&mut out);
        out
    }
}

impl fmt::Display for PluginViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.reason)
    }
}
