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
    /// The slot that it is a copy of. `None` for one of the plugin's own making.
    given: Option<Slot<T>>,
    /// The copy, once a handler looked at it.
    copy: OnceLock<Box<dyn Copied<T>>>,
    /// Everything that was added before there was a copy.
    added: Option<Box<dyn Added<T>>>,
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

/// A copy. Behind a trait, so that a module which never makes one has no code to fetch and to compare it.
trait Copied<T>: Send + Sync {
    fn record(&self) -> &T;
    fn record_mut(&mut self) -> &mut T;
    fn tampering(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Option<&'static str>;
    fn write(&self, read: Option<&Slot<T>>, capabilities: CapabilitySet) -> Result<()>;
}

/// A record of what was added. Behind a trait, so that a module which never adds has no code to drop it.
trait Added<T>: Send + Sync {
    fn record(&self) -> &T;
    fn record_mut(&mut self) -> &mut T;
    fn write(&self, capabilities: CapabilitySet) -> Result<()>;
}

impl<T: Owned> Copied<T> for T {
    fn record(&self) -> &T {
        self
    }

    fn record_mut(&mut self) -> &mut T {
        self
    }

    fn tampering(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Option<&'static str> {
        Owned::tampering(self, read.map(|read| &**read), capabilities)
    }

    fn write(&self, read: Option<&Slot<T>>, capabilities: CapabilitySet) -> Result<()> {
        match may_change::<T>(capabilities) {
            true => Owned::write(self, read.map(|read| &**read)),
            false => Ok(()),
        }
    }
}

impl<T: Owned> Added<T> for T {
    fn record(&self) -> &T {
        self
    }

    fn record_mut(&mut self) -> &mut T {
        self
    }

    fn write(&self, capabilities: CapabilitySet) -> Result<()> {
        match may_change::<T>(capabilities) {
            true => Owned::write(self, None),
            false => Ok(()),
        }
    }
}

fn may_change<T: Owned>(capabilities: CapabilitySet) -> bool {
    T::RIGHT.is_none_or(|right| capabilities.contains(right))
}

impl<T> OwnedSlot<T> {
    /// A copy of a slot.
    pub(in crate::cpex) fn of(slot: &Slot<T>) -> Self {
        Self { given: Some(slot.share()), copy: OnceLock::new(), added: None }
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
        self.copy.get()?.tampering(self.read(read), capabilities)
    }

    /// Tells the host what was changed.
    pub(in crate::cpex) fn write(
        &self,
        read: Option<&Slot<T>>,
        capabilities: CapabilitySet,
    ) -> Result<()> {
        match (self.copy.get(), &self.added) {
            (Some(copy), _) => copy.write(self.read(read), capabilities),
            (None, Some(added)) => added.write(capabilities),
            (None, None) => Ok(()),
        }
    }
}

impl<T: Owned> OwnedSlot<T> {
    /// The record to add to: the copy, if there is one.
    fn record_to_add_to(&mut self) -> &mut T {
        match self.copy.get_mut() {
            Some(copy) => copy.record_mut(),
            None => self.added.get_or_insert_with(|| Box::new(T::default())).record_mut(),
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
        let copy = self.copy.get_or_init(|| {
            let mut copy = self.given.as_deref().cloned().unwrap_or_default();
            if let Some(added) = &self.added {
                copy.add(added.record());
            }
            Box::new(copy)
        });
        copy.record()
    }
}

impl<T: Owned> DerefMut for OwnedSlot<T> {
    fn deref_mut(&mut self) -> &mut T {
        let _: &T = self;
        self.copy.get_mut().unwrap_or_else(|| lost()).record_mut()
    }
}

impl<T: Owned> From<T> for OwnedSlot<T> {
    fn from(value: T) -> Self {
        let copy: Box<dyn Copied<T>> = Box::new(value);
        Self { given: None, copy: copy.into(), added: None }
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
