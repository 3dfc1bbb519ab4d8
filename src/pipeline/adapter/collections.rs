//! The engine's own sets and maps, as a plugin sees them.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use super::upstream::extensions::MonotonicSet;
use super::upstream::extensions::raw_credentials::{RawInboundToken, TokenRole};
use crate::pipeline::collections::{SORTING, in_order};
use crate::pipeline::convert::{ToModel, Unfit};
use crate::view::{Entries, TextSet};

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

/// The name of a role in JSON; `None` for one that a later version of the engine has added.
fn role_name(role: &TokenRole) -> Option<&str> {
    match role {
        TokenRole::User => Some("user"),
        TokenRole::Client => Some("client"),
        TokenRole::CallerWorkload => Some("caller_workload"),
        TokenRole::Custom(name) => Some(name),
        _ => None,
    }
}

impl ToModel for MonotonicSet<String> {
    type Model = BTreeSet<String>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        self.as_set().to_model()
    }
}
