//! The parts that a message is made of.

pub use crate::cpex::records::{ContentPart, PromptRequest, PromptResult, ToolCall, ToolResult};
