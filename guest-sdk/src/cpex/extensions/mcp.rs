//! The MCP entity that is touched.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde_json::Value;

use crate::cpex::wire::record;

record! {
    /// What an MCP server says about a tool.
    #[derive(Debug, Default)]
    pub struct ToolMetadata {
        /// Its name.
        pub name: String,
        /// Its name for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub title: Option<String>,
        /// What it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// The schema of its arguments.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub input_schema: Option<Value>,
        /// The schema of its results.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub output_schema: Option<Value>,
        /// The server it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub server_id: Option<String>,
        /// Its namespace.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub namespace: Option<String>,
        /// Anything else, by name.
        #[serde(default)]
        pub annotations: HashMap<String, Value>,
    }
}

record! {
    /// What an MCP server says about a resource.
    #[derive(Debug, Default)]
    pub struct ResourceMetadata {
        /// Its URI.
        pub uri: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// The MIME type of its content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mime_type: Option<String>,
        /// The server it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub server_id: Option<String>,
        /// Anything else, by name.
        #[serde(default)]
        pub annotations: HashMap<String, Value>,
    }
}

record! {
    /// What an MCP server says about a prompt.
    #[derive(Debug, Default)]
    pub struct PromptMetadata {
        /// Its name.
        pub name: String,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// Its arguments.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub arguments: Option<Vec<Value>>,
        /// The server it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub server_id: Option<String>,
        /// Anything else, by name.
        #[serde(default)]
        pub annotations: HashMap<String, Value>,
    }
}

record! {
    /// The MCP entity that is touched.
    #[derive(Debug, Default)]
    pub struct MCPExtension {
        /// The tool.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tool: Option<ToolMetadata>,
        /// The resource.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resource: Option<ResourceMetadata>,
        /// The prompt.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prompt: Option<PromptMetadata>,
    }
}
