//! A set of texts that is decoded when a handler looks at it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::{self, Vec};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::slice;
use std::collections::HashSet;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bytes, List};
use crate::Field;
use crate::cpex::fetch::lost;
use crate::cpex::wire::{Reader, Wire, put_number, put_text, sort};

/// A set of texts that is decoded when a handler looks at it.
///
/// CPEX has a `HashSet<String>` there. This dereferences to one, and is made of one by `into`, which compiles against
/// `cpex-core` too. Its own methods hash nothing.
#[derive(Default)]
pub struct LazySet {
    /// The members in order, each once.
    members: List<String>,
    /// The members, once somebody asked for a set. They are here alone once that was changed.
    set: OnceLock<Box<dyn Hashed>>,
}

/// A set that hashes. Behind a trait, so that a module which never makes one has no code for it.
trait Hashed: Send + Sync {
    fn inner(&self) -> &HashSet<String>;
    fn inner_mut(&mut self) -> &mut HashSet<String>;
    fn members(&self) -> Vec<String>;
}

impl Hashed for HashSet<String> {
    fn inner(&self) -> &Self {
        self
    }

    fn inner_mut(&mut self) -> &mut Self {
        self
    }

    fn members(&self) -> Vec<String> {
        in_order(self.iter().cloned())
    }
}

impl LazySet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// True if it has exactly this member.
    pub fn contains<T: AsRef<str> + ?Sized>(&self, member: &T) -> bool {
        let member = member.as_ref();
        if let Some(answer) = self.members.ask(member) {
            return answer;
        }
        match self.members.encoded() {
            Some(bytes) => bytes.any(|other| other == member.as_bytes()),
            None => self.position(member).is_some(),
        }
    }

    /// The members, in no order.
    pub fn iter(&self) -> slice::Iter<'_, String> {
        self.members().iter()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.encoded().map_or_else(|| self.members().len(), Bytes::len)
    }

    /// True if it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a member, and says whether it is new.
    pub fn insert(&mut self, member: String) -> bool {
        let is_new = self.position(&member).is_none();
        if is_new {
            let members = self.to_mut();
            let after = members.iter().take_while(|other| **other < member).count();
            members.insert(after, member);
        }
        is_new
    }

    /// Removes a member, and says whether it was there.
    pub fn remove<T: AsRef<str> + ?Sized>(&mut self, member: &T) -> bool {
        let Some(position) = self.position(member.as_ref()) else { return false };
        self.to_mut().remove(position);
        true
    }

    /// A set that stays on the host until a handler looks at it.
    pub(in crate::cpex) fn on_host(reader: &mut Reader<'_>, field: (Field, u32)) -> Self {
        Self { members: List::on_host(reader, field), set: OnceLock::new() }
    }

    /// The members to show to people and as JSON: none of a hidden set.
    fn shown(&self) -> &[String] {
        if self.members.is_hidden() { &[] } else { self.members() }
    }

    fn members(&self) -> &[String] {
        let in_set = || self.set.get().map(|set| set.members()).unwrap_or_default();
        self.members.get_or_init(in_set)
    }

    fn to_mut(&mut self) -> &mut Vec<String> {
        self.members();
        self.set.take();
        self.members.to_mut()
    }

    /// The position of a member in the list.
    fn position(&self, member: &str) -> Option<usize> {
        self.members().iter().position(|other| other == member)
    }
}

/// Members in order, each once.
fn in_order(members: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut members: Vec<_> = members.into_iter().collect();
    sort(&mut members, |one, other| one < other);
    members.dedup();
    members
}

impl Deref for LazySet {
    type Target = HashSet<String>;

    fn deref(&self) -> &HashSet<String> {
        let set = || Box::new(self.iter().cloned().collect::<HashSet<_>>()) as _;
        self.set.get_or_init(set).inner()
    }
}

impl DerefMut for LazySet {
    fn deref_mut(&mut self) -> &mut HashSet<String> {
        let _: &HashSet<String> = self;
        self.members = List::default();
        self.set.get_mut().unwrap_or_else(|| lost()).inner_mut()
    }
}

impl From<HashSet<String>> for LazySet {
    fn from(set: HashSet<String>) -> Self {
        set.into_iter().collect()
    }
}

impl From<LazySet> for HashSet<String> {
    fn from(set: LazySet) -> Self {
        set.into_iter().collect()
    }
}

impl<const N: usize> From<[String; N]> for LazySet {
    fn from(members: [String; N]) -> Self {
        members.into_iter().collect()
    }
}

impl FromIterator<String> for LazySet {
    fn from_iter<I: IntoIterator<Item = String>>(members: I) -> Self {
        Self { members: in_order(members).into(), set: OnceLock::new() }
    }
}

impl Extend<String> for LazySet {
    fn extend<I: IntoIterator<Item = String>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}

impl Clone for LazySet {
    fn clone(&self) -> Self {
        if self.members.encoded().is_none() {
            self.members();
        }
        Self { members: self.members.clone(), set: OnceLock::new() }
    }
}

impl PartialEq for LazySet {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains(member))
    }
}

impl PartialEq<HashSet<String>> for LazySet {
    fn eq(&self, other: &HashSet<String>) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains(member))
    }
}

impl Eq for LazySet {}

impl fmt::Debug for LazySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.shown()).finish()
    }
}

impl Serialize for LazySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.shown())
    }
}

impl<'de> Deserialize<'de> for LazySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HashSet::deserialize(deserializer).map(Into::into)
    }
}

impl Wire for LazySet {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { members: List::read(reader), set: OnceLock::new() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self.members.encoded() {
            Some(bytes) => out.extend_from_slice(bytes.encoded()),
            None => {
                put_number(out, self.len() as u64);
                self.iter().for_each(|member| put_text(out, member));
            }
        }
    }

    fn skip(reader: &mut Reader<'_>) {
        Bytes::skip(reader, String::skip);
    }
}

impl<'a> IntoIterator for &'a LazySet {
    type Item = &'a String;
    type IntoIter = slice::Iter<'a, String>;

    fn into_iter(self) -> slice::Iter<'a, String> {
        self.iter()
    }
}

impl IntoIterator for LazySet {
    type Item = String;
    type IntoIter = vec::IntoIter<String>;

    fn into_iter(mut self) -> vec::IntoIter<String> {
        core::mem::take(self.to_mut()).into_iter()
    }
}
