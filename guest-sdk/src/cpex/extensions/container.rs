//! The types of slots and fields: those that a plugin lists in `reads`, and the others.

pub use crate::cpex::records::{Everything, Extensions, OwnedExtensions, Reads, Rights};

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::forget;
use std::collections::HashMap;

use serde_json::Value;

use super::Guarded;
use super::additions::{Additions, Unlisted};

/// The custom slot.
pub type Custom = HashMap<String, Value>;

/// A slot of [`Extensions`]: an option, or a [`NotInReads`].
pub trait Slot<T>: Clone + fmt::Debug + Default {
    /// True if `reads` lists it, or a field of it.
    const LISTED: bool;
    /// True if `reads` lists it whole.
    const WHOLE: bool;
    /// The slot in a copy, if no plugin may change it.
    type Shared: Slot<T>;
    /// The slot in a copy.
    type Copied: fmt::Debug;
    /// The slot in a copy, if it takes a token to change it.
    type Guarded: fmt::Debug;

    /// The slot, as it was read.
    fn of(slot: Option<Arc<T>>) -> Self;

    /// Its value, if it was read whole and the request has it.
    fn get(&self) -> Option<&Arc<T>>;

    /// True if there is no value.
    fn is_none(&self) -> bool;

    /// The slot for a copy.
    fn shared(&self) -> Self::Shared;

    /// The slot for a copy.
    fn copied(&self) -> Self::Copied
    where
        T: Clone + Default;

    /// The slot for a copy.
    fn guarded(&self) -> Self::Guarded
    where
        T: Clone + Default;

    /// The value in a copy.
    fn arc_of(shared: Self::Shared) -> Option<Arc<T>>;

    /// The value in a copy.
    fn whole_of(copied: Self::Copied) -> Option<T>;

    /// The value in a copy.
    fn unguarded(guarded: Self::Guarded) -> Option<Guarded<T>>;
}

/// The value in a slot: all of a record, or a [part](crate::cpex::extensions::parts) of it.
pub trait Shown<T>: fmt::Debug + Sized {
    /// True if it is all of the record.
    const WHOLE: bool;
    /// The slot in a copy, if no plugin may change it.
    type Shared: Slot<T>;
    /// The value in a copy.
    type Own: fmt::Debug;

    /// The part of a record that is listed.
    fn shown(whole: Arc<T>) -> Option<Arc<Self>>;

    /// All of the record, if that is listed.
    fn whole(this: &Arc<Self>) -> Option<&Arc<T>>;

    /// The slot for a copy.
    fn share(slot: &Option<Arc<Self>>) -> Self::Shared;

    /// The value in a copy.
    fn arc_of(shared: Self::Shared) -> Option<Arc<T>>;

    /// A value to change.
    fn own(&self) -> Self::Own
    where
        T: Clone + Default;

    /// The value, as it was changed.
    fn whole_of(own: Self::Own) -> T;
}

impl<T: fmt::Debug> Shown<T> for T {
    const WHOLE: bool = true;
    type Shared = Option<Arc<T>>;
    type Own = T;

    #[inline(always)]
    fn shown(whole: Arc<T>) -> Option<Arc<Self>> {
        Some(whole)
    }

    #[inline(always)]
    fn whole(this: &Arc<Self>) -> Option<&Arc<T>> {
        Some(this)
    }

    #[inline(always)]
    fn share(slot: &Option<Arc<T>>) -> Option<Arc<T>> {
        slot.clone()
    }

    #[inline(always)]
    fn arc_of(shared: Option<Arc<T>>) -> Option<Arc<T>> {
        shared
    }

    #[inline(always)]
    fn own(&self) -> T
    where
        T: Clone,
    {
        self.clone()
    }

    #[inline(always)]
    fn whole_of(own: T) -> T {
        own
    }
}

impl<T: fmt::Debug, S: Shown<T>> Slot<T> for Option<Arc<S>> {
    const LISTED: bool = true;
    const WHOLE: bool = S::WHOLE;
    type Shared = S::Shared;
    type Copied = Option<S::Own>;
    type Guarded = Option<Guarded<S::Own>>;

    #[inline(always)]
    fn of(slot: Option<Arc<T>>) -> Self {
        slot.and_then(S::shown)
    }

