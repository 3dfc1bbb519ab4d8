//! Messages, field by field: the same for the request model and for the types of `cpex-core`.

use alloc::borrow::Cow;

/// Implements `View` for the payload of the `cmf.*` hooks. Where it is called, the types are in
/// scope, and `record` makes an item of a structure.
macro_rules! message_views {
    () => {
        impl View for MessagePayload {
            fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
                let message = &self.message;
                Some(match field {
                    Field::Payload => record(self),
                    Field::PayloadType => Item::text("message"),
                    Field::MessageSchemaVersion => Item::text(&message.schema_version),
                    Field::MessageRole => Item::name(&message.role),
                    Field::MessageChannel => Item::name(message.channel.as_ref()?),
                    Field::MessageText => Item::Text($crate::view::joined(texts(message))),
                    Field::MessageThinking => {
                        thoughts(message).next()?;
                        Item::Text($crate::view::joined(thoughts(message)))
                    }
                    _ => {
                        let position = position(field, index, message)?;
                        return part_item(field, message.content.get(position)?);
                    }
                })
            }

            fn count(&self, field: Field) -> usize {
                self.message.content.iter().filter(|part| is_of(field, part)).count()
            }

            fn breadth(&self, _: Field) -> usize {
                self.message.content.len()
            }
        }

        /// The texts of a message, in order.
        fn texts(message: &Message) -> impl Iterator<Item = &str> {
            message.content.iter().filter_map(|part| match part {
                ContentPart::Text { text } => Some(text.as_str()),
                _ => None,
            })
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
                (Field::Part, part) => record(part),
                (Field::PartType, part) => Item::name(part),
                (Field::PartText, ContentPart::Text { text } | ContentPart::Thinking { text }) => {
                    Item::text(text)
                }
                (_, ContentPart::ToolCall { content: call }) => match field {
                    Field::ToolCall => record(call),
                    Field::ToolCallId => Item::text(&call.tool_call_id),
                    Field::ToolCallName => Item::text(&call.name),
                    Field::ToolCallNamespace => Item::text(call.namespace.as_ref()?),
                    Field::ToolCallArguments => Item::JsonMap(call.arguments.entries()),
                    _ => return None,
                },
                (_, ContentPart::ToolResult { content: result }) => match field {
                    Field::ToolResult => record(result),
                    Field::ToolResultCallId => Item::text(&result.tool_call_id),
                    Field::ToolResultName => Item::text(&result.tool_name),
                    Field::ToolResultContent => Item::json_value(&result.content),
                    Field::ToolResultIsError => Item::Bool(result.is_error),
                    _ => return None,
                },
                (_, ContentPart::Resource { content: resource }) => match field {
                    Field::Resource => record(resource),
                    Field::ResourceUri => Item::text(&resource.uri),
                    Field::ResourceContent => Item::text(resource.content.as_ref()?),
                    Field::ResourceMimeType => Item::text(resource.mime_type.as_ref()?),
                    _ => return None,
                },
                (_, ContentPart::ResourceRef { content: reference }) => match field {
                    Field::ResourceRef => record(reference),
                    Field::ResourceRefUri => Item::text(&reference.uri),
                    _ => return None,
                },
                (_, ContentPart::PromptRequest { content: request }) => match field {
                    Field::PromptRequest => record(request),
                    Field::PromptRequestName => Item::text(&request.name),
                    Field::PromptRequestArguments => Item::JsonMap(request.arguments.entries()),
                    _ => return None,
                },
                (_, ContentPart::PromptResult { content: result }) => match field {
                    Field::PromptResult => record(result),
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
                Field::Resource
                | Field::ResourceUri
                | Field::ResourceContent
                | Field::ResourceMimeType => {
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
            let mut positions =
                message.content.iter().enumerate().filter(|(_, part)| is_of(field, part));
            positions.nth(index).map(|(position, _)| position)
        }
    };
}
pub(crate) use message_views;

/// The texts in one piece, without a copy where there is only one.
pub(crate) fn joined<'a>(mut texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let first = Cow::Borrowed(texts.next().unwrap_or_default());
    texts.fold(first, |mut joined, text| {
        joined.to_mut().push_str(text);
        joined
    })
}
