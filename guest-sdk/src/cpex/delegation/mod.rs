//! The hook that mints tokens for what is called next, `token.delegate`.

pub use crate::cpex::records::{AttenuationConfig, AuthEnforcedBy, DelegationSubject, TargetType};

mod payload;

pub use payload::DelegationPayload;

use super::extensions::raw_credentials::{DelegationMode, TokenRole};
use super::wire::Known as _;
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

    /// The usual way to mint such a token.
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
