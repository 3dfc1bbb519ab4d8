//! What is known of a plugin when it is compiled: constants, so that the code for anything else is
//! not in the module.

/// The slots of which a plugin reads anything.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// Whether anything is said of the payload.
    pub(super) payload: bool,
    pub(super) request: bool,
    pub(super) agent: bool,
    pub(super) http: bool,
    pub(super) security: bool,
    pub(super) candidate_constraint: bool,
    pub(super) delegation: bool,
    pub(super) raw_credentials: bool,
    pub(super) mcp: bool,
    pub(super) completion: bool,
    pub(super) provenance: bool,
    pub(super) llm: bool,
    pub(super) framework: bool,
    pub(super) meta: bool,
    pub(super) custom: bool,
}

impl Slots {
    /// The slots that a list of `reads` names, by the first segments of its paths.
    pub(super) const fn of(reads: &[&str]) -> Self {
        Self {
            payload: has(reads, "payload") || has(reads, "message") || has(reads, "no_payload"),
            request: has(reads, "request"),
            agent: has(reads, "agent"),
            http: has(reads, "http"),
            security: has(reads, "security"),
            candidate_constraint: has(reads, "candidate_constraint"),
            delegation: has(reads, "delegation"),
            raw_credentials: has(reads, "raw_credentials"),
            mcp: has(reads, "mcp"),
            completion: has(reads, "completion"),
            provenance: has(reads, "provenance"),
            llm: has(reads, "llm"),
            framework: has(reads, "framework"),
            meta: has(reads, "meta"),
            custom: has(reads, "custom"),
        }
    }
}

/// What a plugin may change, by the capabilities of its manifest.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    pub(super) headers: bool,
    pub(super) labels: bool,
    pub(super) delegation: bool,
    pub(super) constraint: bool,
}

impl Rights {
    pub(super) const fn of(capabilities: &[&str]) -> Self {
        Self {
            headers: has(capabilities, "write_headers"),
            labels: has(capabilities, "append_labels"),
            delegation: has(capabilities, "append_delegation"),
            constraint: has(capabilities, "write_candidate_constraint"),
        }
    }
}

const fn has(mut names: &[&str], wanted: &str) -> bool {
    while let [name, rest @ ..] = names {
        if crate::plugin::same(name.as_bytes(), wanted.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}
