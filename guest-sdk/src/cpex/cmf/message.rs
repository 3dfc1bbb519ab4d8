//! The message, and the hook that is about it.

pub use super::payload::{LazyMessage, MessagePayload};
pub use crate::cpex::records::Message;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{
    ContentPart, PromptRequest, PromptResult, Resource, ResourceReference, Role, ToolCall,
    ToolResult,
};
use crate::cpex::{PluginResult, define_hook};

/// The contents of all parts of one kind.
macro_rules! parts_of_kind {
    ($($(#[$doc:meta])* $name:ident: $variant:ident -> $ty:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self) -> Vec<&$ty> {
                self.each(|part| match part {
                    ContentPart::$variant { content } => Some(content),
                    _ => None,
                })
            }
        )*
    };
}

impl Message {
    /// A message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::with_content(role, vec![ContentPart::Text { text: text.into() }])
    }

    /// A message with these parts, of the current schema.
    pub fn with_content(role: Role, content: Vec<ContentPart>) -> Self {
        Self {
            schema_version: Self::default_schema_version(),
            role,
            content: content.into(),
            channel: None,
        }
    }

    /// The texts of all text parts, joined.
    pub fn get_text_content(&self) -> String {
        self.content
            .iter()
            .filter_map(|part| match part {
                ContentPart::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The texts of all reasoning parts, joined, if there are any.
    pub fn get_thinking_content(&self) -> Option<String> {
        let mut joined = None;
        for part in &self.content {
            if let ContentPart::Thinking { text } = part {
                joined.get_or_insert_with(String::new).push_str(text);
            }
        }
        joined
    }

    parts_of_kind! {
        /// The tool calls, in order.
        get_tool_calls: ToolCall -> ToolCall;
        /// The tool results, in order.
        get_tool_results: ToolResult -> ToolResult;
        /// The resources that came with their content, in order.
        get_resources: Resource -> Resource;
        /// The resources that are only referred to, in order.
        get_resource_refs: ResourceRef -> ResourceReference;
        /// The prompt templates that are used, in order.
        get_prompt_requests: PromptRequest -> PromptRequest;
        /// The results of prompt templates, in order.
        get_prompt_results: PromptResult -> PromptResult;
    }

    /// The URIs of all resources, with or without their content, in order.
    pub fn get_all_resource_uris(&self) -> Vec<&str> {
        self.each(|part| match part {
            ContentPart::Resource { content } => Some(content.uri.as_str()),
            ContentPart::ResourceRef { content } => Some(content.uri.as_str()),
            _ => None,
        })
    }

    /// True if a tool is called.
    pub fn is_tool_call(&self) -> bool {
        self.content.iter().any(|part| matches!(part, ContentPart::ToolCall { .. }))
    }

    /// True if a tool's result is in it.
    pub fn is_tool_result(&self) -> bool {
        self.content.iter().any(|part| matches!(part, ContentPart::ToolResult { .. }))
    }

    /// True if there is a resource, with or without its content.
    pub fn has_resources(&self) -> bool {
        self.content.iter().any(|part| {
            matches!(part, ContentPart::Resource { .. } | ContentPart::ResourceRef { .. })
        })
    }

    fn each<'a, T>(&'a self, select: impl FnMut(&'a ContentPart) -> Option<T>) -> Vec<T> {
        self.content.iter().filter_map(select).collect()
    }
}

define_hook! {
    /// The hooks that are about a message, `cmf.*`.
    CmfHook, "cmf" => {
        payload: MessagePayload,
        result: PluginResult<MessagePayload>,
    }
}
