//! State of the context: a map that is fetched when a handler looks at it.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::cpex::apply::maps::{differences, write_entries};
use crate::cpex::fetch::{lost, value};
use crate::cpex::lazy::{Bytes, LazyMap};
use crate::cpex::wire::entries;
use crate::raw::Place;
use crate::{Field, Result};

type Entries = LazyMap<Value>;

/// One map of a [`PluginContext`](super::PluginContext), fetched from the host when a handler looks at it.
///
/// It is a [`LazyMap`] otherwise, and is made of a `HashMap` by `into`. A value that is set before is kept aside:
/// setting fetches nothing. A clone has all entries.
pub struct ContextState {
    /// The field to fetch it from. `None` for a state of the plugin's own making, which is touched.
    field: Option<Field>,
    touched: OnceLock<Box<dyn Touched>>,
}

/// A state that somebody looked at or changed. Behind a trait, so that a module which never does has no code for it.
trait Touched: Send + Sync {
    fn state(&self) -> &State;
    fn state_mut(&mut self) -> &mut State;
    fn write(&self, given: bool, field: Field) -> Result<()>;
}

/// The entries that were fetched, and those that were set.
#[derive(Default)]
struct State {
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
        Self { field: Some(field), touched: OnceLock::new() }
    }

    /// Sets a value, without fetching the others.
    pub(super) fn set(&mut self, key: String, value: Value) {
        self.touched();
        let state = self.touched.get_mut().unwrap_or_else(|| lost()).state_mut();
        let entries = match state.read.get_mut() {
            Some(read) => &mut read.entries,
            None => &mut state.set,
        };
        entries.insert(key, value);
    }

    /// Tells the host which entries were removed, added or changed.
    #[inline(always)]
    pub(in crate::cpex) fn write(&self, field: Field) -> Result<()> {
        match self.touched.get() {
            Some(touched) => touched.write(self.field.is_some(), field),
            None => Ok(()),
        }
    }

    fn touched(&self) -> &State {
        self.touched.get_or_init(|| Box::new(State::default())).state()
    }

    fn read(&self) -> &Read {
        self.touched().read(self.field)
    }
}

impl State {
    #[inline(never)]
    fn read(&self, field: Option<Field>) -> &Read {
        self.read.get_or_init(|| {
            let fetched = field.map_or(Ok(None), |field| value(Place::of(field)));
            let mut entries: Entries = fetched.unwrap_or_else(|_| lost()).unwrap_or_default();
            let before = entries.encoded().cloned();
            for (key, value) in &self.set {
                entries.insert(key.clone(), value.clone());
            }
            Read { entries, before }
        })
    }
}

impl Touched for State {
    fn state(&self) -> &State {
        self
    }

    fn state_mut(&mut self) -> &mut State {
        self
    }

    fn write(&self, given: bool, field: Field) -> Result<()> {
        match self.read.get() {
            None if given => write_entries(field, entries(&self.set)),
            Some(read) if given => match (&read.before, read.entries.encoded()) {
                (Some(before), Some(after)) if before.is(after) => Ok(()),
                (before, _) => differences(field, before.as_ref(), entries(&read.entries)),
            },
            // The plugin put another state in place of the one that it was given.
            read => {
                let before = value::<Entries>(Place::of(field))?.unwrap_or_default();
                let after = read.map_or(&self.set, |read| &read.entries);
                differences(field, before.encoded(), entries(after))
            }
        }
    }
}

/// An empty state, in place of one that was given.
impl Default for ContextState {
    fn default() -> Self {
        Entries::default().into()
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
        let touched = self.touched.get_mut().map(|touched| touched.state_mut());
        match touched.and_then(|state| state.read.get_mut()) {
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
        let touched: Box<dyn Touched> = Box::new(State { set, read: OnceLock::new() });
        Self { field: None, touched: touched.into() }
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
