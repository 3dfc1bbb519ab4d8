//! The hook that mints tokens for what is called next, `token.delegate`.

mod payload;

pub use payload::DelegationPayload;

use alloc::string::String;
use alloc::vec::Vec;

use super::extensions::raw_credentials::{DelegationMode, TokenRole};
use super::wire::{Known as _, open_enum, plain_enum, record};
use super::{PluginResult, define_hook};

/// The name of the hook.
pub const HOOK_TOKEN_DELEGATE: &str = "token.delegate";

define_hook! {
    /// The hook that mints tokens for what is called next, `token.delegate`.
    TokenDelegateHook, "token.delegate" => {
        payload: DelegationPayload,
        result: PluginResult<DelegationPayload>,
    }
}

plain_enum! {
    /// In whose name the token is to be minted.
    #[non_exhaustive]
    #[derive(Default)]
    pub enum DelegationSubject {
        #[default]
        User = "user",
        Client = "client",
        CallerWorkload = "caller_workload",
        ThisWorkload = "this_workload",
    }
}

impl DelegationSubject {
    /// Whose token came with the request.
    pub fn inbound_role(&self) -> Option<TokenRole> {
        Some(match self {
            Self::User => TokenRole::User,
            Self::Client => TokenRole::Client,
            Self::CallerWorkload => TokenRole::CallerWorkload,
            Self::ThisWorkload => return None,
        })
    }

    /// How such a token is usually minted.
    pub fn default_mode(&self) -> DelegationMode {
        match self {
            Self::User => DelegationMode::OnBehalfOfUser,
            Self::Client => DelegationMode::AsClient,
            Self::CallerWorkload => DelegationMode::AsCallerWorkload,
            Self::ThisWorkload => DelegationMode::AsThisWorkload,
        }
    }

    /// The subject as operators write it.
    pub fn from_config_str(text: &str) -> Option<Self> {
        match text {
            "workload" => Some(Self::CallerWorkload),
            "gateway" => Some(Self::ThisWorkload),
            _ => Self::from_text(text),
        }
    }
}

open_enum! {
    /// What kind of target the token is for.
    #[derive(Default)]
    pub enum TargetType {
        #[default]
        Tool = "tool",
        Agent = "agent",
        Resource = "resource",
        Service = "service",
    }
}

plain_enum! {
    /// Who enforces the permissions.
    #[non_exhaustive]
    #[derive(Copy, Default)]
    pub enum AuthEnforcedBy {
        #[default]
        Caller = "caller",
        Target = "target",
        Both = "both",
    }
}

record! {
    /// What a route takes away from a token.
    #[derive(Debug, Default)]
    pub struct AttenuationConfig {
        /// The capabilities that are left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub capabilities: Vec<String>,
        /// The resource it is for, as a template.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resource_template: Option<String>,
        /// The actions that are left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub actions: Vec<String>,
        /// For how many seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ttl_seconds: Option<u64>,
    }
}
