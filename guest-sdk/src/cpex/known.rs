//! Facts about a plugin that are known when it is compiled, so that the code for anything else is not in the
//! module.

/// The part of what is at a path that a list of `reads` has: 2 for all of it, 1 for something in it, 0 for nothing.
pub const fn level(mut reads: &[&[&str]], path: &[&str]) -> u8 {
    let mut level = 0;
    while let [listed, others @ ..] = reads {
        if let Some(rest) = below(listed, path) {
            if rest.is_empty() {
                return 2;
            }
            level = 1;
        }
        reads = others;
    }
    level
}

/// The rest of a path that begins with another one.
const fn below<'a>(mut listed: &'a [&'a str], mut path: &[&str]) -> Option<&'a [&'a str]> {
    while let [name, rest @ ..] = path {
        match listed {
            [other, others @ ..] if crate::plugin::same(name.as_bytes(), other.as_bytes()) => {
                listed = others;
            }
            _ => return None,
        }
        path = rest;
    }
    Some(listed)
}

/// True if a name is in a list.
pub(super) const fn has(mut names: &[&str], wanted: &str) -> bool {
    while let [name, rest @ ..] = names {
        if crate::plugin::same(name.as_bytes(), wanted.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}
