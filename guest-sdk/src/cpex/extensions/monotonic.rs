//! A set that only grows.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::same_name;
use crate::cpex::wire::{Reader, Wire};

/// A set that only grows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MonotonicSet<T: Eq + Hash> {
    inner: HashSet<T>,
}

impl<T: Eq + Hash> MonotonicSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self { inner: HashSet::new() }
    }

    /// A set with these members.
    pub fn from_set(set: HashSet<T>) -> Self {
        Self { inner: set }
    }

    /// Adds a member, and says whether it is new.
    pub fn insert(&mut self, value: T) -> bool {
        self.inner.insert(value)
    }

    /// Whether it has exactly this member.
    pub fn contains(&self, value: &T) -> bool {
        self.inner.contains(value)
    }

    /// The members, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.inner.iter()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether it has all members of the other.
    pub fn is_superset(&self, other: &Self) -> bool {
        self.inner.is_superset(&other.inner)
    }

    /// The members as an ordinary set.
    pub fn as_set(&self) -> &HashSet<T> {
        &self.inner
    }

    /// Removes a member, for who holds the right to.
    pub fn remove_with_declassifier(&mut self, value: &T, _token: &DeclassifierToken) -> bool {
        self.inner.remove(value)
    }
}

impl MonotonicSet<String> {
    /// Whether there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        self.inner.iter().any(|other| same_name(other, label))
    }

    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.inner.insert(label.into());
    }
}

impl<T: Eq + Hash> Default for MonotonicSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl Wire for MonotonicSet<String> {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { inner: Wire::read(reader) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.inner.write(out);
    }
}

/// The right to remove from a [`MonotonicSet`], which no plugin has.
#[derive(Debug)]
pub struct DeclassifierToken(());
