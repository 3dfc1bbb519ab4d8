//! What kinds of messages, parts and resources there are.

pub use crate::cpex::records::{Channel, ContentType, ResourceType, Role};
