//! The messages that pass between users, models and tools: CPEX's common message format.

pub mod constants;
pub mod content;
pub mod enums;
pub mod media;
pub mod message;
mod payload;
pub mod resource;

pub use content::{ContentPart, PromptRequest, PromptResult, ToolCall, ToolResult};
pub use enums::{Channel, ContentType, ResourceType, Role};
pub use media::{AudioSource, DocumentSource, ImageSource, VideoSource};
pub use message::{CmfHook, LazyMessage, Message, MessagePayload};
pub use resource::{Resource, ResourceReference};
