//! Messages, with all that their parts may be.

use cpex_core::cmf as theirs;

use super::{FromModel, ToModel, Unfit, both_ways, variants};
use crate::model;

both_ways! {
    MessagePayload { message }
    Message { schema_version, role, content, channel }
    ToolCall { tool_call_id, name, arguments, namespace }
    ToolResult { tool_call_id, tool_name, content, is_error }
    Resource {
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
    }
    ResourceReference {
        resource_request_id,
        uri,
        name,
        resource_type,
        range_start,
        range_end,
        selector,
    }
    PromptRequest { prompt_request_id, name, arguments, server_id }
    PromptResult { prompt_request_id, prompt_name, messages, content, is_error, error_message }
    ImageSource { source_type, data, media_type }
    VideoSource { source_type, data, media_type, duration_ms }
    AudioSource { source_type, data, media_type, duration_ms }
    DocumentSource { source_type, data, media_type, title }
}

variants! {
    Role { System, Developer, User, Assistant, Tool }
    Channel { Analysis, Commentary, Final }
    ResourceType { File, Blob, Uri, Database, Api, Memory, Artifact }
}

/// Implements both directions for the parts of a message.
macro_rules! parts {
    ($($kind:ident { $field:ident })*) => {
        impl ToModel for theirs::ContentPart {
            type Model = model::ContentPart;

            fn to_model(&self) -> Result<model::ContentPart, Unfit> {
                Ok(match self {
                    $(Self::$kind { $field } => model::ContentPart::$kind {
                        $field: $field
                            .to_model()
                            .map_err(|unfit| unfit.within(stringify!($field)))?,
                    },)*
                })
            }
        }

        impl FromModel<model::ContentPart> for theirs::ContentPart {
            fn from_model(model: model::ContentPart) -> Result<Self, Unfit> {
                Ok(match model {
                    $(model::ContentPart::$kind { $field } => Self::$kind {
                        $field: FromModel::from_model($field)
                            .map_err(|unfit| unfit.within(stringify!($field)))?,
                    },)*
                    _ => return Err(Unfit::new("is of a kind that cpex-core does not know")),
                })
            }
        }
    };
}

parts! {
    Text { text }
    Thinking { text }
    ToolCall { content }
    ToolResult { content }
    Resource { content }
    ResourceRef { content }
    PromptRequest { content }
    PromptResult { content }
    Image { content }
    Video { content }
    Audio { content }
    Document { content }
}
