//! Facts about a plugin that are known when it is compiled, so that the code for anything else is not in the
//! module.

use cpex_wasmi_abi::{Capability, CapabilitySet};

/// The capabilities of these names.
pub(super) const fn capabilities(names: &[&str]) -> CapabilitySet {
    let mut set = CapabilitySet::EMPTY;
    let mut all = Capability::ALL;
    while let [capability, rest @ ..] = all {
        if has(names, capability.name()) {
            set.insert(*capability);
        }
        all = rest;
    }
    set
}

/// True if a name is in a list.
const fn has(mut names: &[&str], wanted: &str) -> bool {
    while let [name, rest @ ..] = names {
        if crate::plugin::same(name.as_bytes(), wanted.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}
