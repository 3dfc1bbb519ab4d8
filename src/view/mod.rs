//! The source that a plugin reads from: the fields of a request, looked up one at a time.

mod message;
mod model;
mod payload;
#[cfg(feature = "praxis-policy")]
mod praxis;
mod select;
#[cfg(feature = "text")]
mod texts;
mod walk;
mod weight;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, DelegationExtension, HttpExtension, OnWire, RawInboundToken,
    Secret, SecurityExtension,
};
use cpex_wasmi_abi::{CapabilitySet, Field, Status, codec};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Payload;

pub(crate) use message::joined;
pub(crate) use model::position;
pub(crate) use payload::{PayloadKind, part_mut};
#[cfg(feature = "praxis-policy")]
pub(crate) use praxis::PraxisExtensions;
#[cfg(feature = "text")]
pub(crate) use select::EACH;
pub(crate) use select::position as list_position;
pub(crate) use select::{Want, select, size, step};
#[cfg(feature = "text")]
pub(crate) use texts::texts_mut;
pub(crate) use walk::{Members, Walk};
pub(crate) use weight::weight;

/// The value of a field, borrowed from where it lives.
pub(crate) enum Item<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Unsigned(u64),
    Float(f64),
    Json(Cow<'a, Value>),
    TextSet(&'a dyn TextSet),
    TextMap(&'a dyn Entries<str>),
    JsonMap(&'a dyn Entries<Value>),
    Record(Box<dyn Record + 'a>),
}

/// A set of strings.
pub(crate) trait TextSet {
    fn len(&self) -> usize;
    fn contains(&self, member: &str) -> bool;
    /// The members in sorted order.
    fn sorted(&self) -> Vec<&str>;
    /// The elements passed to put them in that order, beside each once.
    fn sorting(&self) -> usize {
        0
    }
    /// True if there is such a member.
    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool;
    /// The member at this position of the sorted order.
    fn nth(&self, position: usize) -> Option<&str>;
    /// The elements passed on the way to this position.
    fn passed_to(&self, position: usize) -> usize {
        position.min(self.len())
    }
}

impl TextSet for BTreeSet<String> {
    fn len(&self) -> usize {
        self.len()
    }

    fn contains(&self, member: &str) -> bool {
        self.contains(member)
    }

    fn sorted(&self) -> Vec<&str> {
        self.iter().map(String::as_str).collect()
    }

    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.iter().any(|member| is(member))
    }

    fn nth(&self, position: usize) -> Option<&str> {
        self.iter().nth(position).map(String::as_str)
    }
}

/// Values by name: texts (`str`), or JSON.
pub(crate) trait Entries<V: ?Sized>: Sync {
    fn len(&self) -> usize;
    fn get(&self, key: &str) -> Option<&V>;
    /// The entries in the order of their keys.
    fn sorted(&self) -> Vec<(&str, &V)>;
    /// The elements passed to put them in that order, beside each once.
    fn sorting(&self) -> usize {
        0
    }
    /// The first entry in that order with such a key.
    fn find(&self, is: &dyn Fn(&str) -> bool) -> Option<(&str, &V)>;
    /// The key at this position of the sorted order.
    fn nth_key(&self, position: usize) -> Option<&str>;
    /// The elements passed on the way to this position.
    fn passed_to(&self, position: usize) -> usize {
        position.min(self.len())
    }

    /// The value, whatever it was behind.
    fn entries(&self) -> &dyn Entries<V>
    where
        Self: Sized,
    {
        self
    }
}

/// A map without entries.
#[cfg(feature = "cpex-core")]
pub(crate) fn no_values() -> &'static dyn Entries<Value> {
    static NONE: BTreeMap<String, Value> = BTreeMap::new();
    &NONE
}

/// A value in such a map, as a plugin sees it.
pub(crate) trait Entry<V: ?Sized>: Sync {
    fn shown(&self) -> &V;
}

impl Entry<str> for String {
    fn shown(&self) -> &str {
        self
    }
}

impl Entry<Value> for Value {
    fn shown(&self) -> &Value {
        self
    }
}

impl Entry<str> for RawInboundToken {
    fn shown(&self) -> &str {
        self.token.expose()
    }
}

impl<V: ?Sized, T: Entry<V>> Entries<V> for BTreeMap<String, T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, key: &str) -> Option<&V> {
        self.get(key).map(T::shown)
    }

    fn sorted(&self) -> Vec<(&str, &V)> {
        self.iter().map(|(key, value)| (key.as_str(), value.shown())).collect()
    }

    fn find(&self, is: &dyn Fn(&str) -> bool) -> Option<(&str, &V)> {
        let mut entries = self.iter();
        entries.find(|(key, _)| is(key)).map(|(key, value)| (key.as_str(), value.shown()))
    }

    fn nth_key(&self, position: usize) -> Option<&str> {
        self.keys().nth(position).map(String::as_str)
    }
}

