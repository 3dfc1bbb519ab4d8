//! Enums that cross as text: the fields of their own.

use alloc::vec::Vec;

use super::{Reader, Wire, put_text};

/// An enum whose variants have names.
pub(crate) trait Known: Clone + PartialEq + Sized + 'static {
    /// All variants, in the order of the ABI.
    const ALL: &[(Self, &str)];

    /// Any variant.
    const ANY: Self;

    /// The variant of this name.
    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(known, _)| known.clone())
    }
}

/// An enum as its name.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: Known> Wire for Named<T> {
    fn read(reader: &mut Reader<'_>) -> Self {
        let known = T::from_text(&reader.text());
        if known.is_none() {
            reader.fail();
        }
        // Any will do if it failed.
        Self(known.unwrap_or(T::ANY))
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some((_, name)) = T::ALL.iter().find(|(known, _)| *known == self.0) {
            put_text(out, name);
        }
    }
}
