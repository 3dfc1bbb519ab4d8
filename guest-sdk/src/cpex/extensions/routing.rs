//! The model back ends that a request may go to.

pub use crate::cpex::records::{CandidateConstraintExtension, OnEmpty};

/// The capability that setting the constraint takes.
pub const CAP_WRITE_CANDIDATE_CONSTRAINT: &str = "write_candidate_constraint";

impl CandidateConstraintExtension {
    /// True if it rules nothing out.
    pub fn is_empty(&self) -> bool {
        self.allow_models.is_none()
            && self.deny_models.is_empty()
            && self.allow_regions.is_none()
            && self.allow_sites.is_none()
            && self.max_cost_tiers.is_empty()
            && self.custom.is_empty()
    }
}