/// A record without the sets and maps that are fields of their own. It is made when it is looked at.
struct Flat<F>(F);

impl<T: Serialize, F: Fn() -> Option<T>> Record for Flat<F> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        (self.0)()?.postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        (self.0)()?.json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        match (self.0)() {
            Some(record) => Copied(record).select(pointer, want),
            None => (Err(Status::Failed), 0),
        }
    }
}

/// A value with a name in JSON: a text, or one of a list of them.
pub(crate) trait Named {
    fn name(&self) -> Cow<'_, str>;
}

impl Named for String {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

/// A structure that can be written in both encodings.
pub(crate) trait Record {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()>;
    fn json(&self) -> Option<Vec<u8>>;
    /// The value that a JSON Pointer names, and how much work it was; see [`select`]. Fails if the
    /// structure has no place in the request model, so that nobody knows what is in it.
    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize);
}

impl<T: Serialize> Record for T {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        codec::encode(self, out).ok()
    }

    fn json(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        let (found, worked) = select(self, pointer, want);
        (Ok(found), worked)
    }
}

/// A copy that was made to be looked at, which is charged for.
pub(crate) struct Copied<T>(pub(crate) T);

impl<T: Serialize> Record for Copied<T> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        self.0.postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        self.0.json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        let (found, worked) = select(&self.0, pointer, want);
        (Ok(found), worked.saturating_add(weight(&self.0)))
    }
}

impl<'a> Item<'a> {
    /// A record without the sets and maps that are fields of their own.
    pub(crate) fn flat<T: Serialize>(make: impl Fn() -> Option<T> + 'a) -> Self {
        Self::Record(Box::new(Flat(make)))
    }

    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(crate) fn json_value(value: &'a Value) -> Self {
        Self::Json(Cow::Borrowed(value))
    }

    pub(crate) fn name(value: &'a impl Named) -> Self {
        Self::Text(value.name())
    }

    pub(crate) fn record(value: &'a impl Serialize) -> Self {
        Self::Record(Box::new(value))
    }

    /// A text, or those of a map, where they are tokens.
    pub(crate) fn tokens(&self) -> Vec<Secret> {
        match self {
            Self::Text(text) => alloc::vec![Secret::from(&**text)],
            Self::TextMap(map) => map.sorted().into_iter().map(|(_, text)| text.into()).collect(),
            _ => Vec::new(),
        }
    }

