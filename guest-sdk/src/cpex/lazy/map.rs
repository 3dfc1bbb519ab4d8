//! A map by names that is decoded when a handler looks at it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::{self, Vec};
use core::cmp::Reverse;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Deref, DerefMut};
use core::slice;
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bytes, Source};
use crate::Field;
use crate::cpex::fetch::lost;
use crate::cpex::wire::{Reader, Wire, put_number, put_text, sort};

/// A map by names that is decoded when a handler looks at it, a value at a time.
///
/// CPEX has a `HashMap<String, V>` there. This dereferences to one, and is made of one by `into`, which compiles against
/// `cpex-core` too. Its own methods hash nothing.
pub struct LazyMap<V> {
    /// The entries as they came. `None` once the map was changed.
    encoded: Option<Encoded<V>>,
    /// The entries in the order of their names, once somebody looked for one.
    entries: OnceLock<Vec<Entry<V>>>,
    /// The entries, once somebody asked for a map. They are here alone once that was changed.
    map: OnceLock<Box<dyn Hashed<V>>>,
}

struct Encoded<V> {
    source: Source,
    decode: fn(&mut Reader<'_>) -> V,
    skip: fn(&mut Reader<'_>),
}

#[derive(Clone)]
struct Entry<V> {
    name: String,
    /// The position of the value in the bytes.
    position: usize,
    value: OnceLock<V>,
}

/// A map that hashes. Behind a trait, so that a module which never makes one has no code for it.
trait Hashed<V>: Send + Sync {
    fn inner(&self) -> &HashMap<String, V>;
    fn inner_mut(&mut self) -> &mut HashMap<String, V>;
    fn entries(&self) -> Vec<Entry<V>>;
}

impl<V: Clone + Send + Sync> Hashed<V> for HashMap<String, V> {
    fn inner(&self) -> &Self {
        self
    }

    fn inner_mut(&mut self) -> &mut Self {
        self
    }

    fn entries(&self) -> Vec<Entry<V>> {
        entries_of(self.clone())
    }
}

impl<V> LazyMap<V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.encoded().map_or_else(|| self.entries().len(), Bytes::len)
    }

    /// True if it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of this name. No other is decoded for it.
    pub fn get<N: AsRef<str> + ?Sized>(&self, name: &N) -> Option<&V> {
        let entries = self.entries();
        let position = position(entries, name.as_ref()).ok()?;
        entries.get(position).map(|entry| self.value(entry))
    }

    /// True if there is a value of this name.
    pub fn contains_key<N: AsRef<str> + ?Sized>(&self, name: &N) -> bool {
        position(self.entries(), name.as_ref()).is_ok()
    }

