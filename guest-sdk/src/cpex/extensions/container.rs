//! The types of slots: those that a plugin lists in `reads`, and the others.

pub use crate::cpex::records::{Everything, Extensions, OwnedExtensions, Reads, Rights};

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::forget;
use std::collections::HashMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The custom slot.
pub type Custom = HashMap<String, Value>;

/// A slot of [`Extensions`]: an option, or a [`NotInReads`].
pub trait Slot<T>: Clone + fmt::Debug + Default + Serialize + DeserializeOwned {
    /// True if `reads` lists it.
    const LISTED: bool;

    /// The slot, as it was read.
    fn of(slot: Option<Arc<T>>) -> Self;

    /// Its value, if it was read and the request has it.
    fn get(&self) -> Option<&Arc<T>>;

    /// True if there is no value.
    fn is_none(&self) -> bool {
        self.get().is_none()
    }
}

impl<T: fmt::Debug + Serialize + DeserializeOwned> Slot<T> for Option<Arc<T>> {
    const LISTED: bool = true;

    #[inline(always)]
    fn of(slot: Self) -> Self {
        slot
    }

    #[inline(always)]
    fn get(&self) -> Option<&Arc<T>> {
        self.as_ref()
    }
}

/// A slot that the `reads` of the plugin does not list. It has no value, so that a handler that looks at it does
/// not compile: add the slot to `reads`.
pub struct NotInReads<T>(PhantomData<fn() -> T>);

impl<T> Slot<T> for NotInReads<T> {
    const LISTED: bool = false;

    // Nothing read it, so that there is nothing to drop.
    #[inline(always)]
    fn of(slot: Option<Arc<T>>) -> Self {
        forget(slot);
        Self::default()
    }

    #[inline(always)]
    fn get(&self) -> Option<&Arc<T>> {
        None
    }
}

impl<T> Clone for NotInReads<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> Default for NotInReads<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> fmt::Debug for NotInReads<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotInReads")
    }
}

impl<T> Serialize for NotInReads<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de, T> Deserialize<'de> for NotInReads<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(Self::default())
    }
}

/// The type of a slot with a `T` in it, by whether it is listed.
pub trait Choose<const LISTED: bool> {
    /// The type of the slot.
    type Slot;
}

impl<T> Choose<true> for T {
    type Slot = Option<Arc<T>>;
}

impl<T> Choose<false> for T {
    type Slot = NotInReads<T>;
}

/// True if a slot that no plugin may change is as it was, or not there.
#[inline(always)]
pub(in crate::cpex) fn is_unchanged<T>(own: &impl Slot<T>, modified: &Option<Arc<T>>) -> bool {
    match (own.get(), modified) {
        (Some(own), Some(modified)) => Arc::ptr_eq(own, modified),
        (_, None) => true,
        (None, Some(_)) => false,
    }
}
