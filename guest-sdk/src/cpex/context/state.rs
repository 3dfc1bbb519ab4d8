//! State of the context: a map that is fetched when a handler looks at it.

use alloc::string::String;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::cpex::apply::maps::{differences, write_entries};
use crate::cpex::incoming::{lost, value};
use crate::cpex::lazy::{Bytes, LazyMap};
use crate::cpex::wire::entries;
use crate::raw::Place;
use crate::{Field, Result};

type Entries = LazyMap<Value>;

/// One map of a [`PluginContext`](super::PluginContext), fetched from the host when a handler looks at it.
///
/// It is a [`LazyMap`] otherwise, and is made of a `HashMap` by `into`. A value that is set before is kept aside:
/// setting fetches nothing. A clone has all entries.
#[derive(Default)]
pub struct ContextState {
    /// The field to fetch it from. `None` for a state of the plugin's own making.
    field: Option<Field>,
    read: OnceLock<Read>,
    /// The entries that were set before anything was read.
    set: Entries,
}

/// A map that was fetched, with its changes, and as it came.
#[derive(Default)]
struct Read {
    entries: Entries,
    before: Option<Bytes>,
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
        match (self.field, self.read.get()) {
            (Some(_), None) => write_entries(field, entries(&self.set)),
            (Some(_), Some(read)) => match (&read.before, read.entries.encoded()) {
                (Some(before), Some(after)) if before.is(after) => Ok(()),
                (before, _) => differences(field, before.as_ref(), entries(&read.entries)),
            },
            // The plugin put another state in place of the one that it was given.
            (None, read) => {
                let before = value::<Entries>(Place::of(field))?.unwrap_or_default();
                let after = read.map_or(&self.set, |read| &read.entries);
                differences(field, before.encoded(), entries(after))
            }
        }
    }

    #[inline(never)]
    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let fetched = self.field.map_or(Ok(None), |field| value(Place::of(field)));
            let mut entries: Entries = fetched.unwrap_or_else(|_| lost()).unwrap_or_default();
            let before = entries.encoded().cloned();
            for (key, value) in &self.set {
                entries.insert(key.clone(), value.clone());
            }
            Read { entries, before }
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

impl From<HashMap<String, Value>> for ContextState {
    fn from(set: HashMap<String, Value>) -> Self {
        Entries::from(set).into()
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
