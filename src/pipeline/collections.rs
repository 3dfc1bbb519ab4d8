//! The sets and maps of engines, which are in no order. A plugin sees them in that of their keys.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use crate::view::{Entries, Entry, TextSet};

/// The charge for sorting, in passes over the elements.
pub(crate) const SORTING: usize = 8;

impl TextSet for HashSet<String> {
    fn len(&self) -> usize {
        self.len()
    }

    fn contains(&self, member: &str) -> bool {
        self.contains(member)
    }

    fn sorted(&self) -> Vec<&str> {
        let mut members: Vec<_> = self.iter().map(String::as_str).collect();
        members.sort_unstable();
        members
    }

    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.iter().any(|member| is(member))
    }

    fn nth(&self, position: usize) -> Option<&str> {
        self.sorted().get(position).copied()
    }

    fn sorting(&self) -> usize {
        self.len().saturating_mul(SORTING)
    }

    fn passed_to(&self, _: usize) -> usize {
        self.sorting()
    }
}

impl<V: ?Sized, T: Entry<V>> Entries<V> for HashMap<String, T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, key: &str) -> Option<&V> {
        self.get(key).map(T::shown)
    }

    fn sorted(&self) -> Vec<(&str, &V)> {
        in_order(self.iter().map(|(key, value)| (key.as_str(), value.shown())))
    }

    fn find(&self, is: &dyn Fn(&str) -> bool) -> Option<(&str, &V)> {
        let found = self.iter().filter(|(key, _)| is(key)).min_by_key(|(key, _)| *key);
        found.map(|(key, value)| (key.as_str(), value.shown()))
    }

    fn nth_key(&self, position: usize) -> Option<&str> {
        let mut keys: Vec<_> = self.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.get(position).copied()
    }

    fn sorting(&self) -> usize {
        self.len().saturating_mul(SORTING)
    }

    fn passed_to(&self, _: usize) -> usize {
        self.len().saturating_mul(SORTING)
    }
}

/// Sorts entries by their keys.
pub(crate) fn in_order<'a, V>(entries: impl Iterator<Item = (&'a str, V)>) -> Vec<(&'a str, V)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
