//! How authority came to whoever acts.

use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use super::{AuthorizationDetail, SubjectType};
use crate::cpex::wire::{open_enum, record};

open_enum! {
    /// How something is delegated.
    pub enum DelegationStrategy {
        TokenExchange = "token_exchange",
        ClientCredentials = "client_credentials",
        SpiffeSvid = "spiffe_svid",
        Passthrough = "passthrough",
        Ucan = "ucan",
        TransactionToken = "transaction_token",
    }
}

record! {
    /// One delegation.
    #[derive(Debug, Default)]
    pub struct DelegationHop {
        /// Who delegates.
        pub subject_id: String,
        /// What kind of subject that is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subject_type: Option<SubjectType>,
        /// Whom the delegation is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub audience: Option<String>,
        /// What is delegated, as OAuth scopes.
        #[serde(default)]
        pub scopes_granted: Vec<String>,
        /// What is delegated, in detail.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub authorization_details: Vec<AuthorizationDetail>,
        /// When it was delegated.
        #[serde(default)]
        pub timestamp: DateTime<Utc>,
        /// For how many seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ttl_seconds: Option<u64>,
        /// How.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub strategy: Option<DelegationStrategy>,
        /// Whether it was taken from a cache.
        #[serde(default)]
        pub from_cache: bool,
    }
}

record! {
    /// The chain of delegations that a request stands on.
    #[derive(Debug, Default)]
    pub struct DelegationExtension {
        /// The delegations, oldest first. A plugin can add to them, never remove or change.
        #[serde(default)]
        pub chain: Vec<DelegationHop>,
        /// How many there are.
        #[serde(default)]
        pub depth: u32,
        /// Who delegated first.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub origin_subject_id: Option<String>,
        /// Who acts now.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub actor_subject_id: Option<String>,
        /// Whether anything was delegated.
        #[serde(default)]
        pub delegated: bool,
        /// How old the delegation is, in seconds.
        #[serde(default)]
        pub age_seconds: f64,
    }
}

impl DelegationExtension {
    /// Adds a delegation to the end of the chain.
    pub fn append_hop(&mut self, hop: DelegationHop) {
        self.chain.push(hop);
        self.depth = u32::try_from(self.chain.len()).unwrap_or(u32::MAX);
        self.delegated = true;
    }

    /// Whether the chain begins with these delegations, as far as CPEX compares them.
    pub(in crate::cpex) fn continues(&self, chain: &[DelegationHop]) -> bool {
        let same = |(one, other): (&DelegationHop, &DelegationHop)| {
            one.subject_id == other.subject_id
                && one.subject_type == other.subject_type
                && one.audience == other.audience
                && one.scopes_granted == other.scopes_granted
                && one.strategy == other.strategy
        };
        chain.len() <= self.chain.len() && chain.iter().zip(&self.chain).all(same)
    }
}
