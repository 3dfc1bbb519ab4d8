//! The types of slots that take a capability to read.

use core::fmt;
use core::marker::PhantomData;

use cpex_wasmi_abi::CapabilitySet;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::slot::{Fetch, Slot};
use crate::Field;
use crate::cpex::run::Described;

/// A slot of [`Extensions`](super::Extensions): an option, or a [`NotGranted`].
pub trait GrantedSlot<T>: Clone + fmt::Debug + Serialize + DeserializeOwned {
    /// The slot, if the request has it.
    fn of(slot: Option<Slot<T>>) -> Self;

    /// The slot, if the request has it.
    fn slot(&self) -> Option<&Slot<T>>;

    /// True if the request has no such slot.
    fn is_none(&self) -> bool {
        self.slot().is_none()
    }
}

impl<T> GrantedSlot<T> for Option<Slot<T>>
where
    T: Fetch + fmt::Debug + Serialize + DeserializeOwned,
{
    #[inline(always)]
    fn of(slot: Self) -> Self {
        slot
    }

    #[inline(always)]
    fn slot(&self) -> Option<&Slot<T>> {
        self.as_ref()
    }
}

/// A slot that the capabilities of the plugin do not open. It has no value, so that a handler that looks at it does
/// not compile: add the capability to `capabilities`.
pub struct NotGranted<T>(PhantomData<fn() -> T>);

impl<T> GrantedSlot<T> for NotGranted<T> {
    #[inline(always)]
    fn of(_: Option<Slot<T>>) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn slot(&self) -> Option<&Slot<T>> {
        None
    }
}

impl<T> Clone for NotGranted<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

/// As a slot that the request does not have.
impl<T> Serialize for NotGranted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de, T> Deserialize<'de> for NotGranted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(PhantomData))
    }
}

impl<T> fmt::Debug for NotGranted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotGranted")
    }
}

/// The type of a slot, by whether a plugin may read it.
pub type Pick<const OPEN: bool, Open, Closed> = <(Open, Closed) as Choose<OPEN>>::Type;

/// One of two types.
pub trait Choose<const OPEN: bool> {
    /// The type.
    type Type;
}

impl<Open, Closed> Choose<true> for (Open, Closed) {
    type Type = Open;
}

impl<Open, Closed> Choose<false> for (Open, Closed) {
    type Type = Closed;
}

/// True if the capabilities of a plugin open a slot.
pub const fn opens<P: Described>(slot: Field) -> bool {
    let capabilities: CapabilitySet = P::CAPABILITIES;
    capabilities.opens(slot.info().read)
}
