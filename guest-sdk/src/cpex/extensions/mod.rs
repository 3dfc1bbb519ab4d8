//! The typed slots that travel beside a payload.

pub mod agent;
pub mod authorization;
pub mod completion;
pub mod container;
pub mod delegation;
pub mod framework;
pub mod guarded;
pub mod http;
pub mod llm;
pub mod mcp;
pub mod meta;
pub mod monotonic;
mod names;
mod principal;
pub mod provenance;
pub mod raw_credentials;
pub mod request;
pub mod routing;
pub mod security;

pub use agent::{AgentExtension, ConversationContext};
pub use authorization::AuthorizationDetail;
pub use completion::{CompletionExtension, StopReason, TokenUsage};
pub use container::{Extensions, OwnedExtensions};
pub use delegation::{DelegationExtension, DelegationHop, DelegationStrategy};
pub use framework::FrameworkExtension;
pub use guarded::{Guarded, WriteToken};
pub use http::HttpExtension;
pub use llm::LLMExtension;
pub use mcp::{MCPExtension, PromptMetadata, ResourceMetadata, ToolMetadata};
pub use meta::MetaExtension;
pub use monotonic::{DeclassifierToken, MonotonicSet};
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

use names::same_name;
