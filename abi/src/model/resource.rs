//! Resources that an agent reads.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{JsonMap, json, serialize_both};

/// What kind of resource it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ResourceType {
    #[default]
    File,
    Blob,
    Uri,
    Database,
    Api,
    Memory,
    Artifact,
}

/// A resource with its content.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Resource {
    /// The correlation identifier.
    pub resource_request_id: String,
    /// The resource's URI.
    pub uri: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// What kind of resource it is.
    pub resource_type: ResourceType,
    /// Its content, if that is text.
    #[serde(default)]
    pub content: Option<String>,
    /// Its content, if that is binary.
    #[serde(default)]
    pub blob: Option<Vec<u8>>,
    /// The MIME type of its content.
    #[serde(default)]
    pub mime_type: Option<String>,
    /// Its size, in bytes.
    #[serde(default)]
    pub size_bytes: Option<u64>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub annotations: JsonMap,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
}

serialize_both!(Resource {
    resource_request_id,
    uri,
    name as optional,
    description as optional,
    resource_type,
    content as optional,
    blob as optional,
    mime_type as optional,
    size_bytes as optional,
    annotations as json_map_or_none,
    version as optional,
});

/// A resource without its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ResourceReference {
    /// The correlation identifier.
    pub resource_request_id: String,
    /// The resource's URI.
    pub uri: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What kind of resource it is.
    pub resource_type: ResourceType,
    /// Where the part that is meant begins: a line, or a byte.
    #[serde(default)]
    pub range_start: Option<u64>,
    /// Where it ends.
    #[serde(default)]
    pub range_end: Option<u64>,
    /// What is meant, as a selector.
    #[serde(default)]
    pub selector: Option<String>,
}

serialize_both!(ResourceReference {
    resource_request_id,
    uri,
    name as optional,
    resource_type,
    range_start as optional,
    range_end as optional,
    selector as optional,
});
