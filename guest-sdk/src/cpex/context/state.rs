//! State of the context: a map that is fetched when a handler looks at it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::cpex::apply::maps::{differences, write_entries};
use crate::cpex::incoming::{lost, map};
use crate::cpex::wire::entries;
use crate::raw::Place;
use crate::{Field, Result};

type Entries = HashMap<String, Value>;

/// One map of a [`PluginContext`](super::PluginContext), fetched from the host when a handler looks at it.
///
/// It is a `HashMap` otherwise, and is made of one by `into`. A value that is set before is kept aside:
/// setting fetches nothing. A clone has all entries.
#[derive(Default)]
pub struct ContextState {
    /// The field to fetch it from. `None` for a state of the plugin's own making.
    field: Option<Field>,
    read: OnceLock<Read>,
    /// The entries that were set before anything was read.
    set: Entries,
}

/// A map that was fetched, with its changes, and its bytes as they came.
#[derive(Default)]
struct Read {
    entries: Entries,
    bytes: Vec<u8>,
}

impl ContextState {
    #[inline(always)]
    pub(super) fn given(field: Field) -> Self {
        Self { field: Some(field), read: OnceLock::new(), set: Entries::default() }
    }

    /// Sets a value, without fetching the others.
    pub(super) fn set(&mut self, key: String, value: Value) {
        let entries = match self.read.get_mut() {
            Some(read) => &mut read.entries,
            None => &mut self.set,
        };
        entries.insert(key, value);
    }

    /// Tells the host which entries were removed, added or changed.
    #[inline]
    pub(in crate::cpex) fn write(&self, field: Field) -> Result<()> {
        let entries = entries(self.read.get().map_or(&self.set, |read| &read.entries));
        match (self.field, self.read.get()) {
            (Some(_), None) => write_entries(field, entries),
            (Some(_), Some(read)) => differences(field, &read.bytes, entries),
            // The plugin put another state in place of the one that it was given.
            (None, _) => {
                differences(field, &Place::of(field).bytes()?.unwrap_or_default(), entries)
            }
        }
    }

    #[inline(never)]
    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let fetched = self.field.map_or(Ok(None), map::<Entries>);
            let (mut entries, bytes) = fetched.unwrap_or_else(|_| lost()).unwrap_or_default();
            for (key, value) in &self.set {
                entries.insert(key.clone(), value.clone());
            }
            Read { entries, bytes }
        })
    }
}

impl Deref for ContextState {
    type Target = Entries;

    fn deref(&self) -> &Entries {
        &self.read().entries
    }
}

impl DerefMut for ContextState {
    fn deref_mut(&mut self) -> &mut Entries {
        self.read();
        match self.read.get_mut() {
            Some(read) => &mut read.entries,
            None => lost(),
        }
    }
}

impl From<Entries> for ContextState {
    fn from(set: Entries) -> Self {
        Self { set, ..Self::default() }
    }
}

/// Fetches all of it: a clone may outlast the call.
impl Clone for ContextState {
    fn clone(&self) -> Self {
        Entries::clone(self).into()
    }
}

impl fmt::Debug for ContextState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Entries::fmt(self, f)
    }
}

impl Serialize for ContextState {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        Entries::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ContextState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        Entries::deserialize(deserializer).map(Into::into)
    }
}
