//! References to definitions: what `$ref` may be.

use alloc::string::String;
use alloc::vec::Vec;

/// The keys at the top of a schema that hold its definitions.
pub(super) const SECTIONS: [&str; 2] = ["$defs", "definitions"];

/// The target of a `$ref`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// The schema as a whole.
    Root,
    /// One of the definitions at its top.
    Definition {
        /// One of [`SECTIONS`].
        section: &'static str,
        /// The key there.
        name: String,
    },
}

impl Reference {
    /// Reads `#`, `#/$defs/NAME` or `#/definitions/NAME`, a JSON pointer in a URI (RFC 6901,
    /// section 6); `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let pointer = percent_decoded(text.strip_prefix('#')?)?;
        if pointer.is_empty() {
            return Some(Self::Root);
        }
        let (section, name) = pointer.strip_prefix('/')?.split_once('/')?;
        let section = SECTIONS.into_iter().find(|known| *known == section)?;
        if name.contains('/') {
            return None;
        }
        let name = name.replace("~1", "/").replace("~0", "~");
        Some(Self::Definition { section, name })
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_pointers_in_a_uri() {
        let definition = |section: &'static str, name: &str| {
            Some(Reference::Definition { section, name: name.into() })
        };
        assert_eq!(Reference::parse("#"), Some(Reference::Root));
        assert_eq!(Reference::parse("#/$defs/Rule"), definition("$defs", "Rule"));
        assert_eq!(
            Reference::parse("#/definitions/List%3CA~1B~01%3e"),
            definition("definitions", "List<A/B~1>")
        );
        for text in [
            "",
            "Rule",
            "#Rule",
            "#/properties/a",
            "#/$defs",
            "#/$defs/A/items",
            "#/$defs/%f",
            "#/$defs/%ff",
            "https://example.com/schema#/$defs/A",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }
}