    /// The entries, in no order.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter { map: self, entries: self.entries().iter() }
    }

    /// The names, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        // No value is decoded for it.
        self.entries().iter().map(|entry| &entry.name)
    }

    /// The values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entries, in no order, to change their values.
    pub fn iter_mut(&mut self) -> IterMut<'_, V> {
        IterMut(self.to_mut().iter_mut())
    }

    /// The values, in no order, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.to_mut().iter_mut().filter_map(|entry| entry.value.get_mut())
    }

    /// The value of this name, to change it.
    pub fn get_mut<N: AsRef<str> + ?Sized>(&mut self, name: &N) -> Option<&mut V> {
        let entries = self.to_mut();
        let position = position(entries, name.as_ref()).ok()?;
        entries.get_mut(position)?.value.get_mut()
    }

    /// Sets a value, and gives the one that was there.
    pub fn insert(&mut self, name: String, value: V) -> Option<V> {
        let entries = self.to_mut();
        match position(entries, &name) {
            Ok(position) => {
                let old = entries.get_mut(position)?.value.get_mut();
                old.map(|old| core::mem::replace(old, value))
            }
            Err(position) => {
                entries.insert(position, Entry { name, position: 0, value: value.into() });
                None
            }
        }
    }

    /// Removes a value, and gives it.
    pub fn remove<N: AsRef<str> + ?Sized>(&mut self, name: &N) -> Option<V> {
        let entries = self.to_mut();
        let position = position(entries, name.as_ref()).ok()?;
        entries.remove(position).value.take()
    }

    /// A map that stays on the host until a handler looks at it.
    pub(in crate::cpex) fn on_host(reader: &mut Reader<'_>, field: (Field, u32)) -> Self
    where
        V: Wire,
    {
        let source = Source::on_host(reader, field);
        let encoded = Encoded { source, decode: V::read, skip: V::skip };
        Self { encoded: Some(encoded), ..Self::default() }
    }

    /// The entries to show to people and as JSON: none of a hidden map.
    fn shown(&self) -> Iter<'_, V> {
        match &self.encoded {
            Some(encoded) if encoded.source.is_hidden() => Iter { map: self, entries: [].iter() },
            _ => self.iter(),
        }
    }

    /// The entries as they came, until the map is changed.
    pub(in crate::cpex) fn encoded(&self) -> Option<&Bytes> {
        self.encoded.as_ref().and_then(|encoded| encoded.source.bytes())
    }

    #[inline(never)]
    fn entries(&self) -> &[Entry<V>] {
        self.entries.get_or_init(|| match (&self.encoded, self.map.get()) {
            (Some(Encoded { source, skip, .. }), _) => {
                let Some(bytes) = source.bytes() else { return Vec::new() };
                let mut reader = bytes.elements();
                let mut entries: Vec<Entry<V>> = Vec::with_capacity(bytes.len());
                for left in (0..bytes.len()).rev() {
                    let name = reader.text();
                    // The ABI says so. Else a name could look missing.
                    if entries.last().is_some_and(|last| last.name >= name) {
                        lost();
                    }
                    let position = bytes.position(&reader);
                    entries.push(Entry { name, position, value: OnceLock::new() });
                    if left > 0 {
                        skip(&mut reader);
                    }
                }
                entries
            }
            (None, Some(map)) => map.entries(),
            (None, None) => Vec::new(),
        })
    }

    #[inline(never)]
    fn value<'a>(&'a self, entry: &'a Entry<V>) -> &'a V {
        entry.value.get_or_init(|| {
            let encoded = self.encoded.as_ref().unwrap_or_else(|| lost());
            let bytes = encoded.source.bytes().unwrap_or_else(|| lost());
            let mut reader = bytes.at(entry.position);
            let value = (encoded.decode)(&mut reader);
            if reader.is_sound() { value } else { lost() }
        })
    }

    /// The entries, all decoded, to change them.
    #[inline(never)]
    fn to_mut(&mut self) -> &mut Vec<Entry<V>> {
        for entry in self.entries() {
            self.value(entry);
        }
        self.encoded = None;
        self.map.take();
        self.entries.get_mut().unwrap_or_else(|| lost())
    }

    /// A map of these entries, which are in order.
    fn of(entries: Vec<Entry<V>>) -> Self {
        Self { entries: entries.into(), ..Self::default() }
    }
}

/// Makes entries, in the order of their names.
fn entries_of<V>(entries: impl IntoIterator<Item = (String, V)>) -> Vec<Entry<V>> {
    let entries = entries.into_iter().enumerate();
    let entries = entries
        .map(|(position, (name, value))| Entry { name, position, value: value.into() })
        .collect();
    in_order(entries)
}

/// Entries in the order of their names. Of several with one name, the last.
#[inline(never)]
fn in_order<V>(mut entries: Vec<Entry<V>>) -> Vec<Entry<V>> {
    sort(&mut entries, |one, other| {
        (&one.name, Reverse(one.position)) < (&other.name, Reverse(other.position))
    });
    entries.dedup_by(|next, entry| next.name == entry.name);
    entries
}

impl LazyMap<String> {
    /// The value of the first name that this holds for. Nothing is decoded for it.
    pub(in crate::cpex) fn find_text(&self, test: impl Fn(&[u8]) -> bool) -> Option<&str> {
        match self.encoded() {
            Some(bytes) => {
                let mut reader = bytes.elements();
                let mut entries =
                    (0..bytes.len()).map(|_| (reader.text_bytes(), reader.text_bytes()));
                let (_, value) = entries.find(|(name, _)| test(name))?;
                core::str::from_utf8(value).ok()
            }
            None => {
                let (_, value) = self.iter().find(|(name, _)| test(name.as_bytes()))?;
                Some(value)
            }
        }
    }
}

/// The position of a name, or where it would be.
fn position<V>(entries: &[Entry<V>], name: &str) -> Result<usize, usize> {
    entries.binary_search_by(|entry| entry.name.as_str().cmp(name))
}

impl<V: Clone + Send + Sync + 'static> Deref for LazyMap<V> {
    type Target = HashMap<String, V>;

    fn deref(&self) -> &HashMap<String, V> {
        let map = self.map.get_or_init(|| {
            let copy = |(name, value): (&String, &V)| (name.clone(), value.clone());
            Box::new(self.iter().map(copy).collect::<HashMap<_, _>>())
        });
        map.inner()
    }
}

impl<V: Clone + Send + Sync + 'static> DerefMut for LazyMap<V> {
    fn deref_mut(&mut self) -> &mut HashMap<String, V> {
        let _: &HashMap<String, V> = self;
        self.encoded = None;
        self.entries.take();
        self.map.get_mut().unwrap_or_else(|| lost()).inner_mut()
    }
}

