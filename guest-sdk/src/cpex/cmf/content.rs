//! The parts that a message is made of.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AudioSource, DocumentSource, ImageSource, Message, Resource, ResourceReference, VideoSource,
};
use crate::cpex::wire::{Reader, Wire, put_number, record};

record! {
    /// A tool that is called.
    #[derive(Debug)]
    pub struct ToolCall {
        /// The correlation identifier.
        pub tool_call_id: String,
        /// The tool's name.
        pub name: String,
        /// The arguments, by name.
        #[serde(default)]
        pub arguments: HashMap<String, Value>,
        /// The tool's namespace.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub namespace: Option<String>,
    }
}

record! {
    /// What a tool gave.
    #[derive(Debug)]
    pub struct ToolResult {
        /// The correlation identifier of the call.
        pub tool_call_id: String,
        /// The tool's name.
        pub tool_name: String,
        /// The result.
        #[serde(default)]
        pub content: Value,
        /// Whether the result is an error.
        #[serde(default)]
        pub is_error: bool,
    }
}

record! {
    /// A prompt template that is used.
    #[derive(Debug)]
    pub struct PromptRequest {
        /// The correlation identifier.
        pub prompt_request_id: String,
        /// The template's name.
        pub name: String,
        /// The arguments, by name.
        #[serde(default)]
        pub arguments: HashMap<String, Value>,
        /// The server it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub server_id: Option<String>,
    }
}

record! {
    /// What a prompt template gave.
    #[derive(Debug)]
    pub struct PromptResult {
        /// The correlation identifier of the request.
        pub prompt_request_id: String,
        /// The template's name.
        pub prompt_name: String,
        /// The messages it gave.
        #[serde(default)]
        pub messages: Vec<Message>,
        /// The text it gave, if it is a simple one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub content: Option<String>,
        /// Whether it failed.
        #[serde(default)]
        pub is_error: bool,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error_message: Option<String>,
    }
}

/// Declares [`ContentPart`] with its encoding: the position of the variant, and its one field.
macro_rules! parts {
    ($($(#[$doc:meta])* $position:literal $variant:ident { $field:ident: $ty:ty },)*) => {
        /// One part of a message's content.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(tag = "content_type", rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the kind of part says what is in it")]
        pub enum ContentPart {
            $($(#[$doc])* $variant { $field: $ty },)*
        }

        impl Wire for ContentPart {
            fn read(reader: &mut Reader<'_>) -> Self {
                match reader.number() {
                    $($position => Self::$variant { $field: Wire::read(reader) },)*
                    _ => {
                        reader.fail();
                        Self::Text { text: String::new() }
                    }
                }
            }

            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $field } => {
                        put_number(out, $position);
                        $field.write(out);
                    })*
                }
            }
        }
    };
}

parts! {
    /// Plain text.
    0 Text { text: String },
    /// A model's reasoning.
    1 Thinking { text: String },
    /// A tool that is called.
    2 ToolCall { content: ToolCall },
    /// What a tool gave.
    3 ToolResult { content: ToolResult },
    /// A resource with its content.
    4 Resource { content: Resource },
    /// A resource without its content.
    5 ResourceRef { content: ResourceReference },
    /// A prompt template that is used.
    6 PromptRequest { content: PromptRequest },
    /// What a prompt template gave.
    7 PromptResult { content: PromptResult },
    /// An image.
    8 Image { content: ImageSource },
    /// A video.
    9 Video { content: VideoSource },
    /// A sound.
    10 Audio { content: AudioSource },
    /// A document.
    11 Document { content: DocumentSource },
}
