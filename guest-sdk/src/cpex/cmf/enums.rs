//! The kinds of messages, parts and resources.

pub use crate::cpex::records::{Channel, ContentType, ResourceType, Role};
