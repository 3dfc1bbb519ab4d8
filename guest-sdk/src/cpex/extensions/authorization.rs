//! What is delegated, in detail.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::cpex::wire::record;

record! {
    /// What is delegated, in detail: an authorization detail of RFC 9396.
    #[derive(Debug, Default, PartialEq)]
    pub struct AuthorizationDetail {
        /// What kind of detail it is; `type` in JSON.
        #[serde(rename = "type")]
        pub detail_type: String,
        /// Where it holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locations: Option<Vec<String>>,
        /// What may be done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub actions: Option<Vec<String>>,
        /// With what data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub datatypes: Option<Vec<String>>,
        /// With which resource.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub identifier: Option<String>,
        /// With what privileges.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub privileges: Option<Vec<String>>,
        /// Anything else, by name; in JSON beside the others.
        #[serde(flatten)]
        pub extra: BTreeMap<String, Value>,
    }
}
