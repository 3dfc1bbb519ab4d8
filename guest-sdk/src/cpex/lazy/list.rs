//! A list that is decoded when somebody looks at it.

use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

use super::{Bytes, Source};
use crate::Field;
use crate::cpex::fetch::lost;
use crate::cpex::wire::{Reader, Wire};

/// Decodes one element.
type Decode<T> = fn(&mut Reader<'_>) -> T;

/// A list that is decoded when somebody looks at it.
pub(in crate::cpex) struct List<T> {
    /// The elements as they came, and how to decode one. `None` once the list was changed.
    encoded: Option<(Source, Decode<T>)>,
    decoded: OnceLock<Vec<T>>,
}

impl<T> List<T> {
    pub(in crate::cpex) fn len(&self) -> usize {
        self.encoded().map_or_else(|| self.as_slice().len(), Bytes::len)
    }

    pub(in crate::cpex) fn as_slice(&self) -> &[T] {
        self.get_or_init(Vec::new)
    }

    /// The list, or this if it was never given any.
    pub(in crate::cpex) fn get_or_init(&self, list: impl FnOnce() -> Vec<T>) -> &[T] {
        self.decoded.get_or_init(|| match &self.encoded {
            None => list(),
            Some((source, decode)) => {
                let Some(bytes) = source.bytes() else { return Vec::new() };
                let mut reader = bytes.elements();
                let list = (0..bytes.len()).map(|_| decode(&mut reader)).collect();
                if reader.is_sound() { list } else { lost() }
            }
        })
    }

    /// The list, to change it.
    pub(in crate::cpex) fn to_mut(&mut self) -> &mut Vec<T> {
        self.as_slice();
        let list = self.decoded.take().unwrap_or_default();
        *self = list.into();
        self.decoded.get_mut().unwrap_or_else(|| lost())
    }

    /// True if the capabilities of the plugin hide it.
    pub(in crate::cpex) fn is_hidden(&self) -> bool {
        self.encoded.as_ref().is_some_and(|(source, _)| source.is_hidden())
    }

    /// The answer of the host whether there is such an element. `None` if the list is at hand.
    pub(in crate::cpex) fn ask(&self, element: &str) -> Option<bool> {
        self.encoded.as_ref().and_then(|(source, _)| source.ask(element))
    }

    /// The elements as they came, until the list is changed.
    pub(in crate::cpex) fn encoded(&self) -> Option<&Bytes> {
        self.encoded.as_ref().and_then(|(source, _)| source.bytes())
    }
}

impl<T: Clone> Clone for List<T> {
    fn clone(&self) -> Self {
        match &self.encoded {
            Some((source, decode)) => {
                Self { encoded: Some((source.clone(), *decode)), decoded: OnceLock::new() }
            }
            None => self.as_slice().to_vec().into(),
        }
    }
}

impl<T: Wire> List<T> {
    pub(in crate::cpex) fn read(reader: &mut Reader<'_>) -> Self {
        let encoded = Bytes::take(reader, T::skip).map(|bytes| (Source::Here(bytes), T::read as _));
        Self { encoded, decoded: OnceLock::new() }
    }

    /// A list that stays on the host until a handler looks at it.
    pub(in crate::cpex) fn on_host(reader: &mut Reader<'_>, field: (Field, u32)) -> Self {
        let source = Source::on_host(reader, field);
        Self { encoded: Some((source, T::read)), decoded: OnceLock::new() }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(list: Vec<T>) -> Self {
        Self { encoded: None, decoded: list.into() }
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_hidden() {
            return f.write_str("hidden");
        }
        self.as_slice().fmt(f)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { encoded: None, decoded: OnceLock::new() }
    }
}
