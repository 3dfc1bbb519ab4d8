//! Prompt templates that an agent uses.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use super::{JsonMap, Message, json, serialize_both};

/// A prompt template that is used.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PromptRequest {
    /// The correlation identifier.
    pub prompt_request_id: String,
    /// The template's name.
    pub name: String,
    /// The arguments, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub arguments: JsonMap,
    /// The server it is on.
    #[serde(default)]
    pub server_id: Option<String>,
}

serialize_both!(PromptRequest {
    prompt_request_id,
    name,
    arguments as json_map,
    server_id as optional,
});

/// What a prompt template gave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PromptResult {
    /// The correlation identifier of the request.
    pub prompt_request_id: String,
    /// The template's name.
    pub prompt_name: String,
    /// The messages it gave.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// The text it gave, if it is a simple one.
    #[serde(default)]
    pub content: Option<String>,
    /// Whether it failed.
    #[serde(default)]
    pub is_error: bool,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
}

serialize_both!(PromptResult {
    prompt_request_id,
    prompt_name,
    messages,
    content as optional,
    is_error,
    error_message as optional,
});
