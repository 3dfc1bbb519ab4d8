//! A slot that is fetched when a handler looks at it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{HttpExtension, SecurityExtension};
use crate::Field;
use crate::cpex::context::call_number;
use crate::cpex::fetch::{fetched, lost, value, value_by};
use crate::cpex::lazy::LazyMap;
use crate::cpex::wire::{Reader, Wire};
use crate::raw::Place;

/// A slot of the extensions, fetched from the host when a handler looks at it.
///
/// CPEX has an `Arc<T>` there. This dereferences to the same record, and is made of one by `into`. A clone has the
/// whole slot, since it may outlast the call.
///
/// # Panics
///
/// Looking at it fails the call if the host refuses it.
pub struct Slot<T> {
    /// The value. Behind a trait, so that a module which never fetches it has no code to drop it.
    value: OnceLock<Arc<dyn Any + Send + Sync>>,
    /// The number of the call that it is a slot of. `None` for a value of the plugin's own.
    call: Option<u32>,
    /// The headers that were fetched without it.
    headers: OnceLock<Box<Header>>,
    record: PhantomData<fn() -> T>,
}

/// A header that was fetched by itself, and the next one.
struct Header {
    name: String,
    value: Option<String>,
    next: OnceLock<Box<Header>>,
}

/// One after the other, as there may be many.
impl Drop for Header {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut header) = next {
            next = header.next.take();
        }
    }
}

/// A record that is a slot of the extensions.
pub trait Fetch: Send + Sync + Sized + 'static {
    /// Fetches it from the host, or fails the call.
    fn fetch() -> Self;
}

/// The value of a slot that is there.
pub(in crate::cpex) fn whole<T: Wire>(field: Field) -> T {
    fetched(value(Place::of(field))).unwrap_or_else(|| lost())
}

/// The value of a slot that is there, but for the sets and maps that are fields of their own.
pub(in crate::cpex) fn flat<T>(field: Field, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    fetched(value_by(Place::of(field), read)).unwrap_or_else(|| lost())
}

impl Fetch for LazyMap<Value> {
    fn fetch() -> Self {
        whole(Field::Custom)
    }
}

impl<T> Slot<T> {
    /// The slot of the request.
    pub(in crate::cpex) fn given() -> Self {
        Self {
            value: OnceLock::new(),
            call: Some(call_number()),
            headers: OnceLock::new(),
            record: PhantomData,
        }
    }

    /// True if it is the slot of the request, and no other value.
    pub(in crate::cpex) const fn is_given(&self) -> bool {
        self.call.is_some()
    }

    /// This slot once more. It is not fetched for that.
    pub(in crate::cpex) fn share(&self) -> Self {
        Self { value: self.value.clone(), call: self.call, ..Self::given() }
    }
}

impl<T: 'static> Slot<T> {
    /// The value, if it needs no look at the host.
    fn at_hand(&self) -> Option<&T> {
        self.value.get().and_then(|value| (**value).downcast_ref())
    }

    /// True if the host can be asked in place of fetching it.
    fn is_on_host(&self) -> bool {
        let is_on_host = self.is_given() && self.at_hand().is_none();
        if is_on_host {
            self.check();
        }
        is_on_host
    }

    /// Fails if this is a slot of another call, which the host has no more.
    fn check(&self) {
        if self.call != Some(call_number()) {
            lost();
        }
    }
}

impl Slot<SecurityExtension> {
    /// True if there is such a label, whatever its case. No other is fetched for it.
    pub fn has_label(&self, label: &str) -> bool {
        if self.is_on_host() {
            return fetched(Place::of(Field::SecurityLabels).entry(label).contains());
        }
        SecurityExtension::has_label(self, label)
    }
}

impl Slot<HttpExtension> {
    /// A request header, whatever the case of its name. No other is fetched for it.
    pub fn get_request_header(&self, name: &str) -> Option<&str> {
        if !self.is_on_host() {
            return HttpExtension::get_request_header(self, name);
        }
        let mut next = &self.headers;
        // Those that were asked for before.
        while let Some(header) = next.get() {
            if header.name == name {
                return header.value.as_deref();
            }
            next = &header.next;
        }
        let header = next.get_or_init(|| {
            let value = fetched(Place::of(Field::HttpRequestHeaders).entry(name).text());
            Box::new(Header { name: name.into(), value, next: OnceLock::new() })
        });
        header.value.as_deref()
    }

    /// As [`get_request_header`](Self::get_request_header).
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.get_request_header(name)
    }

    /// True if there is such a request header.
    pub fn has_request_header(&self, name: &str) -> bool {
        if self.is_on_host() {
            return fetched(Place::of(Field::HttpRequestHeaders).entry(name).contains());
        }
        HttpExtension::has_request_header(self, name)
    }

    /// As [`has_request_header`](Self::has_request_header).
    pub fn has_header(&self, name: &str) -> bool {
        self.has_request_header(name)
    }
}

impl<T: Fetch> Deref for Slot<T> {
    type Target = T;

    #[inline(never)]
    fn deref(&self) -> &T {
        let value = self.value.get_or_init(|| {
            self.check();
            Arc::new(T::fetch())
        });
        (**value).downcast_ref().unwrap_or_else(|| lost())
    }
}

impl<T: Send + Sync + 'static> From<Arc<T>> for Slot<T> {
    fn from(value: Arc<T>) -> Self {
        let value: Arc<dyn Any + Send + Sync> = value;
        Self { value: value.into(), call: None, ..Self::given() }
    }
}

impl<T: Send + Sync + 'static> From<T> for Slot<T> {
    fn from(value: T) -> Self {
        Arc::new(value).into()
    }
}

impl From<Arc<HashMap<String, Value>>> for Slot<LazyMap<Value>> {
    fn from(custom: Arc<HashMap<String, Value>>) -> Self {
        LazyMap::from(Arc::unwrap_or_clone(custom)).into()
    }
}

impl<T: Fetch> Clone for Slot<T> {
    fn clone(&self) -> Self {
        let _: &T = self;
        self.share()
    }
}

impl<T: Fetch> AsRef<T> for Slot<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: Fetch + PartialEq> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Fetch + fmt::Debug> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: Fetch + Serialize> Serialize for Slot<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(self, serializer)
    }
}

impl<'de, T: Fetch + Deserialize<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Into::into)
    }
}