    /// The bytes of a text.
    pub(crate) fn plain(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Json(value) => value.as_str().map(str::as_bytes),
            _ => None,
        }
    }

    /// The bytes that were joined to make it.
    pub(crate) fn made(&self) -> usize {
        if let Self::Text(Cow::Owned(text)) = self { text.len() } else { 0 }
    }

    /// The elements passed to sort its content.
    pub(crate) fn sorting(&self) -> usize {
        match self {
            Self::TextSet(set) => set.sorting(),
            Self::TextMap(map) => map.sorting(),
            Self::JsonMap(map) => map.sorting(),
            _ => 0,
        }
    }

    /// Appends the value as postcard. `None` only if its own `Serialize` fails.
    pub(crate) fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Text(text) => codec::encode(&**text, out).ok(),
            Self::Bool(value) => codec::encode(value, out).ok(),
            Self::Unsigned(number) => codec::encode(number, out).ok(),
            Self::Float(number) => codec::encode(number, out).ok(),
            Self::Json(value) => codec::encode(&OnWire(value), out).ok(),
            Self::TextSet(set) => codec::encode(&set.sorted(), out).ok(),
            Self::TextMap(map) => codec::encode(&map.sorted(), out).ok(),
            Self::JsonMap(map) => {
                let wire = |(key, value)| (key, OnWire(value));
                codec::encode(&map.sorted().into_iter().map(wire).collect::<Vec<_>>(), out).ok()
            }
            Self::Record(record) => record.postcard(out),
        }
    }

    /// Appends the value as JSON text. `None` only if its own `Serialize` fails.
    pub(crate) fn json(&self, out: &mut Vec<u8>) -> Option<()> {
        let mut json = match self {
            Self::Text(text) => serde_json::to_vec(&**text).ok(),
            Self::Bool(value) => serde_json::to_vec(value).ok(),
            Self::Unsigned(number) => serde_json::to_vec(number).ok(),
            Self::Float(number) => serde_json::to_vec(number).ok(),
            Self::Json(value) => serde_json::to_vec(&**value).ok(),
            Self::TextSet(set) => serde_json::to_vec(&set.sorted()).ok(),
            Self::TextMap(map) => serde_json::to_vec(&Sorted(map.sorted())).ok(),
            Self::JsonMap(map) => serde_json::to_vec(&Sorted(map.sorted())).ok(),
            Self::Record(record) => record.json(),
        }?;
        out.extend_from_slice(&json);
        if let Self::Text(_) | Self::TextMap(_) = self {
            // It may be a token.
            wipe(&mut json);
        }
        Some(())
    }
}

/// Entries in the order of their keys, as a map.
struct Sorted<'a, V>(Vec<(&'a str, V)>);

impl<V: Serialize> Serialize for Sorted<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Overwrites what may hold a token, so that the compiler does not see it as useless.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    core::hint::black_box(&bytes);
}

/// The charge for passing one element.
pub(crate) const BYTES_PER_ELEMENT: usize = 8;

/// The charge for a copied element, in passed elements.
pub(crate) const COPIED: usize = 8;

/// The source of look-ups. `visible` is what the plugin was granted; a field that it may not
/// read at all is never asked for.
pub(crate) trait View {
    /// The value of a field, or `None` if there is none. Of an indexed field, the one at `index`.
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>>;

    /// The number of elements of an indexed field.
    fn count(&self, _field: Field) -> usize {
        0
    }

    /// The elements that a look-up in this field may have to pass, where that is more than a few.
    fn breadth(&self, _field: Field) -> usize {
        0
    }
}

/// The extensions as their engine keeps them. What a plugin changes is copied first, which fails where
/// the request model has no place for it.
pub(crate) trait ExtensionsView: View {
    /// A [bit](Field::slot_bit) for each slot that is there.
    fn slots(&self) -> u32;
    /// A copy of what a plugin sees of the security slot.
    fn security(&self, visible: CapabilitySet) -> Result<Option<SecurityExtension>, Status>;
    /// A copy of the HTTP slot.
    fn http(&self) -> Result<Option<HttpExtension>, Status>;
    /// A copy of the delegation slot.
    fn delegation(&self) -> Result<Option<DelegationExtension>, Status>;
    /// A copy of the candidate constraint slot.
    fn candidate_constraint(&self) -> Result<Option<CandidateConstraintExtension>, Status>;
}

/// The [bit](Field::slot_bit) of a slot, if the slot is there.
pub(crate) const fn bit(slot: Field, there: bool) -> u32 {
    if there { slot.slot_bit() } else { 0 }
}

/// A payload, as its engine keeps it.
pub(crate) trait PayloadView: View + Sync {
    fn kind(&self) -> PayloadKind;
    /// All of it in the request model, as it is changed there.
    fn to_model(&self) -> Result<Cow<'_, Payload>, Status>;
}

/// Data that an engine lends only while a host function is served.
#[derive(Clone, Copy)]
pub(crate) struct Borrowed<'a> {
    pub(crate) payload: &'a dyn PayloadView,
    pub(crate) local_state: &'a dyn Entries<Value>,
    pub(crate) global_state: &'a dyn Entries<Value>,
}
