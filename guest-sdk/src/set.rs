//! The view of a set of texts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::raw::Place;
use crate::value::decode_texts;
use crate::{Field, Result};

/// A view of a set of strings.
#[derive(Clone, Copy, Debug)]
pub struct TextSet {
    place: Place<'static>,
}

impl TextSet {
    pub(crate) const fn of(field: Field) -> Self {
        Self { place: Place::of(field) }
    }

    /// True if `member` is in the set.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn contains(self, member: &str) -> Result<bool> {
        self.place.entry(member).contains()
    }

    /// The number of members.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn len(self) -> Result<usize> {
        self.place.count()
    }

    /// True if there are none.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn is_empty(self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// All members, sorted.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn to_vec(self) -> Result<Vec<String>> {
        self.place.bytes()?.map_or(Ok(Vec::new()), |bytes| decode_texts(&bytes))
    }
}

/// The names of all entries, sorted.
pub(crate) fn keys(place: Place<'_>) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    let count = u32::try_from(place.count()?).unwrap_or(u32::MAX);
    for position in 0..count {
        keys.push(place.key_at(position)?);
    }
    Ok(keys)
}
