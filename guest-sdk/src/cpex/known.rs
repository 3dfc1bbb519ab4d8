//! Facts about a plugin that are known when it is compiled, so that the code for anything else is not in the
//! module.

/// True if a list of `reads`, by the first segments of its paths, says anything of the payload.
pub(super) const fn names_payload(reads: &[&str]) -> bool {
    has(reads, "payload") || has(reads, "message") || has(reads, "no_payload")
}

/// True if a name is in a list.
pub const fn has(mut names: &[&str], wanted: &str) -> bool {
    while let [name, rest @ ..] = names {
        if crate::plugin::same(name.as_bytes(), wanted.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}