    #[inline(always)]
    fn get(&self) -> Option<&Arc<T>> {
        self.as_ref().and_then(S::whole)
    }

    fn is_none(&self) -> bool {
        self.is_none()
    }

    #[inline(always)]
    fn shared(&self) -> S::Shared {
        S::share(self)
    }

    #[inline(always)]
    fn copied(&self) -> Option<S::Own>
    where
        T: Clone + Default,
    {
        self.as_ref().map(|slot| S::own(slot))
    }

    #[inline(always)]
    fn guarded(&self) -> Option<Guarded<S::Own>>
    where
        T: Clone + Default,
    {
        self.as_ref().map(|slot| Guarded::new(S::own(slot)))
    }

    #[inline(always)]
    fn arc_of(shared: S::Shared) -> Option<Arc<T>> {
        S::arc_of(shared)
    }

    #[inline(always)]
    fn whole_of(copied: Option<S::Own>) -> Option<T> {
        copied.map(S::whole_of)
    }

    #[inline(always)]
    fn unguarded(guarded: Option<Guarded<S::Own>>) -> Option<Guarded<T>> {
        guarded.map(|guarded| Guarded::new(S::whole_of(guarded.into_inner())))
    }
}

/// A slot or field that the `reads` of the plugin does not list. It has no value, so that a handler that looks at
/// it does not compile: add the slot or field to `reads`.
pub struct NotInReads<T>(PhantomData<fn() -> T>);

impl<T: fmt::Debug> Slot<T> for NotInReads<T> {
    const LISTED: bool = false;
    const WHOLE: bool = false;
    type Shared = Self;
    type Copied = Unlisted<Additions<T>>;
    type Guarded = Unlisted<Guarded<Additions<T>>>;

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

    fn is_none(&self) -> bool {
        true
    }

    #[inline(always)]
    fn shared(&self) -> Self {
        Self::default()
    }

    #[inline(always)]
    fn copied(&self) -> Self::Copied {
        Unlisted::default()
    }

    #[inline(always)]
    fn guarded(&self) -> Self::Guarded {
        Unlisted::default()
    }

    #[inline(always)]
    fn arc_of(_: Self) -> Option<Arc<T>> {
        None
    }

    #[inline(always)]
    fn whole_of(copied: Self::Copied) -> Option<T> {
        copied.into_inner().map(Additions::into_inner)
    }

    #[inline(always)]
    fn unguarded(guarded: Self::Guarded) -> Option<Guarded<T>> {
        let guarded = guarded.into_inner();
        guarded.map(|guarded| Guarded::new(guarded.into_inner().into_inner()))
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

/// A field of a part: its value, a part of that, or a [`NotInReads`].
pub trait Member<T>: fmt::Debug {
    /// The part of a value that is listed.
    fn of(whole: T) -> Self;
}

impl<T: fmt::Debug> Member<T> for T {
    #[inline(always)]
    fn of(whole: T) -> Self {
        whole
    }
}

impl<T> Member<T> for NotInReads<T> {
    // Nothing read it, so that there is nothing to drop.
    #[inline(always)]
    fn of(whole: T) -> Self {
        forget(whole);
        Self::default()
    }
}

/// The type of a slot or field, by how much of it `reads` lists: all, a part, or nothing.
pub type Pick<const LEVEL: u8, Whole, Part, Missing> =
    <(Whole, Part, Missing) as Choose<LEVEL>>::Type;

/// One of three types.
pub trait Choose<const LEVEL: u8> {
    /// The type.
    type Type;
}

impl<Whole, Part, Missing> Choose<2> for (Whole, Part, Missing) {
    type Type = Whole;
}

impl<Whole, Part, Missing> Choose<1> for (Whole, Part, Missing) {
    type Type = Part;
}

impl<Whole, Part, Missing> Choose<0> for (Whole, Part, Missing) {
    type Type = Missing;
}

/// True if a slot that no plugin may change is as it was, or not there.
#[inline(always)]
pub(in crate::cpex) fn is_unchanged<T>(own: &impl Slot<T>, modified: &impl Slot<T>) -> bool {
    match (own.get(), modified.get()) {
        (Some(own), Some(modified)) => Arc::ptr_eq(own, modified),
        (_, None) => true,
        (None, Some(_)) => false,
    }
}
