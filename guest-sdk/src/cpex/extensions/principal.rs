//! Who and what takes part in a request.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::cpex::wire::{open_enum, plain_enum, record};

plain_enum! {
    /// What kind of subject is authenticated.
    #[derive(Copy, Hash)]
    pub enum SubjectType {
        User = "user",
        Agent = "agent",
        Service = "service",
        System = "system",
    }
}

record! {
    /// The authenticated subject.
    #[derive(Debug, Default)]
    pub struct SubjectExtension {
        /// The identifier, such as the `sub` of a token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// What kind of subject it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subject_type: Option<SubjectType>,
        /// The assigned roles.
        #[serde(default)]
        pub roles: HashSet<String>,
        /// The granted permissions.
        #[serde(default)]
        pub permissions: HashSet<String>,
        /// The team memberships.
        #[serde(default)]
        pub teams: HashSet<String>,
        /// The claims, by name.
        #[serde(default)]
        pub claims: HashMap<String, String>,
    }
}

open_enum! {
    /// How far a client is trusted.
    #[derive(Default)]
    pub enum ClientTrustLevel {
        FirstParty = "first_party",
        #[default]
        ThirdParty = "third_party",
        Internal = "internal",
    }
}

record! {
    /// The OAuth client that brokers a request.
    #[derive(Debug, Default)]
    pub struct ClientExtension {
        /// The client's identifier.
        pub client_id: String,
        /// The client's name, for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_name: Option<String>,
        /// How far the client is trusted.
        #[serde(default)]
        pub trust_level: ClientTrustLevel,
        /// The scopes the client may ask for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub authorized_scopes: Vec<String>,
        /// The audiences the client may address.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub authorized_audiences: Vec<String>,
        /// The client's roles.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub roles: Vec<String>,
        /// The client's permissions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub permissions: Vec<String>,
        /// The client's teams.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub teams: Vec<String>,
        /// The client's claims, by name.
        #[serde(default, skip_serializing_if = "HashMap::is_empty")]
        pub claims: HashMap<String, Value>,
    }
}

record! {
    /// An attested workload.
    #[derive(Debug, Default)]
    pub struct WorkloadIdentity {
        /// The SPIFFE identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub spiffe_id: Option<String>,
        /// The trust domain.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub trust_domain: Option<String>,
        /// When it was attested.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attested_at: Option<DateTime<Utc>>,
        /// Who attested it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attestor: Option<String>,
        /// The workload's selectors.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub selectors: Vec<String>,
        /// The OAuth client that the workload is too.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_id: Option<String>,
    }
}
