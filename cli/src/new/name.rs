//! Names that a plugin project can have.

/// The longest name, in bytes.
const MAX_LEN: usize = 64;

/// Words that Rust does not take as the name of a crate.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names that cargo, the project itself, or some file system has taken.
const TAKEN: &[&str] = &[
    "alloc",
    "aux",
    "build",
    "con",
    "core",
    "cpex-wasmi-guest",
    "deps",
    "examples",
    "incremental",
    "nul",
    "prn",
    "proc-macro",
    "proc_macro",
    "std",
    "test",
];

/// The objection to a name, if it is invalid.
pub(super) fn objection(name: &str) -> Option<String> {
    let starts_well = name.starts_with(|char: char| char.is_ascii_alphabetic());
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !(starts_well && is_plain && name.len() <= MAX_LEN) {
        return Some(format!(
            "the name `{name}` is invalid: use a letter and then up to {} letters, digits, `-` \
             and `_`, such as `my-policy`",
            MAX_LEN.saturating_sub(1)
        ));
    }
    let is_one_of = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    if is_one_of(KEYWORDS) {
        return Some(format!("the name `{name}` is a keyword of Rust; try `{name}-policy`"));
    }
    if is_one_of(TAKEN) {
        return Some(format!("the name `{name}` is reserved by the build; try `{name}-policy`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_packages() {
        for name in ["my-policy", "a", "pii_guard2", &"x".repeat(64)] {
            assert_eq!(objection(name), None);
        }
        for name in ["", "-a", "1a", "a b", "a/b", "../a", "ü", "fn", "test", &"x".repeat(65)] {
            assert!(objection(name).is_some(), "{name}");
        }
    }
}
