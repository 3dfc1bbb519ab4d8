//! Messages of a host that pushes whole requests, and the answers: postcard.
//!
//! All text is borrowed, on both sides: the host encodes straight from the request, the plugin decodes
//! without copying a text. A complete host has ten more slots of extensions and more kinds of content,
//! which would cost these plugins time and size, not save any.
#![no_std]

extern crate alloc;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// Texts by name.
pub type Texts<'a> = Vec<(&'a str, &'a str)>;

/// A payload with its extensions.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub message: Message<'a>,
    pub request: Option<RequestSlot<'a>>,
    pub http: Option<HttpSlot<'a>>,
    pub security: Option<SecuritySlot<'a>>,
    pub meta: Option<MetaSlot<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Message<'a> {
    pub schema_version: &'a str,
    pub role: Role,
    #[serde(borrow)]
    pub content: Vec<Part<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Part<'a> {
    Text(&'a str),
    Thinking(&'a str),
    #[serde(borrow)]
    ToolCall(ToolCall<'a>),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ToolCall<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub namespace: Option<&'a str>,
    /// A JSON object with its names in order.
    #[serde(borrow)]
    pub arguments: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RequestSlot<'a> {
    pub environment: Option<&'a str>,
    pub request_id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub span_id: Option<&'a str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct HttpSlot<'a> {
    #[serde(borrow)]
    pub request_headers: Texts<'a>,
    pub response_headers: Texts<'a>,
    pub method: Option<&'a str>,
    pub path: Option<&'a str>,
    pub host: Option<&'a str>,
    pub scheme: Option<&'a str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct SecuritySlot<'a> {
    #[serde(borrow)]
    pub labels: Vec<&'a str>,
    pub classification: Option<&'a str>,
    pub subject: Option<Subject<'a>>,
    pub auth_method: Option<&'a str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Subject<'a> {
    pub id: Option<&'a str>,
    #[serde(borrow)]
    pub roles: Vec<&'a str>,
    pub permissions: Vec<&'a str>,
    pub teams: Vec<&'a str>,
    pub claims: Texts<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MetaSlot<'a> {
    pub entity_type: Option<&'a str>,
    pub entity_name: Option<&'a str>,
    #[serde(borrow)]
    pub tags: Vec<&'a str>,
    pub scope: Option<&'a str>,
    pub properties: Texts<'a>,
}

/// The decision of a plugin, its writes to its state, and what it changes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome<'a> {
    #[serde(borrow)]
    pub violation: Option<Violation<'a>>,
    pub state: Vec<(&'a str, Cow<'a, str>)>,
    /// New arguments of the tool call, as JSON.
    pub arguments: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Violation<'a> {
    pub code: &'a str,
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
}
