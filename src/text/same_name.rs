//! Names that differ in their case only.

use alloc::string::String;
use core::cell::Cell;

/// A name that is looked for whatever its case.
pub(crate) struct Name<'a> {
    name: &'a str,
    /// In lower case, if that is more than ASCII can tell.
    lower: Option<String>,
    /// The bytes of other names that were compared with it.
    compared: Cell<usize>,
}

impl<'a> Name<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        let lower = (!name.is_ascii()).then(|| name.to_lowercase());
        Self { name, lower, compared: Cell::new(0) }
    }

    /// The bytes of other names that it was compared with, as if each were copied.
    pub(crate) fn compared(&self) -> usize {
        self.compared.get()
    }

    /// True if another name is the same but for its case.
    pub(crate) fn is(&self, other: &str) -> bool {
        let name = self.lower.as_deref().unwrap_or(self.name);
        // One of three times the length has no other case of this one.
        if other.len() > name.len().saturating_mul(3) {
            return false;
        }
        self.compared.set(self.compared.get().saturating_add(other.len()));
        match &self.lower {
            None if other.is_ascii() => self.name.eq_ignore_ascii_case(other),
            None => other.to_lowercase() == self.name.to_lowercase(),
            Some(lower) if other.is_ascii() => other.eq_ignore_ascii_case(lower),
            Some(lower) => other.to_lowercase() == *lower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case() {
        let same = |one: &str, other: &str| {
            assert_eq!(Name::new(one).is(other), Name::new(other).is(one), "{one} {other}");
            Name::new(one).is(other)
        };
        assert!(same("X-Tenant", "x-tenant"));
        assert!(same("ÄÖ", "äö"));
        // The sign for kelvin is a capital k.
        assert!(same("\u{212a}", "k"));
        assert!(!same("ß", "ss"));
        assert!(!same("a", "b"));
        assert!(!same("", "a"));
    }
}
