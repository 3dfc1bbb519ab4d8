//! A set that only grows.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::HashSet;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{same_name, same_text};
use crate::Field;
use crate::cpex::lazy::List;
use crate::cpex::wire::{Reader, Wire, put_sorted};

/// A set that only grows.
///
/// A list inside, decoded when a handler looks at it: in the sandbox, hashing a member takes more than looking at a dozen of
/// them.
#[derive(Clone, Debug)]
pub struct MonotonicSet<T: Eq + Hash> {
    /// Each member once.
    members: List<T>,
    /// The members as a set, once somebody asked for it.
    set: OnceLock<HashSet<T>>,
}

impl<T: Eq + Hash> MonotonicSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self::of(List::default())
    }

    /// A set with these members.
    pub fn from_set(set: HashSet<T>) -> Self {
        Self::of(set.into_iter().collect::<Vec<_>>().into())
    }

    const fn of(members: List<T>) -> Self {
        Self { members, set: OnceLock::new() }
    }

    /// Adds a member, and says whether it is new.
    pub fn insert(&mut self, value: T) -> bool {
        if self.members.is_hidden() {
            self.members = List::default();
        }
        let new = !self.contains(&value);
        if new {
            self.set.take();
            self.members.to_mut().push(value);
        }
        new
    }

    /// True if it has exactly this member.
    pub fn contains(&self, value: &T) -> bool {
        self.members.as_slice().contains(value)
    }

    /// The members, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.members.as_slice().iter()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True if it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if it has all members of the other.
    pub fn is_superset(&self, other: &Self) -> bool {
        other.iter().all(|value| self.contains(value))
    }

    /// The members as an ordinary set.
    pub fn as_set(&self) -> &HashSet<T>
    where
        T: Clone,
    {
        self.set.get_or_init(|| self.iter().cloned().collect())
    }

    /// Removes a member, for who holds the right to.
    pub fn remove_with_declassifier(&mut self, value: &T, _token: &DeclassifierToken) -> bool {
        let Some(position) = self.iter().position(|other| other == value) else {
            return false;
        };
        self.set.take();
        self.members.to_mut().swap_remove(position);
        true
    }
}

impl MonotonicSet<String> {
    /// A set that stays on the host until a handler looks at it.
    pub(in crate::cpex) fn on_host(reader: &mut Reader<'_>, field: (Field, u32)) -> Self {
        Self::of(List::on_host(reader, field))
    }

    /// True if the capabilities of the plugin hide it.
    pub(in crate::cpex) fn is_hidden(&self) -> bool {
        self.members.is_hidden()
    }

    /// True if there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        if let Some(answer) = self.members.ask(label) {
            return answer;
        }
        match self.members.encoded() {
            Some(labels) => labels.any(|other| same_text(other, label)),
            None => self.iter().any(|other| same_name(other, label)),
        }
    }

    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.insert(label.into());
    }
}

impl<T: Eq + Hash> Default for MonotonicSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Eq + Hash + Serialize> Serialize for MonotonicSet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.members.is_hidden() {
            return serializer.collect_seq::<[T; 0]>([]);
        }
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Eq + Hash + Deserialize<'de>> Deserialize<'de> for MonotonicSet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HashSet::deserialize(deserializer).map(Self::from_set)
    }
}

impl Wire for MonotonicSet<String> {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self::of(List::read(reader))
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self.members.encoded() {
            Some(labels) => out.extend_from_slice(labels.encoded()),
            None => {
                put_sorted(out, self.iter().map(|member| (member.as_str(), &() as _)).collect())
            }
        }
    }
}

/// The right to remove from a [`MonotonicSet`], which no plugin has.
#[derive(Debug)]
pub struct DeclassifierToken(());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpex::wire::{from_bytes, to_bytes};

    #[test]
    fn a_member_is_there_once_and_the_set_is_never_behind() {
        let mut labels = MonotonicSet::new();
        assert!(labels.insert("B".into()) && labels.insert("A".into()));
        assert!(!labels.insert("B".into()));
        assert_eq!((labels.len(), labels.as_set().len()), (2, 2));
        labels.add_label("C");
        assert!(labels.as_set().contains("C") && labels.has_label("c"));
        assert!(labels.remove_with_declassifier(&"A".into(), &DeclassifierToken(())));
        assert!(!labels.as_set().contains("A") && !labels.contains(&"A".into()));
        assert!(labels.is_superset(&MonotonicSet::from_set(["C".into()].into())));
    }

    #[test]
    fn what_crosses_is_in_order_and_has_each_member_once() {
        let mut labels = MonotonicSet::<String>::new();
        for label in ["B", "A", "C"] {
            labels.add_label(label);
        }
        assert_eq!(to_bytes(&labels), b"\x03\x01A\x01B\x01C");
        let read: MonotonicSet<String> = from_bytes(to_bytes(&labels)).unwrap();
        assert_eq!(read.as_set(), labels.as_set());
    }
}
