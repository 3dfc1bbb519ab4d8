//! Checks of a manifest while the plugin is compiled.

use cpex_wasmi_abi::{AccessKind, Capability};

/// True if all names are names of capabilities.
pub const fn capabilities_are_known(mut names: &[&str]) -> bool {
    while let [name, rest @ ..] = names {
        let mut known = Capability::ALL;
        while let [capability, others @ ..] = known {
            if same(name.as_bytes(), capability.name().as_bytes()) {
                break;
            }
            known = others;
        }
        if known.is_empty() {
            return false;
        }
        names = rest;
    }
    true
}

/// True if all lines begin as an [`AccessRequest`](cpex_wasmi_abi::AccessRequest) does. The host looks at the rest.
pub const fn access_is_known(mut lines: &[&str]) -> bool {
    while let [line, rest @ ..] = lines {
        let mut known = AccessKind::ALL;
        while let [kind, others @ ..] = known {
            if begins(line.as_bytes(), *kind) {
                break;
            }
            known = others;
        }
        if known.is_empty() {
            return false;
        }
        lines = rest;
    }
    true
}

/// True if a line is the name of a kind of access, with a colon and more if that takes it.
const fn begins(line: &[u8], kind: AccessKind) -> bool {
    let name = kind.name().as_bytes();
    if !kind.takes_argument() {
        return same(line, name);
    }
    match line.split_at_checked(name.len()) {
        Some((start, [b':', _, ..])) => same(start, name),
        _ => false,
    }
}

pub(crate) const fn same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([byte, rest @ ..], [wanted, others @ ..]) = (one, other) {
        if *byte != *wanted {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_is_known_and_no_other() {
        for capability in Capability::ALL {
            assert!(capabilities_are_known(&[capability.name()]));
        }
        assert!(!capabilities_are_known(&["read_labels", "read_label"]));
        assert!(capabilities_are_known(&[]));
    }

    #[test]
    fn a_line_about_the_system_begins_as_one() {
        assert!(access_is_known(&["env:A", "fs:read-only:a", "clock", "random", "exec:/bin/echo"]));
        for line in ["", "env", "env:", "Env:A", "clock:", "disk:a", "networks:a"] {
            assert!(!access_is_known(&["clock", line]), "{line}");
        }
    }
}
