//! Tokens by role, and by the purpose that they were minted for.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DelegationKey, RawCredentialsExtension, RawDelegatedToken, RawInboundToken, Strict};

/// Reads tokens by their roles, as `cpex-core` has the names of these.
pub(super) fn by_role<'de, D: Deserializer<'de>>(
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

pub(super) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Minted>, D::Error> {
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
