//! Values in a copy that were not read whole: a plugin can add to them, and not look at them.

use alloc::string::String;

use serde_json::Value;

use super::container::Custom;
use super::{DelegationExtension, DelegationHop, HttpExtension, SecurityExtension};

/// A slot of a copy of which `reads` lists nothing. It can be set.
#[derive(Debug)]
pub struct Unlisted<T>(Option<T>);

impl<T> Unlisted<T> {
    /// Sets the slot.
    pub fn insert(&mut self, value: impl Into<T>) {
        self.0 = Some(value.into());
    }

    /// The value to add to.
    pub fn get_or_insert_default(&mut self) -> &mut T
    where
        T: Default,
    {
        self.0.get_or_insert_default()
    }

    pub(super) fn into_inner(self) -> Option<T> {
        self.0
    }
}

impl<T> Default for Unlisted<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The changes of a slot that `reads` does not list whole.
#[derive(Debug, Default)]
pub struct Additions<T>(T);

impl<T> Additions<T> {
    pub(in crate::cpex) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Additions<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl Additions<SecurityExtension> {
    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.0.add_label(label);
    }
}

impl Additions<HttpExtension> {
    /// Sets a request header.
    pub fn set_request_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.set_request_header(name, value);
    }

    /// As [`set_request_header`](Self::set_request_header).
    pub fn set_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.set_request_header(name, value);
    }

    /// Sets a response header.
    pub fn set_response_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.set_response_header(name, value);
    }
}

impl Additions<DelegationExtension> {
    /// Adds a delegation to the end of the chain.
    pub fn append_hop(&mut self, hop: DelegationHop) {
        self.0.append_hop(hop);
    }
}

impl Additions<Custom> {
    /// Sets an entry.
    pub fn insert(&mut self, name: String, value: Value) {
        self.0.insert(name, value);
    }
}
