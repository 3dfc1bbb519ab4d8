use alloc::string::String;

/// A name that is looked for whatever its case.
pub(super) struct Name<'a> {
    name: &'a str,
    /// In lower case, if that is more than ASCII can tell.
    lower: Option<String>,
}

impl<'a> Name<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, lower: (!name.is_ascii()).then(|| name.to_lowercase()) }
    }

    /// Whether another name is the same but for its case.
    pub(super) fn is(&self, other: &str) -> bool {
        match &self.lower {
            None if other.is_ascii() => self.name.eq_ignore_ascii_case(other),
            // One of three times the length has no other case of this one.
            None => {
                other.len() <= self.name.len().saturating_mul(3)
                    && other.to_lowercase() == self.name.to_lowercase()
            }
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
