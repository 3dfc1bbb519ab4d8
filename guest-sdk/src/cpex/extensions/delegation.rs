//! The chain of delegations that gave an actor its authority.

pub use crate::cpex::records::{DelegationExtension, DelegationHop, DelegationStrategy};

impl DelegationExtension {
    /// Adds a delegation to the end of the chain.
    pub fn append_hop(&mut self, hop: DelegationHop) {
        self.chain.push(hop);
        self.depth = u32::try_from(self.chain.len()).unwrap_or(u32::MAX);
        self.delegated = true;
    }

    /// True if the chain begins with these delegations, as far as CPEX compares them.
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
