use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::media::{AudioSource, DocumentSource, ImageSource, VideoSource};
use super::prompt::{PromptRequest, PromptResult};
use super::resource::{Resource, ResourceReference};
use super::{JsonMap, Strict, json, serialize_both};

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// Which of a model's channels a message is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Channel {
    Analysis,
    Commentary,
    Final,
}

impl Channel {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Commentary => "commentary",
            Self::Final => "final",
        }
    }
}

/// A tool that is called.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ToolCall {
    /// The correlation identifier.
    pub tool_call_id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub arguments: JsonMap,
    /// The tool's namespace.
    #[serde(default)]
    pub namespace: Option<String>,
}

serialize_both!(ToolCall { tool_call_id, name, arguments as json_map, namespace as optional });

/// What a tool gave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ToolResult {
    /// The correlation identifier of the call.
    pub tool_call_id: String,
    /// The tool's name.
    pub tool_name: String,
    /// The result.
    #[serde(default, deserialize_with = "json::value")]
    pub content: serde_json::Value,
    /// Whether the result is an error.
    #[serde(default)]
    pub is_error: bool,
}

serialize_both!(ToolResult { tool_call_id, tool_name, content as json, is_error });

/// One part of a message's content.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the kind of part says what is in it")]
pub enum ContentPart {
    /// Plain text.
    Text { text: String },
    /// A model's reasoning.
    Thinking { text: String },
    /// A tool that is called.
    ToolCall { content: ToolCall },
    /// What a tool gave.
    ToolResult { content: ToolResult },
    /// A resource with its content.
    Resource { content: Resource },
    /// A resource without its content.
    ResourceRef { content: ResourceReference },
    /// A prompt template that is used.
    PromptRequest { content: PromptRequest },
    /// What a prompt template gave.
    PromptResult { content: PromptResult },
    /// An image.
    Image { content: ImageSource },
    /// A video.
    Video { content: VideoSource },
    /// A sound.
    Audio { content: AudioSource },
    /// A document.
    Document { content: DocumentSource },
}

impl ContentPart {
    /// The name of the part's kind in JSON.
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Thinking { .. } => "thinking",
            Self::ToolCall { .. } => "tool_call",
            Self::ToolResult { .. } => "tool_result",
            Self::Resource { .. } => "resource",
            Self::ResourceRef { .. } => "resource_ref",
            Self::PromptRequest { .. } => "prompt_request",
            Self::PromptResult { .. } => "prompt_result",
            Self::Image { .. } => "image",
            Self::Video { .. } => "video",
            Self::Audio { .. } => "audio",
            Self::Document { .. } => "document",
        }
    }
}

/// The two encodings of [`ContentPart`]: JSON tags it from inside, which postcard cannot.
mod part {
    use super::{
        AudioSource, ContentPart, DocumentSource, ImageSource, PromptRequest, PromptResult,
        Resource, ResourceReference, String, ToolCall, ToolResult, VideoSource,
    };
    use serde::{Deserialize, Serialize};

    /// Defines a copy of [`ContentPart`] with other serde attributes.
    macro_rules! encoding {
        ($(#[$attribute:meta])* $name:ident) => {
            $(#[$attribute])*
            pub(super) enum $name {
                Text { text: String },
                Thinking { text: String },
                ToolCall { content: ToolCall },
                ToolResult { content: ToolResult },
                Resource { content: Resource },
                ResourceRef { content: ResourceReference },
                PromptRequest { content: PromptRequest },
                PromptResult { content: PromptResult },
                Image { content: ImageSource },
                Video { content: VideoSource },
                Audio { content: AudioSource },
                Document { content: DocumentSource },
            }
        };
    }
    encoding! {
        #[derive(Serialize)]
        #[serde(remote = "ContentPart", tag = "content_type", rename_all = "snake_case")]
        InJson
    }
    encoding! {
        #[derive(Serialize, Deserialize)]
        #[serde(remote = "ContentPart")]
        OnWire
    }
}

impl Serialize for ContentPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            part::InJson::serialize(self, serializer)
        } else {
            part::OnWire::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ContentPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            // As JSON first, to know which it is: what `serde` would buffer it in takes code of its own for
            // each type. A type would not notice each key that comes twice.
            let Strict(json) = Strict::deserialize(deserializer)?;
            Self::from_json(json).map_err(D::Error::custom)
        } else {
            part::OnWire::deserialize(deserializer)
        }
    }
}

impl ContentPart {
    fn from_json(json: serde_json::Value) -> Result<Self, serde_json::Error> {
        fn member<T: DeserializeOwned>(
            members: &mut JsonMap,
            name: &'static str,
        ) -> Result<T, serde_json::Error> {
            T::deserialize(
                members.remove(name).ok_or_else(|| serde_json::Error::missing_field(name))?,
            )
        }

        const KINDS: &[&str] = &[
            "text",
            "thinking",
            "tool_call",
            "tool_result",
            "resource",
            "resource_ref",
            "prompt_request",
            "prompt_result",
            "image",
            "video",
            "audio",
            "document",
        ];
        let mut members = JsonMap::deserialize(json)?;
        let kind: String = member(&mut members, "content_type")?;
        Ok(match &*kind {
            "text" => Self::Text { text: member(&mut members, "text")? },
            "thinking" => Self::Thinking { text: member(&mut members, "text")? },
            "tool_call" => Self::ToolCall { content: member(&mut members, "content")? },
            "tool_result" => Self::ToolResult { content: member(&mut members, "content")? },
            "resource" => Self::Resource { content: member(&mut members, "content")? },
            "resource_ref" => Self::ResourceRef { content: member(&mut members, "content")? },
            "prompt_request" => Self::PromptRequest { content: member(&mut members, "content")? },
            "prompt_result" => Self::PromptResult { content: member(&mut members, "content")? },
            "image" => Self::Image { content: member(&mut members, "content")? },
            "video" => Self::Video { content: member(&mut members, "content")? },
            "audio" => Self::Audio { content: member(&mut members, "content")? },
            "document" => Self::Document { content: member(&mut members, "content")? },
            other => return Err(serde_json::Error::unknown_variant(other, KINDS)),
        })
    }
}

/// A message between a user, a model and its tools.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Message {
    /// The version of the schema.
    #[serde(default = "schema_version")]
    pub schema_version: String,
    /// Who speaks.
    pub role: Role,
    /// The parts of the content, in order.
    #[serde(default)]
    pub content: Vec<ContentPart>,
    /// The model's channel.
    #[serde(default)]
    pub channel: Option<Channel>,
}

serialize_both!(Message { schema_version, role, content, channel as optional });

fn schema_version() -> String {
    "2.0".into()
}

impl Message {
    /// A message with these parts, of the current schema.
    pub fn with_content(role: Role, content: Vec<ContentPart>) -> Self {
        Self { schema_version: schema_version(), role, content, channel: None }
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

/// The payload of the `cmf.*` hooks.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MessagePayload {
    /// The message.
    pub message: Message,
}

serialize_both!(MessagePayload { message });

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
