//! Labels, classification and the principals of a request.

pub use crate::cpex::records::{
    DataPolicy, ObjectSecurityProfile, RetentionPolicy, SecurityExtension,
};

use alloc::string::String;

pub use crate::cpex::records::{
    ClientExtension, ClientTrustLevel, SubjectExtension, SubjectType, WorkloadIdentity,
};

impl SecurityExtension {
    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.labels.add_label(label);
    }

    /// True if there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.has_label(label)
    }
}
