use cpex_wasmi::model::{
    AudioSource, Channel, ContentPart, DocumentSource, ImageSource, Message, MessagePayload,
    PromptRequest, PromptResult, Resource, ResourceReference, ResourceType, Role, ToolCall,
    ToolResult, VideoSource,
};
use proptest::prelude::*;

use super::{json, json_map, maybe, text};

pub(crate) fn part() -> BoxedStrategy<ContentPart> {
    prop_oneof![
        text().prop_map(|text| ContentPart::Text { text }),
        text().prop_map(|text| ContentPart::Thinking { text }),
        (text(), text(), json_map(), maybe(text())).prop_map(
            |(tool_call_id, name, arguments, namespace)| ContentPart::ToolCall {
                content: ToolCall { tool_call_id, name, arguments, namespace }
            }
        ),
        (text(), text(), json(), any::<bool>()).prop_map(
            |(tool_call_id, tool_name, content, is_error)| ContentPart::ToolResult {
                content: ToolResult { tool_call_id, tool_name, content, is_error }
            }
        ),
        resource().prop_map(|content| ContentPart::Resource { content }),
        (
            (text(), text(), maybe(text()), resource_type()),
            (maybe(any::<u64>()), maybe(any::<u64>()), maybe(text())),
        )
            .prop_map(
                |(
                    (resource_request_id, uri, name, resource_type),
                    (range_start, range_end, selector),
                )| ContentPart::ResourceRef {
                    content: ResourceReference {
                        resource_request_id,
                        uri,
                        name,
                        resource_type,
                        range_start,
                        range_end,
                        selector,
                    }
                }
            ),
        (text(), text(), json_map(), maybe(text())).prop_map(
            |(prompt_request_id, name, arguments, server_id)| ContentPart::PromptRequest {
                content: PromptRequest { prompt_request_id, name, arguments, server_id }
            }
        ),
        (text(), text(), maybe(text())).prop_map(|(source_type, data, media_type)| {
            ContentPart::Image { content: ImageSource { source_type, data, media_type } }
        }),
        (text(), text(), maybe(text()), maybe(any::<u64>())).prop_map(
            |(source_type, data, media_type, duration_ms)| ContentPart::Video {
                content: VideoSource { source_type, data, media_type, duration_ms }
            }
        ),
        (text(), text(), maybe(text()), maybe(any::<u64>())).prop_map(
            |(source_type, data, media_type, duration_ms)| ContentPart::Audio {
                content: AudioSource { source_type, data, media_type, duration_ms }
            }
        ),
        (text(), text(), maybe(text()), maybe(text())).prop_map(
            |(source_type, data, media_type, title)| ContentPart::Document {
                content: DocumentSource { source_type, data, media_type, title }
            }
        ),
    ]
    .boxed()
}

pub(crate) fn resource_type() -> BoxedStrategy<ResourceType> {
    prop::sample::select(vec![
        ResourceType::File,
        ResourceType::Blob,
        ResourceType::Uri,
        ResourceType::Database,
        ResourceType::Api,
        ResourceType::Memory,
        ResourceType::Artifact,
    ])
    .boxed()
}

pub(crate) fn resource() -> BoxedStrategy<Resource> {
    let blob = prop::collection::vec(any::<u8>(), 0..4);
    (
        (text(), text(), maybe(text()), maybe(text()), resource_type()),
        (maybe(text()), maybe(blob), maybe(text()), maybe(any::<u64>())),
        (json_map(), maybe(text())),
    )
        .prop_map(
            |(
                (resource_request_id, uri, name, description, resource_type),
                (content, blob, mime_type, size_bytes),
                (annotations, version),
            )| Resource {
                resource_request_id,
                uri,
                name,
                description,
                resource_type,
                content,
                blob,
                mime_type,
                size_bytes,
                annotations,
                version,
            },
        )
        .boxed()
}

/// A part that may be a prompt's result, with messages of its own.
pub(crate) fn deep_part() -> BoxedStrategy<ContentPart> {
    part()
        .prop_recursive(3, 8, 2, |inner| {
            let message = (role(), prop::collection::vec(inner, 0..2))
                .prop_map(|(role, content)| Message::with_content(role, content));
            (
                (text(), text(), prop::collection::vec(message, 0..2)),
                (maybe(text()), any::<bool>(), maybe(text())),
            )
                .prop_map(
                    |(
                        (prompt_request_id, prompt_name, messages),
                        (content, is_error, error_message),
                    )| ContentPart::PromptResult {
                        content: PromptResult {
                            prompt_request_id,
                            prompt_name,
                            messages,
                            content,
                            is_error,
                            error_message,
                        },
                    },
                )
        })
        .boxed()
}

pub(crate) fn role() -> BoxedStrategy<Role> {
    prop::sample::select(vec![
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
    ])
    .boxed()
}

/// A message payload.
pub fn payload() -> BoxedStrategy<MessagePayload> {
    let channel =
        prop::sample::select(vec![Channel::Analysis, Channel::Commentary, Channel::Final]);
    (text(), role(), prop::collection::vec(deep_part(), 0..4), maybe(channel))
        .prop_map(|(schema_version, role, content, channel)| MessagePayload {
            message: Message { schema_version, role, content, channel },
        })
        .boxed()
}
