//! Labels, classification and the principals of a request.

pub use crate::cpex::records::{
    DataPolicy, ObjectSecurityProfile, RetentionPolicy, SecurityExtension,
};

use alloc::string::String;

use super::MonotonicSet;
use super::container::Reads;
use super::parts::Security;

pub use crate::cpex::records::{
    ClientExtension, ClientTrustLevel, SubjectExtension, SubjectType, WorkloadIdentity,
};

impl<R: Reads<SecurityLabels = MonotonicSet<String>>> Security<R> {
    /// True if there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.has_label(label)
    }
}

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
