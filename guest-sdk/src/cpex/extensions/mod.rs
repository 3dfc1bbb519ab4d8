//! The typed slots that travel beside a payload.

pub mod delegation;
pub mod granted;
pub mod guarded;
pub mod http;
pub mod monotonic;
mod names;
pub mod owned;
pub mod raw_credentials;
pub mod routing;
pub mod security;
pub mod slot;

pub use crate::cpex::records::{Everything, Extensions, OwnedExtensions, Slots};
pub use agent::{AgentExtension, ConversationContext};
pub use authorization::AuthorizationDetail;
pub use completion::{CompletionExtension, StopReason, TokenUsage};
pub use delegation::{DelegationExtension, DelegationHop, DelegationStrategy};
pub use framework::FrameworkExtension;
pub use granted::NotGranted;
pub use guarded::{Guarded, WriteToken};
pub use http::HttpExtension;
pub use llm::LLMExtension;
pub use mcp::{MCPExtension, PromptMetadata, ResourceMetadata, ToolMetadata};
pub use meta::MetaExtension;
pub use monotonic::{DeclassifierToken, MonotonicSet};
pub use owned::OwnedSlot;
pub use provenance::ProvenanceExtension;
pub use raw_credentials::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken,
    TokenKind, TokenRole,
};
pub use request::RequestExtension;
pub use routing::{CAP_WRITE_CANDIDATE_CONSTRAINT, CandidateConstraintExtension, OnEmpty};
pub use security::{
    ClientExtension, ClientTrustLevel, DataPolicy, ObjectSecurityProfile, RetentionPolicy,
    SecurityExtension, SubjectExtension, SubjectType, WorkloadIdentity,
};
pub use slot::Slot;

use names::{same_name, same_text};

/// The agent that acts.
pub mod agent {
    pub use crate::cpex::records::{AgentExtension, ConversationContext};
}

/// Authorization details of a delegation.
pub mod authorization {
    pub use crate::cpex::records::AuthorizationDetail;
}

/// Facts about a model's completion.
pub mod completion {
    pub use crate::cpex::records::{CompletionExtension, StopReason, TokenUsage};
}

/// The framework the agent runs in.
pub mod framework {
    pub use crate::cpex::records::FrameworkExtension;
}

/// The model that is used.
pub mod llm {
    pub use crate::cpex::records::LLMExtension;
}

/// The MCP entity that is touched.
pub mod mcp {
    pub use crate::cpex::records::{MCPExtension, PromptMetadata, ResourceMetadata, ToolMetadata};
}

/// Facts about the touched entity from the operator's routes.
pub mod meta {
    pub use crate::cpex::records::MetaExtension;
}

/// The origin of a message.
pub mod provenance {
    pub use crate::cpex::records::ProvenanceExtension;
}

/// The place and time of a request.
pub mod request {
    pub use crate::cpex::records::RequestExtension;
}
