//! A list that is fetched when a handler looks at it.

use alloc::vec::{self, Vec};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::slice;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cpex::fetch::lost;
use crate::cpex::wire::{Reader, Wire};

/// A list that is fetched from the host when a handler looks at it.
///
/// CPEX has a `Vec<T>` there. This dereferences to one, and is made of one by `into`, which compiles against `cpex-core`
/// too. A clone has the whole list.
pub struct LazyList<T> {
    fetch: Option<fn() -> Vec<T>>,
    list: OnceLock<Vec<T>>,
}

impl<T> LazyList<T> {
    /// A list that this fetches.
    pub(in crate::cpex) const fn of(fetch: fn() -> Vec<T>) -> Self {
        Self { fetch: Some(fetch), list: OnceLock::new() }
    }

    /// True if it needs no look at the host.
    pub(in crate::cpex) fn is_fetched(&self) -> bool {
        self.list.get().is_some()
    }
}

impl<T> Deref for LazyList<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        self.list.get_or_init(|| self.fetch.map_or_else(Vec::new, |fetch| fetch()))
    }
}

impl<T> DerefMut for LazyList<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        let _: &Vec<T> = self;
        self.list.get_mut().unwrap_or_else(|| lost())
    }
}

impl<T> Default for LazyList<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> From<Vec<T>> for LazyList<T> {
    fn from(list: Vec<T>) -> Self {
        Self { fetch: None, list: list.into() }
    }
}

impl<T> From<LazyList<T>> for Vec<T> {
    fn from(mut list: LazyList<T>) -> Self {
        core::mem::take(&mut *list)
    }
}

impl<T> FromIterator<T> for LazyList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Vec::from_iter(elements).into()
    }
}

impl<T: Clone> Clone for LazyList<T> {
    fn clone(&self) -> Self {
        Vec::clone(self).into()
    }
}

impl<T: fmt::Debug> fmt::Debug for LazyList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Vec::fmt(self, f)
    }
}

impl<T: Serialize> Serialize for LazyList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Vec::serialize(self, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LazyList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Into::into)
    }
}

impl<T: Wire> Wire for LazyList<T> {
    fn read(reader: &mut Reader<'_>) -> Self {
        Vec::read(reader).into()
    }

    fn write(&self, out: &mut Vec<u8>) {
        Vec::write(self, out);
    }
}

impl<T> IntoIterator for LazyList<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> vec::IntoIter<T> {
        Vec::from(self).into_iter()
    }
}

impl<'a, T> IntoIterator for &'a LazyList<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut LazyList<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> slice::IterMut<'a, T> {
        self.iter_mut()
    }
}
