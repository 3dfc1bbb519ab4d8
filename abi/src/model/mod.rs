//! The request a hook is called with: payload, extensions and context, as CPEX models them.
//!
//! Names, fields and JSON are those of `cpex-core` 0.2.3 (a test in `tests/conformance` holds the
//! two together). Each type has two encodings, both through serde:
//!
//! - **JSON**, exactly what `cpex-core` reads and writes, but with sets and maps in sorted order;
//! - **postcard**, the records of `docs/abi.md`: every field, in the order of its declaration.

mod context;
mod credentials;
mod delegation;
mod elicitation;
mod extensions;
mod identity;
mod json;
mod media;
mod message;
mod principal;
mod prompt;
mod resource;
mod secret;
mod slots;
mod strict;
mod token;

use alloc::collections::BTreeMap;
use alloc::string::String;

pub use context::PluginContext;
pub use credentials::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken,
    TokenKind,
};
pub use delegation::{
    AuthorizationDetail, CandidateConstraintExtension, DelegationExtension, DelegationHop, OnEmpty,
};
pub use elicitation::{
    ElicitationOp, ElicitationOutcomeKind, ElicitationPayload, ElicitationStatusKind,
};
pub use extensions::{
    Extensions, HttpExtension, MetaExtension, RequestExtension, SecurityExtension,
};
pub use identity::IdentityPayload;
pub use json::{ListOnWire, MapOnWire, OnWire, from_wire, to_wire};
pub use media::{AudioSource, DocumentSource, ImageSource, VideoSource};
pub use message::{Channel, ContentPart, Message, MessagePayload, Role, ToolCall, ToolResult};
pub use principal::{
    ClientExtension, DataPolicy, ObjectSecurityProfile, RetentionPolicy, SubjectExtension,
    SubjectType, WorkloadIdentity,
};
pub use prompt::{PromptRequest, PromptResult};
pub use resource::{Resource, ResourceReference, ResourceType};
pub use secret::Secret;
pub use slots::{
    AgentExtension, CompletionExtension, ConversationContext, FrameworkExtension, LLMExtension,
    MCPExtension, PromptMetadata, ProvenanceExtension, ResourceMetadata, StopReason, TokenUsage,
    ToolMetadata,
};
pub use strict::Strict;
pub use token::{AttenuationConfig, AuthEnforcedBy, DelegationPayload, DelegationSubject};

/// JSON values by name.
pub type JsonMap = BTreeMap<String, serde_json::Value>;

/// Implements `Serialize` for a structure in both encodings: postcard gets each field, JSON leaves
/// out those marked `optional` when they are `None`, and `list` when they are empty; one marked
/// `type_tag` is called `type` there. One marked `secret` is a [`Secret`], which JSON never gets.
///
/// Fields that hold JSON are marked too: `json` for a [`serde_json::Value`], `json_list` for a list
/// of them, `json_map` for a [`JsonMap`], `json_map_or_none` for one that JSON leaves out when it is
/// empty, and `optional_json…` for what may be `None`.
/// (`Deserialize` needs no help: serde's derive reads both.)
macro_rules! serialize_both {
    ($name:ident { $($field:ident $(as $mark:ident)?),* $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                #[allow(unused_variables, reason = "not every structure leaves something out")]
                let human = serializer.is_human_readable();
                const LEN: usize = [$(stringify!($field)),*].len();
                let mut fields = serializer.serialize_struct(stringify!($name), LEN)?;
                $(serialize_both!(@field fields human self $field $($mark)?);)*
                fields.end()
            }
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident) => {
        $fields.serialize_field(stringify!($field), &$self.$field)?
    };
    (@field $fields:ident $human:ident $self:ident $field:ident optional) => {
        if $human && $self.$field.is_none() {
            $fields.skip_field(stringify!($field))?;
        } else {
            $fields.serialize_field(stringify!($field), &$self.$field)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident optional_json_map) => {
        if $human && $self.$field.is_none() {
            $fields.skip_field(stringify!($field))?;
        } else {
            let map = $self.$field.as_ref().map($crate::model::MapOnWire);
            $fields.serialize_field(stringify!($field), &map)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident type_tag) => {
        $fields.serialize_field("type", &$self.$field)?
    };
    (@field $fields:ident $human:ident $self:ident $field:ident secret) => {
        if $human {
            $fields.skip_field(stringify!($field))?;
        } else {
            $fields.serialize_field(stringify!($field), &$self.$field)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident list) => {
        if $human && $self.$field.is_empty() {
            $fields.skip_field(stringify!($field))?;
        } else {
            $fields.serialize_field(stringify!($field), &$self.$field)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident json_map_or_none) => {
        if $human && $self.$field.is_empty() {
            $fields.skip_field(stringify!($field))?;
        } else {
            $fields
                .serialize_field(stringify!($field), &$crate::model::MapOnWire(&$self.$field))?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident optional_json) => {
        if $human && $self.$field.is_none() {
            $fields.skip_field(stringify!($field))?;
        } else {
            let value = $self.$field.as_ref().map($crate::model::OnWire);
            $fields.serialize_field(stringify!($field), &value)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident optional_json_list) => {
        if $human && $self.$field.is_none() {
            $fields.skip_field(stringify!($field))?;
        } else {
            let list = $self.$field.as_deref().map($crate::model::ListOnWire);
            $fields.serialize_field(stringify!($field), &list)?;
        }
    };
    (@field $fields:ident $human:ident $self:ident $field:ident json_list) => {
        $fields.serialize_field(stringify!($field), &$crate::model::ListOnWire(&$self.$field))?
    };
    (@field $fields:ident $human:ident $self:ident $field:ident json) => {
        $fields.serialize_field(stringify!($field), &$crate::model::OnWire(&$self.$field))?
    };
    (@field $fields:ident $human:ident $self:ident $field:ident json_map) => {
        $fields.serialize_field(stringify!($field), &$crate::model::MapOnWire(&$self.$field))?
    };
}
use serialize_both;
