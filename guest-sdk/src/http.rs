//! The headers of a request, read and changed by name.

use alloc::string::String;
use alloc::vec::Vec;

use crate::raw::Place;
use crate::set::keys;
use crate::{Field, Http, Result};

impl Http {
    /// The headers of the request.
    pub const fn request_headers(self) -> Headers {
        Headers(Field::HttpRequestHeaders)
    }

    /// The headers of the response.
    pub const fn response_headers(self) -> Headers {
        Headers(Field::HttpResponseHeaders)
    }

    /// The request header of that name. Case is ignored.
    ///
    /// # Errors
    ///
    /// The host's status; a missing header is `None`.
    pub fn header(self, name: &str) -> Result<Option<String>> {
        self.request_headers().get(name)
    }

    /// True if the request has a header of that name.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn has_header(self, name: &str) -> Result<bool> {
        self.request_headers().contains(name)
    }

    /// Sets a request header.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `write_headers`.
    pub fn set_header(self, name: &str, value: &str) -> Result<()> {
        self.request_headers().set(name, value)
    }

    /// Removes a request header. Returns true if it was there.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `write_headers`.
    pub fn remove_header(self, name: &str) -> Result<bool> {
        self.request_headers().remove(name)
    }
}

/// The headers of an HTTP request or response. Case in names is ignored.
#[derive(Clone, Copy, Debug)]
pub struct Headers(Field);

impl Headers {
    /// The header of that name.
    ///
    /// # Errors
    ///
    /// The host's status; a missing header is `None`.
    pub fn get(self, name: &str) -> Result<Option<String>> {
        Place::of(self.0).entry(name).text()
    }

    /// True if the header is there and equals `expected`, without allocating.
    ///
    /// # Errors
    ///
    /// The host's status; a missing header equals nothing.
    pub fn is(self, name: &str, expected: &str) -> Result<bool> {
        Place::of(self.0).entry(name).text_is(expected)
    }

    /// True if there is a header of that name.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn contains(self, name: &str) -> Result<bool> {
        Place::of(self.0).entry(name).contains()
    }

    /// The names of all headers, sorted.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn names(self) -> Result<Vec<String>> {
        keys(Place::of(self.0))
    }

    /// Sets a header.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `write_headers`.
    pub fn set(self, name: &str, value: &str) -> Result<()> {
        Place::of(self.0).entry(name).write_text(value)
    }

    /// Removes a header. Returns true if it was there.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `write_headers`.
    pub fn remove(self, name: &str) -> Result<bool> {
        Place::of(self.0).entry(name).remove()
    }
}
