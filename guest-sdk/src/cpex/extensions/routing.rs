//! Which model back ends a request may go to.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cpex::wire::{plain_enum, record};

/// The capability that setting the constraint takes.
pub const CAP_WRITE_CANDIDATE_CONSTRAINT: &str = "write_candidate_constraint";

plain_enum! {
    /// What to do if no candidate is left.
    #[derive(Copy, Default)]
    pub enum OnEmpty {
        #[default]
        Deny = "deny",
        Fallback = "fallback",
    }
}

record! {
    /// Which model back ends a request may go to.
    #[derive(Debug, Default, PartialEq)]
    pub struct CandidateConstraintExtension {
        /// Models that may be used, as patterns; `None`: any.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allow_models: Option<Vec<String>>,
        /// Models that may not be used, as patterns.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub deny_models: Vec<String>,
        /// Regions that may be used; `None`: any.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allow_regions: Option<Vec<String>>,
        /// Sites that may be used; `None`: any.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allow_sites: Option<Vec<String>>,
        /// Cost tiers that may not be exceeded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub max_cost_tiers: Vec<String>,
        /// Labels that a back end must have, with their values.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub custom: BTreeMap<String, String>,
        /// What to do if none is left.
        #[serde(default)]
        pub on_empty: OnEmpty,
    }
}

impl CandidateConstraintExtension {
    /// Whether it rules nothing out.
    pub fn is_empty(&self) -> bool {
        self.allow_models.is_none()
            && self.deny_models.is_empty()
            && self.allow_regions.is_none()
            && self.allow_sites.is_none()
            && self.max_cost_tiers.is_empty()
            && self.custom.is_empty()
    }
}
