//! The sets and maps of `cpex-core`, which are in no order. A plugin sees them in that of their keys.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use cpex_core::extensions::MonotonicSet;
use cpex_core::extensions::raw_credentials::{RawInboundToken, TokenRole};

use crate::view::{Entries, Entry, TextSet};

/// The charge for sorting, in passes over the elements.
const SORTING: usize = 8;

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

impl TextSet for MonotonicSet<String> {
    fn len(&self) -> usize {
        self.len()
    }

    fn contains(&self, member: &str) -> bool {
        self.as_set().contains(member)
    }

    fn sorted(&self) -> Vec<&str> {
        self.as_set().sorted()
    }

    fn sorting(&self) -> usize {
        self.as_set().sorting()
    }

    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.as_set().any(is)
    }

    fn nth(&self, position: usize) -> Option<&str> {
        self.as_set().nth(position)
    }

    fn passed_to(&self, position: usize) -> usize {
        self.as_set().passed_to(position)
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

/// The tokens that came with a request, by whose they are.
impl Entries<str> for HashMap<TokenRole, RawInboundToken> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut tokens = self.iter().filter(|(role, _)| role_name(role) == Some(key));
        tokens.next().map(|(_, token)| token.token.as_str())
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let named = self.iter().filter_map(|(role, token)| Some((role_name(role)?, token)));
        in_order(named.map(|(role, token)| (role, token.token.as_str())))
    }

    fn find(&self, is: &dyn Fn(&str) -> bool) -> Option<(&str, &str)> {
        self.sorted().into_iter().find(|(role, _)| is(role))
    }

    fn nth_key(&self, position: usize) -> Option<&str> {
        self.sorted().get(position).map(|(role, _)| *role)
    }

    fn sorting(&self) -> usize {
        self.len().saturating_mul(SORTING)
    }

    fn passed_to(&self, _: usize) -> usize {
        self.sorting()
    }
}

/// The name of a role in JSON; `None` for one that a later `cpex-core` has added.
fn role_name(role: &TokenRole) -> Option<&str> {
    match role {
        TokenRole::User => Some("user"),
        TokenRole::Client => Some("client"),
        TokenRole::CallerWorkload => Some("caller_workload"),
        TokenRole::Custom(name) => Some(name),
        _ => None,
    }
}

fn in_order<'a, V>(entries: impl Iterator<Item = (&'a str, V)>) -> Vec<(&'a str, V)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
