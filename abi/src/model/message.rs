//! Messages: how they are made, and their parts by kind.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{ContentPart, Message, MessagePayload, Role, ToolCall, ToolResult};

impl Message {
    /// A message with these parts, of the current schema.
    pub fn with_content(role: Role, content: Vec<ContentPart>) -> Self {
        Self { schema_version: Self::default_schema_version(), role, content, channel: None }
    }

    /// A message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::with_content(role, vec![ContentPart::Text { text: text.into() }])
    }

    /// The tool calls of the message, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.content.iter().filter_map(|part| match part {
            ContentPart::ToolCall { content } => Some(content),
            _ => None,
        })
    }

    /// The tool calls of the message, in order.
    pub fn tool_calls_mut(&mut self) -> impl Iterator<Item = &mut ToolCall> {
        self.content.iter_mut().filter_map(|part| match part {
            ContentPart::ToolCall { content } => Some(content),
            _ => None,
        })
    }

    /// The tool results of the message, in order.
    pub fn tool_results(&self) -> impl Iterator<Item = &ToolResult> {
        self.content.iter().filter_map(|part| match part {
            ContentPart::ToolResult { content } => Some(content),
            _ => None,
        })
    }

    /// The text parts of the message, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|part| match part {
            ContentPart::Text { text } => Some(text.as_str()),
            _ => None,
        })
    }
}

impl From<Message> for MessagePayload {
    fn from(message: Message) -> Self {
        Self { message }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
