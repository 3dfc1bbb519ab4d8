//! Resources that an agent reads.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde_json::Value;

use super::ResourceType;
use crate::cpex::wire::record;

record! {
    /// A resource with its content.
    #[derive(Debug, Default)]
    pub struct Resource {
        /// The correlation identifier.
        pub resource_request_id: String,
        /// The resource's URI.
        pub uri: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// What kind of resource it is.
        pub resource_type: ResourceType,
        /// Its content, if that is text.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub content: Option<String>,
        /// Its content, if that is binary.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub blob: Option<Vec<u8>>,
        /// The MIME type of its content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mime_type: Option<String>,
        /// Its size, in bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_bytes: Option<u64>,
        /// Anything else, by name.
        #[serde(default, skip_serializing_if = "HashMap::is_empty")]
        pub annotations: HashMap<String, Value>,
        /// Its version.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub version: Option<String>,
    }
}

impl Resource {
    /// Whether the content is here, as text or binary.
    pub fn is_embedded(&self) -> bool {
        self.content.is_some() || self.blob.is_some()
    }

    /// The content, if it is text.
    pub fn get_text_content(&self) -> Option<&str> {
        self.content.as_deref()
    }
}

record! {
    /// A resource without its content.
    #[derive(Debug)]
    pub struct ResourceReference {
        /// The correlation identifier.
        pub resource_request_id: String,
        /// The resource's URI.
        pub uri: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// What kind of resource it is.
        pub resource_type: ResourceType,
        /// Where the part that is meant begins: a line, or a byte.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range_start: Option<u64>,
        /// Where it ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range_end: Option<u64>,
        /// What is meant, as a selector.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub selector: Option<String>,
    }
}
