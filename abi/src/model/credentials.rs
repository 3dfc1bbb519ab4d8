//! Tokens: those that came with a request, and those minted for it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::extensions::visible;
use super::secret::quietly_refused;
use super::{Secret, Strict, serialize_both};
use crate::{Capability, CapabilitySet};

/// The tokens of a request. What is known of them can be read like any other slot; the tokens
/// themselves only through fields of their own, see [`Secret`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RawCredentialsExtension {
    /// The tokens that came with the request, by whose they are: `user`, `client`,
    /// `caller_workload`, or a role of the operator's own. Read from `workload`, `caller_workload`'s name
    /// of old, too.
    #[serde(deserialize_with = "by_role")]
    pub inbound_tokens: BTreeMap<String, RawInboundToken>,
    /// The tokens minted for the request, by what they are for.
    ///
    /// `cpex-core` can write an empty map of these as JSON, and no other (its keys are no strings);
    /// here they are then a list of pairs.
    #[serde(deserialize_with = "pairs")]
    pub delegated_tokens: Vec<(DelegationKey, RawDelegatedToken)>,
}

/// Reads tokens by their roles, as `cpex-core` has the names of these.
fn by_role<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, RawInboundToken>, D::Error> {
    let mut tokens: BTreeMap<String, RawInboundToken> = BTreeMap::deserialize(deserializer)?;
    // The name that the role had of old.
    if let Some(token) = tokens.remove("workload") {
        tokens.insert("caller_workload".into(), token);
    }
    Ok(tokens)
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
        use Capability::{ReadDelegatedTokens, ReadInboundCredentials};
        capabilities.opens_credentials().then(|| Self {
            inbound_tokens: visible(&self.inbound_tokens, capabilities, ReadInboundCredentials),
            delegated_tokens: visible(&self.delegated_tokens, capabilities, ReadDelegatedTokens),
        })
    }
}

/// A token that came with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RawInboundToken {
    /// The token.
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct RawDelegatedToken {
    /// The token.
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
    if !deserializer.is_human_readable() {
        return Vec::deserialize(deserializer);
    }
    let Strict(json) = Strict::deserialize(deserializer)?;
    let pairs = match json {
        serde_json::Value::Object(map) if map.is_empty() => Some(Vec::new()),
        // The error may have a token in it.
        pairs => Vec::deserialize(pairs).ok(),
    };
    pairs.ok_or_else(|| D::Error::custom("delegated tokens are a list of pairs"))
}

/// Implements `Deserialize` for a token and what is known of it. A text in its place may be the
/// token itself, so that the error does not repeat it.
macro_rules! quietly {
    ($name:ident { $($field:ident: $ty:ty $(= $default:ident)?),* $(,)? }) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Fields {
                    $($(#[serde($default)])? $field: $ty,)*
                }

                struct Known;

                impl<'de> Visitor<'de> for Known {
                    type Value = Fields;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("what is known of a token, as an object")
                    }

                    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Fields, E> {
                        Err(E::invalid_type(Unexpected::Other("a text"), &self))
                    }

                    quietly_refused!(Fields: u64, i64, f64, bool);

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields, A::Error> {
                        Fields::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                let Fields { $($field),* } = if deserializer.is_human_readable() {
                    deserializer.deserialize_any(Known)?
                } else {
                    Fields::deserialize(deserializer)?
                };
                Ok(Self { $($field),* })
            }
        }
    };
}

quietly!(RawInboundToken { token: Secret = default, source_header: String, kind: TokenKind });
quietly!(RawDelegatedToken {
    token: Secret = default,
    outbound_header: String,
    audience: String,
    scopes: Vec<String>,
    expires_at: String,
});
