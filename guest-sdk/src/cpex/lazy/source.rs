//! The elements of a set or a map: at hand, or on the host until a handler looks at them.

use alloc::sync::Arc;
use std::sync::OnceLock;

use super::Bytes;
use crate::cpex::context::call_number;
use crate::cpex::fetch::{fetched, lost};
use crate::cpex::wire::Reader;
use crate::raw::Place;
use crate::{Field, Result, Status};

/// The elements of a set or a map.
#[derive(Clone)]
pub(in crate::cpex) enum Source {
    /// Elements that came with their record.
    Here(Bytes),
    /// Elements to fetch.
    Host(OnHost),
}

/// A set or a map that is a field of its own, and stays on the host until a handler looks at it.
pub(in crate::cpex) struct OnHost {
    place: Place<'static>,
    /// The number of the call that it is of.
    call: u32,
    /// The elements, once they were fetched.
    bytes: OnceLock<Option<Bytes>>,
}

impl Source {
    /// The elements of this field. `index` counts the records that it is in. The record itself has none of them, which is
    /// passed over.
    pub(in crate::cpex) fn on_host(reader: &mut Reader<'_>, (field, index): (Field, u32)) -> Self {
        reader.number();
        let place = Place::of(field).at(index);
        Self::Host(OnHost { place, call: call_number(), bytes: OnceLock::new() })
    }

    /// The elements. `None` if there are none.
    pub(in crate::cpex) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Here(bytes) => Some(bytes),
            Self::Host(elements) => fetched(elements.bytes()),
        }
    }

    /// True if the capabilities of the plugin do not open them.
    pub(in crate::cpex) fn is_hidden(&self) -> bool {
        match self {
            Self::Here(_) => false,
            Self::Host(elements) => elements.is_hidden(),
        }
    }

    /// The answer of the host whether there is such an element. `None` if they are at hand.
    pub(in crate::cpex) fn ask(&self, name: &str) -> Option<bool> {
        match self {
            Self::Host(elements) if elements.bytes.get().is_none() => {
                elements.check();
                Some(fetched(elements.place.entry(name).contains()))
            }
            _ => None,
        }
    }
}

impl OnHost {
    fn bytes(&self) -> Result<Option<&Bytes>> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes.as_ref());
        }
        self.check();
        let encoded = self.place.bytes()?;
        let bytes = encoded.and_then(|encoded| Bytes::all(Arc::new(encoded)));
        Ok(self.bytes.get_or_init(|| bytes).as_ref())
    }

    fn is_hidden(&self) -> bool {
        self.bytes().is_err_and(|error| error.status() == Status::CapabilityDenied)
    }

    /// Fails if this is the field of another call.
    fn check(&self) {
        if self.call != call_number() {
            lost();
        }
    }
}

/// Fetches them: a clone may outlast the call. A clone of what is hidden is hidden.
impl Clone for OnHost {
    fn clone(&self) -> Self {
        if !self.is_hidden() {
            fetched(self.bytes());
        }
        Self { bytes: self.bytes.clone(), ..*self }
    }
}
