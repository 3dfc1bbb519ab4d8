//! A slot of a copy to change. What a handler does not look at is not copied.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use cpex_wasmi_abi::{Capability, CapabilitySet};
use serde_json::Value;

use super::slot::{Fetch, Slot};
use super::{DelegationExtension, DelegationHop, HttpExtension, SecurityExtension};
use crate::Result;
use crate::cpex::fetch::lost;
use crate::cpex::lazy::LazyMap;

/// A slot of [`OwnedExtensions`](super::OwnedExtensions), to change.
///
/// CPEX has a `T` there. This dereferences to one, a copy that is made at the first look, and is made of one by `into`. Labels,
/// headers, delegations and entries that are only added are kept aside: adding fetches nothing.
pub struct OwnedSlot<T> {
    /// The slot that it is a copy of. `None` for one of the plugin's own making, which is touched.
    given: Option<Slot<T>>,
    touched: OnceLock<Box<dyn Touched<T>>>,
}

/// A record that plugins may change.
pub trait Owned: Fetch + Clone + Default {
    /// The capability that changes take, if any.
    const RIGHT: Option<Capability>;

    /// Adds all that is in another record.
    fn add(&mut self, added: &Self);

    /// The change that no plugin may make, in a copy of `read`.
    fn tampering(&self, read: Option<&Self>, capabilities: CapabilitySet) -> Option<&'static str>;

    /// Tells the host how a copy of `read` was changed.
    ///
    /// # Errors
    ///
    /// The host's status.
    fn write(&self, read: Option<&Self>) -> Result<()>;
}

/// A slot that was looked at or changed. Behind a trait, so that a module which never does has no code for it.
trait Touched<T>: Send + Sync {
    fn state(&self) -> &State<T>;
    fn state_mut(&mut self) -> &mut State<T>;
    fn tampering(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Option<&'static str>;
    fn write(&self, read: Option<&Slot<T>>, capabilities: CapabilitySet) -> Result<()>;
}

/// A copy that was made, or all that was added to the slot without one.
struct State<T> {
    copy: OnceLock<T>,
    added: T,
}

impl<T: Owned> Touched<T> for State<T> {
    fn state(&self) -> &Self {
        self
    }

    fn state_mut(&mut self) -> &mut Self {
        self
    }

    fn tampering(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Option<&'static str> {
        self.copy.get()?.tampering(read.map(|read| &**read), capabilities)
    }

    fn write(&self, read: Option<&Slot<T>>, capabilities: CapabilitySet) -> Result<()> {
        if T::RIGHT.is_some_and(|right| !capabilities.contains(right)) {
            return Ok(());
        }
        match self.copy.get() {
            Some(copy) => copy.write(read.map(|read| &**read)),
            None => self.added.write(None),
        }
    }
}

impl<T> OwnedSlot<T> {
    /// A copy of a slot.
    pub(in crate::cpex) fn of(slot: &Slot<T>) -> Self {
        Self { given: Some(slot.share()), touched: OnceLock::new() }
    }

    /// The slot that it is a copy of, or the one that it stands in for.
    fn read<'a>(&'a self, read: Option<&'a Slot<T>>) -> Option<&'a Slot<T>> {
        self.given.as_ref().or(read)
    }

    /// The change in it that no plugin may make.
    pub(in crate::cpex) fn tampering(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Option<&'static str> {
        self.touched.get()?.tampering(self.read(read), capabilities)
    }

    /// Tells the host what was changed.
    pub(in crate::cpex) fn write(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Result<()> {
        match self.touched.get() {
            Some(touched) => touched.write(self.read(read), capabilities),
            None => Ok(()),
        }
    }
}

impl<T: Owned> OwnedSlot<T> {
    fn touched(&self) -> &State<T> {
        let untouched = || State { copy: OnceLock::new(), added: T::default() };
        self.touched.get_or_init(|| Box::new(untouched())).state()
    }

    /// The record to add to: the copy, if there is one.
    fn record_to_add_to(&mut self) -> &mut T {
        self.touched();
        let state = self.touched.get_mut().unwrap_or_else(|| lost()).state_mut();
        match state.copy.get_mut() {
            Some(copy) => copy,
            None => &mut state.added,
        }
    }
}

impl OwnedSlot<SecurityExtension> {
    /// Adds a label.
    pub fn add_label(&mut self, label: impl Into<String>) {
        self.record_to_add_to().add_label(label);
    }
}

impl OwnedSlot<HttpExtension> {
    /// Sets a request header.
    pub fn set_request_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.record_to_add_to().set_request_header(name, value);
    }

    /// As [`set_request_header`](Self::set_request_header).
    pub fn set_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.set_request_header(name, value);
    }

    /// Sets a response header.
    pub fn set_response_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.record_to_add_to().set_response_header(name, value);
    }
}

impl OwnedSlot<DelegationExtension> {
    /// Adds a delegation to the end of the chain.
    pub fn append_hop(&mut self, hop: DelegationHop) {
        self.record_to_add_to().append_hop(hop);
    }
}

impl OwnedSlot<LazyMap<Value>> {
    /// Sets an entry.
    pub fn insert(&mut self, name: String, value: Value) {
        self.record_to_add_to().insert(name, value);
    }
}

impl<T: Owned> Deref for OwnedSlot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let State { copy, added } = self.touched();
        copy.get_or_init(|| {
            let mut copy = self.given.as_deref().cloned().unwrap_or_default();
            copy.add(added);
            copy
        })
    }
}

impl<T: Owned> DerefMut for OwnedSlot<T> {
    fn deref_mut(&mut self) -> &mut T {
        let _: &T = self;
        let touched = self.touched.get_mut().map(|touched| touched.state_mut());
        touched.and_then(|state| state.copy.get_mut()).unwrap_or_else(|| lost())
    }
}

impl<T: Owned> From<T> for OwnedSlot<T> {
    fn from(value: T) -> Self {
        let state: Box<dyn Touched<T>> =
            Box::new(State { copy: value.into(), added: T::default() });
        Self { given: None, touched: state.into() }
    }
}

impl<T: Owned> Default for OwnedSlot<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: Owned + fmt::Debug> fmt::Debug for OwnedSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
