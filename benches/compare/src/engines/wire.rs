//! `cpex-core`'s types as those of `compare-wire`, borrowed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use compare_wire::{
    HttpSlot, Message, MetaSlot, Part, Request, RequestSlot, Role, SecuritySlot, Subject, Texts,
    ToolCall,
};
use cpex_core::cmf::{self, ContentPart, MessagePayload};
use cpex_core::extensions::Extensions;

use crate::Result;

/// A request as it is sent to plugins.
pub fn request<'a>(payload: &'a MessagePayload, extensions: &'a Extensions) -> Result<Request<'a>> {
    let content = payload.message.content.iter().map(part).collect::<Result<_>>()?;
    Ok(Request {
        message: Message {
            schema_version: &payload.message.schema_version,
            role: match payload.message.role {
                cmf::Role::System => Role::System,
                cmf::Role::Developer => Role::Developer,
                cmf::Role::User => Role::User,
                cmf::Role::Assistant => Role::Assistant,
                cmf::Role::Tool => Role::Tool,
            },
            content,
        },
        request: extensions.request.as_ref().map(|slot| RequestSlot {
            environment: slot.environment.as_deref(),
            request_id: slot.request_id.as_deref(),
            timestamp: slot.timestamp.as_deref(),
            trace_id: slot.trace_id.as_deref(),
            span_id: slot.span_id.as_deref(),
        }),
        http: extensions.http.as_ref().map(|slot| HttpSlot {
            request_headers: map(&slot.request_headers),
            response_headers: map(&slot.response_headers),
            method: slot.method.as_deref(),
            path: slot.path.as_deref(),
            host: slot.host.as_deref(),
            scheme: slot.scheme.as_deref(),
        }),
        security: extensions.security.as_ref().map(|slot| SecuritySlot {
            labels: slot.labels.iter().map(String::as_str).collect(),
            classification: slot.classification.as_deref(),
            subject: slot.subject.as_ref().map(|subject| Subject {
                id: subject.id.as_deref(),
                roles: set(&subject.roles),
                permissions: set(&subject.permissions),
                teams: set(&subject.teams),
                claims: map(&subject.claims),
            }),
            auth_method: slot.auth_method.as_deref(),
        }),
        meta: extensions.meta.as_ref().map(|slot| MetaSlot {
            entity_type: slot.entity_type.as_deref(),
            entity_name: slot.entity_name.as_deref(),
            tags: set(&slot.tags),
            scope: slot.scope.as_deref(),
            properties: map(&slot.properties),
        }),
    })
}

fn part(part: &ContentPart) -> Result<Part<'_>> {
    Ok(match part {
        ContentPart::Text { text } => Part::Text(text),
        ContentPart::Thinking { text } => Part::Thinking(text),
        ContentPart::ToolCall { content } => {
            // In order, which the map is not.
            let arguments: BTreeMap<_, _> = content.arguments.iter().collect();
            Part::ToolCall(ToolCall {
                id: &content.tool_call_id,
                name: &content.name,
                namespace: content.namespace.as_deref(),
                arguments: Cow::Owned(serde_json::to_string(&arguments)?),
            })
        }
        _ => return Err("no request of the comparison has such content".into()),
    })
}

fn set(texts: &HashSet<String>) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn map(texts: &HashMap<String, String>) -> Texts<'_> {
    texts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
