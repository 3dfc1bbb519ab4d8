//! Changes of the delegation chain and of the candidate constraint.

use crate::{CandidateConstraint, Delegation, Field, Result, Value};

impl Delegation {
    /// Adds a delegation to the chain: CPEX's `DelegationHop` as JSON text. It takes the
    /// capability `append_delegation`, as all changes of this slot.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn append_hop_json(self, hop: &str) -> Result<()> {
        self.place(Field::DelegationHop).all().write_json(hop)
    }
}

impl CandidateConstraint {
    /// Sets one value of the constraint, such as `/deny_models`, where there is one. It takes the
    /// capability `write_candidate_constraint`, as all changes of this slot.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set(self, pointer: &str, value: impl Into<Value>) -> Result<()> {
        self.record().set(pointer, value)
    }

    /// Replaces the constraint by one given as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn replace_json(self, json: &str) -> Result<()> {
        self.record().replace_json(json)
    }

    /// Removes the constraint. Returns true if there was one.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn clear(self) -> Result<bool> {
        self.place(Field::CandidateConstraint).remove()
    }
}