impl<V> From<HashMap<String, V>> for LazyMap<V> {
    fn from(map: HashMap<String, V>) -> Self {
        Self::of(entries_of(map))
    }
}

impl<V> From<LazyMap<V>> for HashMap<String, V> {
    fn from(map: LazyMap<V>) -> Self {
        map.into_iter().collect()
    }
}

impl<V, const N: usize> From<[(String, V); N]> for LazyMap<V> {
    fn from(entries: [(String, V); N]) -> Self {
        Self::of(entries_of(entries))
    }
}

impl<V> FromIterator<(String, V)> for LazyMap<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        Self::of(entries_of(entries))
    }
}

impl<V> Extend<(String, V)> for LazyMap<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V> Default for LazyMap<V> {
    fn default() -> Self {
        Self { encoded: None, entries: OnceLock::new(), map: OnceLock::new() }
    }
}

impl<V: Clone> Clone for LazyMap<V> {
    fn clone(&self) -> Self {
        // What is decoded when a clone is looked at needs no copy now.
        let entries = match &self.encoded {
            Some(_) => OnceLock::new(),
            None => self.entries().to_vec().into(),
        };
        Self { encoded: self.encoded.clone(), entries, map: OnceLock::new() }
    }
}

impl<V> Clone for Encoded<V> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), ..*self }
    }
}

impl<V: PartialEq> PartialEq for LazyMap<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<V: PartialEq> PartialEq<HashMap<String, V>> for LazyMap<V> {
    fn eq(&self, other: &HashMap<String, V>) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<V: fmt::Debug> fmt::Debug for LazyMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl<V: Serialize> Serialize for LazyMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.shown())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for LazyMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HashMap::deserialize(deserializer).map(Into::into)
    }
}

/// Passes over a name and its value.
fn skip_entry<V: Wire>(reader: &mut Reader<'_>) {
    reader.text_bytes();
    V::skip(reader);
}

impl<V: Wire> Wire for LazyMap<V> {
    fn read(reader: &mut Reader<'_>) -> Self {
        let source = Bytes::take(reader, skip_entry::<V>).map(Source::Here);
        let encoded = source.map(|source| Encoded { source, decode: V::read, skip: V::skip });
        Self { encoded, ..Self::default() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self.encoded() {
            Some(bytes) => out.extend_from_slice(bytes.encoded()),
            None => {
                put_number(out, self.len() as u64);
                for (name, value) in self {
                    put_text(out, name);
                    value.write(out);
                }
            }
        }
    }

    fn skip(reader: &mut Reader<'_>) {
        Bytes::skip(reader, skip_entry::<V>);
    }
}

impl<'a, V> IntoIterator for &'a LazyMap<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<'a, V> IntoIterator for &'a mut LazyMap<V> {
    type Item = (&'a String, &'a mut V);
    type IntoIter = IterMut<'a, V>;

    fn into_iter(self) -> IterMut<'a, V> {
        self.iter_mut()
    }
}

impl<V> IntoIterator for LazyMap<V> {
    type Item = (String, V);
    type IntoIter = vec::IntoIter<(String, V)>;

    fn into_iter(mut self) -> vec::IntoIter<(String, V)> {
        let entries = core::mem::take(self.to_mut()).into_iter();
        let entries: Vec<_> =
            entries.filter_map(|entry| Some((entry.name, entry.value.into_inner()?))).collect();
        entries.into_iter()
    }
}

/// The entries of a [`LazyMap`]. Each value is decoded when it comes.
pub struct Iter<'a, V> {
    map: &'a LazyMap<V>,
    entries: slice::Iter<'a, Entry<V>>,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a String, &'a V);

    fn next(&mut self) -> Option<(&'a String, &'a V)> {
        self.entries.next().map(|entry| (&entry.name, self.map.value(entry)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<V> ExactSizeIterator for Iter<'_, V> {}
impl<V> FusedIterator for Iter<'_, V> {}

impl<V> fmt::Debug for Iter<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

/// The entries of a [`LazyMap`], to change their values.
pub struct IterMut<'a, V>(slice::IterMut<'a, Entry<V>>);

impl<'a, V> Iterator for IterMut<'a, V> {
    type Item = (&'a String, &'a mut V);

    fn next(&mut self) -> Option<(&'a String, &'a mut V)> {
        self.0.next().and_then(|entry| Some((&entry.name, entry.value.get_mut()?)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<V> FusedIterator for IterMut<'_, V> {}

impl<V> fmt::Debug for IterMut<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").finish_non_exhaustive()
    }
}
