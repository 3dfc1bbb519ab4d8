//! Options, lists, maps and sets. Maps and sets are written in the order of their keys, so that
//! the same value is always the same bytes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use std::collections::{HashMap, HashSet};

use super::{Reader, Wire, put_number, put_text, sort};
use crate::cpex::lazy::LazyMap;

/// For how many elements there is room from the start: the count may be absurd.
const ROOM: usize = 128;

/// A key that is a text on the wire.
pub(crate) trait Name: Eq + Hash {
    /// The key with this name.
    fn from_name(name: String) -> Self;

    /// The key's name.
    fn name(&self) -> &str;
}

impl Name for String {
    fn from_name(name: String) -> Self {
        name
    }

    fn name(&self) -> &str {
        self
    }
}

impl<T: Wire> Wire for Option<T> {
    #[inline(never)]
    fn read(reader: &mut Reader<'_>) -> Self {
        bool::read(reader).then(|| T::read(reader))
    }

    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.is_some().into());
        if let Some(value) = self {
            value.write(out);
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    #[inline(never)]
    fn read(reader: &mut Reader<'_>) -> Self {
        let len = reader.len();
        let mut values = Self::with_capacity(len.min(ROOM));
        for _ in 0..len {
            values.push(T::read(reader));
        }
        values
    }

    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, self.len() as u64);
        self.iter().for_each(|value| value.write(out));
    }
}

impl<K: Name, V: Wire, S: BuildHasher + Default> Wire for HashMap<K, V, S> {
    #[inline(never)]
    fn read(reader: &mut Reader<'_>) -> Self {
        let len = reader.len();
        let mut map = Self::with_capacity_and_hasher(len.min(ROOM), S::default());
        for _ in 0..len {
            let key = K::from_name(reader.text());
            if map.insert(key, V::read(reader)).is_some() {
                reader.fail();
            }
        }
        map
    }

    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        put_sorted(out, self.iter().map(|(key, value)| (key.name(), value as _)).collect());
    }
}

impl<S: BuildHasher + Default> Wire for HashSet<String, S> {
    #[inline(never)]
    fn read(reader: &mut Reader<'_>) -> Self {
        let len = reader.len();
        let mut set = Self::with_capacity_and_hasher(len.min(ROOM), S::default());
        for _ in 0..len {
            if !set.insert(reader.text()) {
                reader.fail();
            }
        }
        set
    }

    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        put_sorted(out, self.iter().map(|member| (member.as_str(), &() as &dyn Wire)).collect());
    }
}

impl<V: Wire> Wire for BTreeMap<String, V> {
    #[inline(never)]
    fn read(reader: &mut Reader<'_>) -> Self {
        let mut map = Self::new();
        for _ in 0..reader.len() {
            let key = reader.text();
            if map.insert(key, V::read(reader)).is_some() {
                reader.fail();
            }
        }
        map
    }

    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, self.len() as u64);
        for (key, value) in self {
            put_text(out, key);
            value.write(out);
        }
    }
}

/// Nothing: what a set has under its members.
impl Wire for () {
    fn read(_: &mut Reader<'_>) -> Self {}

    fn write(&self, _: &mut Vec<u8>) {}
}

/// The entries of a map or, with nothing under them, the members of a set.
pub(crate) type Entries<'a> = Vec<(&'a str, &'a dyn Wire)>;

/// The entries of a map, in no order.
#[inline(never)]
pub(crate) fn entries<V: Wire>(map: &LazyMap<V>) -> Entries<'_> {
    map.iter().map(|(name, value)| (name.as_str(), value as &dyn Wire)).collect()
}

/// Sorts by key.
pub(crate) fn sort_entries(entries: &mut Entries<'_>) {
    sort(entries, |a, b| a.0 < b.0);
}

/// Writes entries in the order of their keys.
pub(crate) fn put_sorted(out: &mut Vec<u8>, mut entries: Entries<'_>) {
    sort_entries(&mut entries);
    put_number(out, entries.len() as u64);
    for (key, value) in entries {
        put_text(out, key);
        value.write(out);
    }
}
