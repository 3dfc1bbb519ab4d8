//! Labels, classification and the principals of a request.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use super::MonotonicSet;
use crate::cpex::wire::record;

pub use super::principal::{
    ClientExtension, ClientTrustLevel, SubjectExtension, SubjectType, WorkloadIdentity,
};

record! {
    /// Labels, classification and the principals of a request.
    #[derive(Debug, Default)]
    pub struct SecurityExtension {
        /// The security labels. A plugin can add to them, never remove.
        #[serde(default)]
        pub labels: MonotonicSet<String>,
        /// The data classification.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub classification: Option<String>,
        /// The authenticated subject.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subject: Option<SubjectExtension>,
        /// The application that brokers the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client: Option<ClientExtension>,
        /// The attested workload that the request came from.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub caller_workload: Option<WorkloadIdentity>,
        /// Our own attested workload.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub this_workload: Option<WorkloadIdentity>,
        /// How the subject was authenticated.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auth_method: Option<String>,
        /// What is known of managed objects, by name.
        #[serde(default)]
        pub objects: HashMap<String, ObjectSecurityProfile>,
        /// What may be done with data elements, by name.
        #[serde(default)]
        pub data: HashMap<String, DataPolicy>,
    }
}

impl SecurityExtension {
    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.labels.add_label(label);
    }

    /// Whether there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.has_label(label)
    }
}

record! {
    /// What is known of a managed object.
    #[derive(Debug, Default)]
    pub struct ObjectSecurityProfile {
        /// Who manages it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub managed_by: Option<String>,
        /// The permissions it takes.
        #[serde(default)]
        pub permissions: Vec<String>,
        /// Its trust domain.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub trust_domain: Option<String>,
        /// The data it is about.
        #[serde(default)]
        pub data_scope: Vec<String>,
    }
}

record! {
    /// What may be done with a data element.
    #[derive(Debug, Default)]
    pub struct DataPolicy {
        /// The labels that it brings.
        #[serde(default)]
        pub apply_labels: Vec<String>,
        /// What may be done with it; `None`: anything.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allowed_actions: Option<Vec<String>>,
        /// What may not be done with it.
        #[serde(default)]
        pub denied_actions: Vec<String>,
        /// How long it is kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub retention: Option<RetentionPolicy>,
    }
}

record! {
    /// How long data is kept.
    #[derive(Debug, Default)]
    pub struct RetentionPolicy {
        /// For how many seconds, at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub max_age_seconds: Option<u64>,
        /// By which policy.
        #[serde(default)]
        pub policy: String,
        /// When it is deleted.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub delete_after: Option<String>,
    }
}
