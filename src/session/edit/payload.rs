use alloc::boxed::Box;

use cpex_wasmi_abi::model::{
    ContentPart, DelegationPayload, IdentityPayload, RawCredentialsExtension, Secret,
};
use cpex_wasmi_abi::{Field, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pointer::{replaced, replaced_json};
use super::{Edit, Input};
use crate::Payload;
use crate::view::{part_mut, position};

impl Edit<'_> {
    /// Replaces the payload, a part of it, or what a JSON Pointer names in one of these.
    pub(super) fn replace_in_payload(
        &mut self,
        index: usize,
        pointer: Option<&str>,
        input: Input<'_>,
    ) -> Result<(), Status> {
        if self.field == Field::Payload {
            let changed = self.payload(pointer, input)?;
            self.changes.payload = Some(changed);
            return Ok(());
        }
        let changed = self.part(index, pointer, input)?;
        let request = self.request;
        let payload = self.changes.payload.get_or_insert_with(|| request.payload.clone());
        *part_mut(self.field, index, payload).ok_or(Status::Absent)? = changed;
        Ok(())
    }

    /// The payload as it shall be.
    fn payload(&mut self, pointer: Option<&str>, input: Input<'_>) -> Result<Payload, Status> {
        let current = match &self.changes.payload {
            Some(payload) => payload,
            None => &self.request.payload,
        };
        let worked = &mut self.worked;
        Ok(match current {
            Payload::Message(message) => Payload::Message(given(message, pointer, input, worked)?),
            Payload::Identity(identity) => {
                let mut changed: IdentityPayload = given(&**identity, pointer, input, worked)?;
                if !changed.same_input(identity) {
                    return Err(Status::ReadOnly);
                }
                changed.raw_token.clone_from(&identity.raw_token);
                keep_tokens(&mut changed.raw_credentials, &identity.raw_credentials);
                Payload::Identity(Box::new(changed))
            }
            Payload::Delegation(delegation) => {
                let mut changed: DelegationPayload = given(&**delegation, pointer, input, worked)?;
                if !changed.same_input(delegation) {
                    return Err(Status::ReadOnly);
                }
                changed.bearer_token.clone_from(&delegation.bearer_token);
                changed.actor_token.clone_from(&delegation.actor_token);
                if let (Some(new), Some(old)) =
                    (&mut changed.delegated_token, &delegation.delegated_token)
                {
                    keep(&mut new.token, &old.token);
                }
                Payload::Delegation(Box::new(changed))
            }
            Payload::Elicitation(elicitation) => {
                let changed = given(&**elicitation, pointer, input, worked)?;
                if !elicitation.same_input(&changed) {
                    return Err(Status::ReadOnly);
                }
                Payload::Elicitation(Box::new(changed))
            }
            Payload::Custom(custom) => {
                let value = match pointer {
                    Some(pointer) => replaced_json(custom.value(), pointer, input, worked)?,
                    None => input.json()?,
                };
                Payload::Custom(custom.with_value(value).ok_or(Status::Malformed)?)
            }
        })
    }

    /// A part of the message as it shall be.
    fn part(
        &mut self,
        index: usize,
        pointer: Option<&str>,
        input: Input<'_>,
    ) -> Result<ContentPart, Status> {
        let current = match &self.changes.payload {
            Some(payload) => payload,
            None => &self.request.payload,
        };
        let message = &current.as_message().ok_or(Status::WrongPayload)?.message;
        let position = position(self.field, index, message).ok_or(Status::Absent)?;
        let part = message.content.get(position).ok_or(Status::Absent)?;
        let worked = &mut self.worked;
        // A field that is a single value has nothing for a pointer to lead to.
        let plain = || if pointer.is_some() { Err(Status::InvalidArgument) } else { Ok(()) };
        Ok(match (self.field, part) {
            (Field::Part, part) => given(part, pointer, input, worked)?,
            (Field::ToolCall, ContentPart::ToolCall { content }) => {
                ContentPart::ToolCall { content: given(content, pointer, input, worked)? }
            }
            (Field::ToolResult, ContentPart::ToolResult { content }) => {
                ContentPart::ToolResult { content: given(content, pointer, input, worked)? }
            }
            (Field::Resource, ContentPart::Resource { content }) => {
                ContentPart::Resource { content: given(content, pointer, input, worked)? }
            }
            (Field::ResourceRef, ContentPart::ResourceRef { content }) => {
                ContentPart::ResourceRef { content: given(content, pointer, input, worked)? }
            }
            (Field::PromptRequest, ContentPart::PromptRequest { content }) => {
                ContentPart::PromptRequest { content: given(content, pointer, input, worked)? }
            }
            (Field::PromptResult, ContentPart::PromptResult { content }) => {
                ContentPart::PromptResult { content: given(content, pointer, input, worked)? }
            }
            (Field::PartText, ContentPart::Text { .. }) => {
                plain()?;
                ContentPart::Text { text: input.text()? }
            }
            (Field::PartText, ContentPart::Thinking { .. }) => {
                plain()?;
                ContentPart::Thinking { text: input.text()? }
            }
            (Field::ToolResultContent, ContentPart::ToolResult { content }) => {
                let value = match pointer {
                    Some(pointer) => replaced_json(&content.content, pointer, input, worked)?,
                    None => input.json()?,
                };
                let mut content = content.clone();
                content.content = value;
                ContentPart::ToolResult { content }
            }
            (Field::ToolResultIsError, ContentPart::ToolResult { content }) => {
                plain()?;
                let mut content = content.clone();
                content.is_error = input.bool()?;
                ContentPart::ToolResult { content }
            }
            (Field::ResourceContent, ContentPart::Resource { content }) => {
                plain()?;
                let mut content = content.clone();
                content.content = Some(input.text()?);
                ContentPart::Resource { content }
            }
            (Field::PromptResultContent, ContentPart::PromptResult { content }) => {
                plain()?;
                let mut content = content.clone();
                content.content = Some(input.text()?);
                ContentPart::PromptResult { content }
            }
            _ => return Err(Status::Absent),
        })
    }
}

/// A structure as a plugin gives it: all of it, or the present one with another value in it.
fn given<T: Serialize + DeserializeOwned>(
    current: &T,
    pointer: Option<&str>,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<T, Status> {
    match pointer {
        Some(pointer) => replaced(current, pointer, input, worked),
        None => input.record(),
    }
}

/// Tokens do not cross with the rest, so that what comes back without one keeps the one it had.
fn keep_tokens(new: &mut Option<RawCredentialsExtension>, old: &Option<RawCredentialsExtension>) {
    let (Some(new), Some(old)) = (new, old) else { return };
    for (role, token) in &mut new.inbound_tokens {
        if let Some(old) = old.inbound_tokens.get(role) {
            keep(&mut token.token, &old.token);
        }
    }
    for (key, token) in &mut new.delegated_tokens {
        if let Some((_, old)) = old.delegated_tokens.iter().find(|(old, _)| old == key) {
            keep(&mut token.token, &old.token);
        }
    }
}

fn keep(new: &mut Secret, old: &Secret) {
    if new.is_empty() {
        new.clone_from(old);
    }
}
