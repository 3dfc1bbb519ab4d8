//! Tokens: those that came with a request, and those minted for it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Error as _, IgnoredAny};
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Secret, serialize_both};
use crate::{Capability, CapabilitySet};

/// The tokens of a request. What is known of them can be read like any other slot; the tokens
/// themselves only through fields of their own, see [`Secret`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RawCredentialsExtension {
    /// The tokens that came with the request, by whose they are: `user`, `client`,
    /// `caller_workload`, or a role of the operator's own.
    #[serde(deserialize_with = "by_role")]
    pub inbound_tokens: BTreeMap<String, RawInboundToken>,
    /// The tokens minted for the request, by what they are for.
    ///
    /// `cpex-core` can write an empty map of these as JSON, and no other (its keys are no strings);
    /// here they are then a list of pairs.
    #[serde(deserialize_with = "pairs")]
    pub delegated_tokens: Vec<(DelegationKey, RawDelegatedToken)>,
}

impl Serialize for RawCredentialsExtension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("RawCredentialsExtension", 2)?;
        fields.serialize_field("inbound_tokens", &self.inbound_tokens)?;
        fields.serialize_field("delegated_tokens", &Pairs(&self.delegated_tokens))?;
        fields.end()
    }
}

impl RawCredentialsExtension {
    /// What a plugin with these capabilities sees, by the rules of `cpex-core`; `None`: nothing.
    #[must_use]
    pub fn visible_to(&self, capabilities: CapabilitySet) -> Option<Self> {
        let inbound = capabilities.contains(Capability::ReadInboundCredentials);
        let delegated = capabilities.contains(Capability::ReadDelegatedTokens);
        (inbound || delegated).then(|| Self {
            inbound_tokens: if inbound { self.inbound_tokens.clone() } else { BTreeMap::new() },
            delegated_tokens: if delegated { self.delegated_tokens.clone() } else { Vec::new() },
        })
    }
}

/// A token that came with a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RawInboundToken {
    /// The token.
    #[serde(default)]
    pub token: Secret,
    /// The header it came in.
    pub source_header: String,
    /// What kind of token it is.
    pub kind: TokenKind,
}

serialize_both!(RawInboundToken { token as secret, source_header, kind });

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum TokenKind {
    Jwt,
    Opaque,
    SpiffeJwt,
    Ucan,
    TxnToken,
}

/// What a minted token is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DelegationKey {
    /// The user it speaks for; empty if none.
    pub subject_id: String,
    /// The workload that took part.
    #[serde(default)]
    pub workload_id: Option<String>,
    /// The OAuth client that took part.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Whom it is for.
    pub audience: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// Whom it stands for.
    pub mode: DelegationMode,
}

serialize_both!(DelegationKey {
    subject_id,
    workload_id as optional,
    client_id as optional,
    audience,
    scopes,
    mode,
});

/// Whom a minted token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DelegationMode {
    OnBehalfOfUser,
    AsClient,
    AsCallerWorkload,
    #[serde(alias = "as_gateway")]
    AsThisWorkload,
}

/// A token minted for a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RawDelegatedToken {
    /// The token.
    #[serde(default)]
    pub token: Secret,
    /// The header it is sent in.
    pub outbound_header: String,
    /// Whom it is for.
    pub audience: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it expires, as RFC 3339 has it.
    pub expires_at: String,
}

serialize_both!(RawDelegatedToken {
    token as secret,
    outbound_header,
    audience,
    scopes,
    expires_at,
});

/// The role by its present name.
fn current(role: String) -> String {
    if role == "workload" { "caller_workload".into() } else { role }
}

fn by_role<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, RawInboundToken>, D::Error> {
    let tokens = BTreeMap::<String, RawInboundToken>::deserialize(deserializer)?;
    Ok(tokens.into_iter().map(|(role, token)| (current(role), token)).collect())
}

type Minted = (DelegationKey, RawDelegatedToken);

/// The pairs; in JSON an empty map where there are none.
struct Pairs<'a>(&'a [Minted]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && self.0.is_empty() {
            return serializer.serialize_map(Some(0))?.end();
        }
        self.0.serialize(serializer)
    }
}

fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Minted>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum InJson {
        Pairs(Vec<Minted>),
        Map(BTreeMap<String, IgnoredAny>),
    }
    if !deserializer.is_human_readable() {
        return Vec::deserialize(deserializer);
    }
    match InJson::deserialize(deserializer)? {
        InJson::Pairs(pairs) => Ok(pairs),
        InJson::Map(map) if map.is_empty() => Ok(Vec::new()),
        InJson::Map(_) => Err(D::Error::custom("delegated tokens are a list of pairs")),
    }
}

/// Reads what may be a role, for `deserialize_with`.
pub(super) fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(current))
}
