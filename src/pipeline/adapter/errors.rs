//! Errors as the engine has them.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;

use super::upstream::error::PluginError;
use serde_json::Value;

use crate::config::unprefixed;
use crate::{Error, ErrorKind, Plugin, Problem, Receipt};

/// The error that kept a plugin from loading: a mistake in its configuration, whichever it was.
pub(super) fn config(name: &str, kind: &str, problem: impl fmt::Display) -> Box<PluginError> {
    let (name, kind) = (crate::visible(name), crate::visible(kind));
    Box::new(PluginError::Config { message: format!("plugin `{name}` ({kind}): {problem}") })
}

/// An error with all these, one in each line.
pub(super) fn invalid(problems: &[Problem]) -> Box<PluginError> {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Box::new(PluginError::Config { message: lines.join("\n") })
}

/// An error of the engine's own about a configuration, which may repeat what stands in it.
pub(super) fn shown(error: PluginError) -> Box<PluginError> {
    Box::new(match error {
        PluginError::Config { message } => {
            PluginError::Config { message: crate::visible(&message) }
        }
        other => other,
    })
}

/// All problems, without the plugin's name, one after the other.
pub(super) fn joined(problems: &[Problem]) -> String {
    let messages: Vec<_> = problems.iter().map(|problem| unprefixed(&problem.message)).collect();
    messages.join("; ")
}

/// The error of a call that came to no decision.
pub(super) fn execution(plugin: &Plugin, error: Error) -> Box<PluginError> {
    within(plugin, plugin.limits().deadline, error)
}

/// The error of an initialisation.
pub(super) fn initialisation(plugin: &Plugin, error: Error) -> Box<PluginError> {
    within(plugin, plugin.limits().init_deadline, error)
}

fn within(plugin: &Plugin, deadline: Option<Duration>, error: Error) -> Box<PluginError> {
    let plugin_name = plugin.name().to_owned();
    if error.kind() == ErrorKind::Timeout {
        let timeout_ms = deadline.unwrap_or_default().as_millis();
        return Box::new(PluginError::Timeout {
            plugin_name,
            timeout_ms: u64::try_from(timeout_ms).unwrap_or(u64::MAX),
            proto_error_code: None,
        });
    }
    Box::new(PluginError::Execution {
        plugin_name,
        message: joined(error.problems()),
        code: Some(error.code().to_owned()),
        details: error.receipt().map(receipt).unwrap_or_default(),
        source: Some(Box::new(error)),
        proto_error_code: None,
    })
}

/// An outcome that the engine has no place for.
pub(super) fn unfit(unfit: impl fmt::Display, cost: Receipt) -> Error {
    let message = format!("what the plugin changed does not fit: {unfit}");
    Error::new(ErrorKind::AbiViolation, message).with_receipt(cost)
}

/// The receipt under `receipt`.
pub(super) fn receipt(receipt: &Receipt) -> HashMap<String, Value> {
    let receipt = serde_json::to_value(receipt).unwrap_or_default();
    HashMap::from([("receipt".to_string(), receipt)])
}
