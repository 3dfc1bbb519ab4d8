//! The payloads, field by field.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use cpex_wasmi_abi::model::{
    ContentPart, DelegationPayload, IdentityPayload, Message, MessagePayload,
};
use cpex_wasmi_abi::{CapabilitySet, Field};

use super::{Item, View};
use crate::Payload;

impl View for Payload {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        match (field, self) {
            (Field::Payload, Self::Identity(identity)) => {
                Some(Item::Record(Box::new(identity.without_token_in_headers())))
            }
            (Field::Payload, payload) => Some(Item::record(payload)),
            (Field::PayloadType, payload) => Some(Item::text(payload.type_name())),
            (_, Self::Message(payload)) => payload.item(field, index, visible),
            (_, Self::Identity(payload)) => payload.item(field, index, visible),
            (_, Self::Delegation(payload)) => payload.item(field, index, visible),
            (_, Self::Elicitation(_) | Self::Custom(_)) => None,
        }
    }

    fn count(&self, field: Field) -> usize {
        let parts = |payload: &MessagePayload| {
            let parts = payload.message.content.iter();
            parts.filter(|part| is_of(field, part)).count()
        };
        self.as_message().map_or(0, parts)
    }
}

/// Whether a payload can have that field at all.
pub(crate) fn fits(field: Field, payload: &Payload) -> bool {
    match field {
        Field::Payload | Field::PayloadType => true,
        Field::PayloadRawToken => matches!(payload, Payload::Identity(_)),
        Field::PayloadBearerToken | Field::PayloadActorToken => {
            matches!(payload, Payload::Delegation(_))
        }
        _ => matches!(payload, Payload::Message(_)),
    }
}

impl View for IdentityPayload {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        (field == Field::PayloadRawToken).then(|| Item::text(self.raw_token.expose()))
    }
}

impl View for DelegationPayload {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        match field {
            Field::PayloadBearerToken => Some(Item::text(self.bearer_token.expose())),
            Field::PayloadActorToken => Some(Item::text(self.actor_token.expose())),
            _ => None,
        }
    }
}

impl View for MessagePayload {
    fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
        let message = &self.message;
        Some(match field {
            Field::MessageSchemaVersion => Item::text(&message.schema_version),
            Field::MessageRole => Item::text(message.role.as_str()),
            Field::MessageChannel => Item::text(message.channel?.as_str()),
            Field::MessageText => Item::Text(joined(message.texts())),
            Field::MessageThinking => {
                thoughts(message).next()?;
                Item::Text(joined(thoughts(message)))
            }
            _ => return part_item(field, message.content.get(position(field, index, message)?)?),
        })
    }
}

/// The texts of a model's reasoning, in order.
fn thoughts(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|part| match part {
        ContentPart::Thinking { text } => Some(text.as_str()),
        _ => None,
    })
}

fn part_item(field: Field, part: &ContentPart) -> Option<Item<'_>> {
    Some(match (field, part) {
        (Field::Part, part) => Item::record(part),
        (Field::PartType, part) => Item::text(part.content_type()),
        (Field::PartText, ContentPart::Text { text } | ContentPart::Thinking { text }) => {
            Item::text(text)
        }
        (_, ContentPart::ToolCall { content: call }) => match field {
            Field::ToolCall => Item::record(call),
            Field::ToolCallId => Item::text(&call.tool_call_id),
            Field::ToolCallName => Item::text(&call.name),
            Field::ToolCallNamespace => Item::text(call.namespace.as_ref()?),
            Field::ToolCallArguments => Item::JsonMap(&call.arguments),
            _ => return None,
        },
        (_, ContentPart::ToolResult { content: result }) => match field {
            Field::ToolResult => Item::record(result),
            Field::ToolResultCallId => Item::text(&result.tool_call_id),
            Field::ToolResultName => Item::text(&result.tool_name),
            Field::ToolResultContent => Item::json_value(&result.content),
            Field::ToolResultIsError => Item::Bool(result.is_error),
            _ => return None,
        },
        (_, ContentPart::Resource { content: resource }) => match field {
            Field::Resource => Item::record(resource),
            Field::ResourceUri => Item::text(&resource.uri),
            Field::ResourceContent => Item::text(resource.content.as_ref()?),
            Field::ResourceMimeType => Item::text(resource.mime_type.as_ref()?),
            _ => return None,
        },
        (_, ContentPart::ResourceRef { content: reference }) => match field {
            Field::ResourceRef => Item::record(reference),
            Field::ResourceRefUri => Item::text(&reference.uri),
            _ => return None,
        },
        (_, ContentPart::PromptRequest { content: request }) => match field {
            Field::PromptRequest => Item::record(request),
            Field::PromptRequestName => Item::text(&request.name),
            Field::PromptRequestArguments => Item::JsonMap(&request.arguments),
            _ => return None,
        },
        (_, ContentPart::PromptResult { content: result }) => match field {
            Field::PromptResult => Item::record(result),
            Field::PromptResultName => Item::text(&result.prompt_name),
            Field::PromptResultContent => Item::text(result.content.as_ref()?),
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether a part is of those that the index of a field counts.
fn is_of(field: Field, part: &ContentPart) -> bool {
    match field {
        Field::Part | Field::PartType | Field::PartText => true,
        Field::ToolCall
        | Field::ToolCallId
        | Field::ToolCallName
        | Field::ToolCallNamespace
        | Field::ToolCallArguments => matches!(part, ContentPart::ToolCall { .. }),
        Field::ToolResult
        | Field::ToolResultCallId
        | Field::ToolResultName
        | Field::ToolResultContent
        | Field::ToolResultIsError => matches!(part, ContentPart::ToolResult { .. }),
        Field::Resource | Field::ResourceUri | Field::ResourceContent | Field::ResourceMimeType => {
            matches!(part, ContentPart::Resource { .. })
        }
        Field::ResourceRef | Field::ResourceRefUri => {
            matches!(part, ContentPart::ResourceRef { .. })
        }
        Field::PromptRequest | Field::PromptRequestName | Field::PromptRequestArguments => {
            matches!(part, ContentPart::PromptRequest { .. })
        }
        Field::PromptResult | Field::PromptResultName | Field::PromptResultContent => {
            matches!(part, ContentPart::PromptResult { .. })
        }
        _ => false,
    }
}

/// Where in the content the part is that a field means by `index`.
pub(crate) fn position(field: Field, index: usize, message: &Message) -> Option<usize> {
    let mut positions = message.content.iter().enumerate().filter(|(_, part)| is_of(field, part));
    positions.nth(index).map(|(position, _)| position)
}

/// The part that a field means by `index`, to change.
pub(crate) fn part_mut(
    field: Field,
    index: usize,
    payload: &mut Payload,
) -> Option<&mut ContentPart> {
    let message = &mut payload.as_message_mut()?.message;
    let position = position(field, index, message)?;
    message.content.get_mut(position)
}

/// The texts in one piece, without a copy where there is only one.
fn joined<'a>(mut texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let first = Cow::Borrowed(texts.next().unwrap_or_default());
    texts.fold(first, |mut joined, text| {
        joined.to_mut().push_str(text);
        joined
    })
}
