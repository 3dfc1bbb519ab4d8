//! The scanner: a walk over all strings of a message's tool calls and results.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cpex::{
    CmfHook, ContentPart, Extensions, HookHandler, MessagePayload, Plugin, PluginConfig,
    PluginContext, PluginError, PluginResult, PluginViolation,
};
use crate::formats::FORMATS;
use crate::{Error, Regex};

/// The text in the place of a secret.
const MARK: &str = "[secret]";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Block,
    Mask,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    mode: Mode,
    ignore: Vec<String>,
}

/// Finds secrets, and blocks or masks them.
pub(crate) struct Scanner {
    config: PluginConfig,
    mode: Mode,
    patterns: Vec<(&'static str, Regex)>,
}

impl Scanner {
    /// Compiles the patterns that the operator wants.
    pub(crate) fn new(config: PluginConfig) -> Result<Self, Box<PluginError>> {
        let invalid = |message: String| Box::new(PluginError::Config { message });
        let settings = match &config.config {
            Some(settings) => {
                Settings::deserialize(settings).map_err(|error| invalid(error.to_string()))?
            }
            None => Settings::default(),
        };
        let wanted =
            FORMATS.iter().filter(|(name, _)| !settings.ignore.iter().any(|other| other == name));
        let patterns = wanted.map(|(name, pattern)| Ok((*name, Regex::new(pattern)?)));
        let patterns: Result<_, Error> = patterns.collect();
        let patterns = patterns.map_err(|error| invalid(error.to_string()))?;
        Ok(Self { config, mode: settings.mode, patterns })
    }

    /// Finds the secrets in all strings of a value, and masks them if the operator wants that.
    fn scan(&self, value: &mut Value, found: &mut Found) {
        match value {
            Value::String(text) => self.scan_text(text, found),
            Value::Array(values) => values.iter_mut().for_each(|value| self.scan(value, found)),
            Value::Object(members) => {
                members.values_mut().for_each(|value| self.scan(value, found));
            }
            _ => {}
        }
    }

    fn scan_text(&self, text: &mut String, found: &mut Found) {
        for (name, pattern) in &self.patterns {
            let count = pattern.find_iter(text).count();
            if count == 0 {
                continue;
            }
            found.count += count;
            found.names.insert(name);
            if self.mode == Mode::Mask
                && let Cow::Owned(masked) = pattern.replace_all(text, MARK)
            {
                *text = masked;
            }
        }
    }
}

/// The secrets of a message.
#[derive(Default)]
struct Found {
    count: usize,
    names: BTreeSet<&'static str>,
}

impl Plugin for Scanner {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Scanner {
    async fn handle(
        &self,
        payload: &MessagePayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let mut payload = payload.clone();
        let mut found = Found::default();
        for part in &mut payload.message.content {
            match part {
                ContentPart::ToolCall { content } => {
                    content.arguments.values_mut().for_each(|value| self.scan(value, &mut found));
                }
                ContentPart::ToolResult { content } => self.scan(&mut content.content, &mut found),
                _ => {}
            }
        }
        if found.count == 0 {
            return PluginResult::allow();
        }
        let mut result = match self.mode {
            Mode::Mask => PluginResult::modify_payload(payload),
            Mode::Block => PluginResult::deny(PluginViolation::new(
                "secret_found",
                "there is a secret in the arguments or the result",
            )),
        };
        result.metadata =
            Some(json!({ "secrets.found": found.count, "secrets.formats": found.names }));
        result
    }
}
