//! Edits of the payload.

use alloc::boxed::Box;
use alloc::string::String;

use cpex_wasmi_abi::model::{ContentPart, IdentityPayload, Message, Secret};
use cpex_wasmi_abi::{Field, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pointer::{replaced, replaced_json, to_json};
use super::tokens::{keep_claims, keep_delegated, keep_inbound};
use super::{Edit, Input};
use crate::Payload;
use crate::view::{position, weight};

/// The greatest depth of messages in the results of prompts: about as deep as JSON can be, which
/// is 128 levels.
const MAX_NESTED_MESSAGES: usize = 24;

/// The edited form of a part of a message.
enum New {
    /// Another part.
    Part(Box<ContentPart>),
    /// The value with another text.
    Text(String),
    /// The entry with another value.
    Json(Value),
    /// The receipt, failed or not.
    Failed(bool),
}

impl Edit<'_> {
    /// Replaces the payload, a part of it, or what a JSON Pointer names in one of these.
    pub(super) fn replace_in_payload(
        &mut self,
        index: usize,
        pointer: Option<&str>,
        input: Input<'_>,
    ) -> Result<(), Status> {
        let mut worked = 0;
        let done = if self.field == Field::Payload {
            self.payload(pointer, input, &mut worked).map(|payload| {
                self.changes.payload = Some(payload);
            })
        } else {
            // Decodes before it copies.
            self.part(index, pointer, input, &mut worked).and_then(|new| self.put(index, new))
        };
        self.worked = self.worked.saturating_add(worked);
        done
    }

    /// The payload as it shall be. What a plugin is only given of it stays as it is.
    fn payload(
        &self,
        pointer: Option<&str>,
        input: Input<'_>,
        worked: &mut usize,
    ) -> Result<Payload, Status> {
        Ok(match &*self.payload_now()? {
            Payload::Message(message) => {
                let changed = record(message, pointer, input, worked)?;
                shallow(&changed.message)?;
                Payload::Message(changed)
            }
            Payload::Identity(now) => {
                let mut changed: IdentityPayload = match pointer {
                    Some(pointer) => {
                        let shown = || to_json(&*now.without_token_in_headers());
                        replaced(&shown, pointer, input, worked)?
                    }
                    None => input.known()?,
                };
                *worked = worked.saturating_add(weight(&now.headers));
                if changed.headers != *now.headers_without_token() {
                    return Err(Status::ReadOnly);
                }
                changed.headers.clone_from(&now.headers);
                if !now.same_input(&changed) || aims_at(pointer, &changed.raw_token) {
                    return Err(Status::ReadOnly);
                }
                changed.raw_token.clone_from(&now.raw_token);
                keep_inbound(&mut changed.raw_credentials, &now.raw_credentials, worked);
                keep_claims(&mut changed.subject, &now.subject, worked);
                Payload::Identity(Box::new(changed))
            }
            Payload::Delegation(now) => {
                let mut changed = record(&**now, pointer, input, worked)?;
                let aims = aims_at(pointer, &changed.bearer_token)
                    || aims_at(pointer, &changed.actor_token);
                if aims || !now.same_input(&changed) {
                    return Err(Status::ReadOnly);
                }
                changed.bearer_token.clone_from(&now.bearer_token);
                changed.actor_token.clone_from(&now.actor_token);
                changed.keep_input(now);
                if let (Some(new), Some(old)) = (&mut changed.delegated_token, &now.delegated_token)
                {
                    keep_delegated(new, old);
                }
                Payload::Delegation(Box::new(changed))
            }
            Payload::Elicitation(now) => {
                let mut changed = record(&**now, pointer, input, worked)?;
                if !now.same_input(&changed) {
                    return Err(Status::ReadOnly);
                }
                changed.keep_input(now);
                Payload::Elicitation(Box::new(changed))
            }
            Payload::Custom(custom) => {
                let value = match pointer {
                    Some(pointer) => {
                        replaced_json(&|| Ok(custom.value().clone()), pointer, input, worked)?
                    }
                    None => input.json()?,
                };
                Payload::Custom(custom.with_value(value).ok_or(Status::Malformed)?)
            }
        })
    }

    /// The new form of a part of the message.
    fn part(
        &self,
        index: usize,
        pointer: Option<&str>,
        input: Input<'_>,
        worked: &mut usize,
    ) -> Result<New, Status> {
        let payload = self.payload_now()?;
        let message = &payload.as_message().ok_or(Status::WrongPayload)?.message;
        let position = position(self.field, index, message).ok_or(Status::Absent)?;
        let part = message.content.get(position).ok_or(Status::Absent)?;
        // A field that is a single value has nothing for a pointer to lead to.
        let text = || if pointer.is_some() { Err(Status::InvalidArgument) } else { input.text() };
        Ok(New::Part(Box::new(match (self.field, part) {
            (Field::Part, part) => {
                let part = record(part, pointer, input, worked)?;
                shallow_part(&part, MAX_NESTED_MESSAGES)?;
                part
            }
            (Field::ToolCall, ContentPart::ToolCall { content }) => {
                ContentPart::ToolCall { content: record(content, pointer, input, worked)? }
            }
            (Field::ToolResult, ContentPart::ToolResult { content }) => {
                ContentPart::ToolResult { content: record(content, pointer, input, worked)? }
            }
            (Field::Resource, ContentPart::Resource { content }) => {
                ContentPart::Resource { content: record(content, pointer, input, worked)? }
            }
            (Field::ResourceRef, ContentPart::ResourceRef { content }) => {
                ContentPart::ResourceRef { content: record(content, pointer, input, worked)? }
            }
            (Field::PromptRequest, ContentPart::PromptRequest { content }) => {
                ContentPart::PromptRequest { content: record(content, pointer, input, worked)? }
            }
            (Field::PromptResult, ContentPart::PromptResult { content }) => {
                let content = record(content, pointer, input, worked)?;
                let part = ContentPart::PromptResult { content };
                shallow_part(&part, MAX_NESTED_MESSAGES)?;
                part
            }
            (Field::PartText, ContentPart::Text { .. } | ContentPart::Thinking { .. })
            | (Field::ResourceContent, ContentPart::Resource { .. })
            | (Field::PromptResultContent, ContentPart::PromptResult { .. }) => {
                return text().map(New::Text);
            }
            (Field::ToolResultContent, ContentPart::ToolResult { content }) => {
                return match pointer {
                    Some(pointer) => {
                        replaced_json(&|| Ok(content.content.clone()), pointer, input, worked)
                    }
                    None => input.json(),
                }
                .map(New::Json);
            }
            (Field::ToolResultIsError, ContentPart::ToolResult { .. }) if pointer.is_none() => {
                return input.bool().map(New::Failed);
            }
            (Field::ToolResultIsError, _) => return Err(Status::InvalidArgument),
            _ => return Err(Status::Absent),
        })))
    }

    /// Changes a part in place.
    fn put(&mut self, index: usize, new: New) -> Result<(), Status> {
        match (self.part_mut(index)?, new) {
            (part, New::Part(new)) => *part = *new,
            (ContentPart::Text { text } | ContentPart::Thinking { text }, New::Text(new)) => {
                *text = new;
            }
            (ContentPart::Resource { content }, New::Text(new)) => content.content = Some(new),
            (ContentPart::PromptResult { content }, New::Text(new)) => content.content = Some(new),
            (ContentPart::ToolResult { content }, New::Json(new)) => content.content = new,
            (ContentPart::ToolResult { content }, New::Failed(new)) => content.is_error = new,
            _ => return Err(Status::Absent),
        }
        Ok(())
    }
}

/// True if a write by pointer is one of a token that is only given. In a payload that comes back whole
/// such a token is ignored, whatever it is: to compare it would tell who guesses.
fn aims_at(pointer: Option<&str>, token: &Secret) -> bool {
    pointer.is_some() && !token.is_empty()
}

/// A structure as a plugin gives it: all of it, or the present one with another value in it.
fn record<T: Serialize + DeserializeOwned>(
    now: &T,
    pointer: Option<&str>,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<T, Status> {
    match pointer {
        Some(pointer) => replaced(&|| to_json(now), pointer, input, worked),
        None => input.known(),
    }
}

/// Refuses messages that are nested too deeply in the results of prompts.
fn shallow(message: &Message) -> Result<(), Status> {
    message.content.iter().try_for_each(|part| shallow_part(part, MAX_NESTED_MESSAGES))
}

fn shallow_part(part: &ContentPart, left: usize) -> Result<(), Status> {
    let ContentPart::PromptResult { content } = part else { return Ok(()) };
    let left = left.checked_sub(1).ok_or(Status::TooLarge)?;
    let mut parts = content.messages.iter().flat_map(|message| &message.content);
    parts.try_for_each(|part| shallow_part(part, left))
}
