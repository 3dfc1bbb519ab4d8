//! The HTTP request, and what is known of its response.

pub use crate::cpex::records::HttpExtension;

use alloc::string::String;

use super::{same_name, same_text};
use crate::cpex::lazy::LazyMap;

impl HttpExtension {
    /// A request header.
    pub fn get_request_header(&self, name: &str) -> Option<&str> {
        get(&self.request_headers, name)
    }

    /// True if there is such a request header.
    pub fn has_request_header(&self, name: &str) -> bool {
        self.get_request_header(name).is_some()
    }

    /// As [`get_request_header`](Self::get_request_header).
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.get_request_header(name)
    }

    /// As [`has_request_header`](Self::has_request_header).
    pub fn has_header(&self, name: &str) -> bool {
        self.has_request_header(name)
    }

    /// A response header.
    pub fn get_response_header(&self, name: &str) -> Option<&str> {
        get(&self.response_headers, name)
    }

    /// True if there is such a response header.
    pub fn has_response_header(&self, name: &str) -> bool {
        self.get_response_header(name).is_some()
    }

    /// Sets a request header.
    pub fn set_request_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.request_headers.insert(name.into(), value.into());
    }

    /// Sets a request header if there is none of that name, and says whether it did.
    pub fn add_request_header(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> bool {
        let name = name.into();
        let new = !self.has_request_header(&name);
        if new {
            self.request_headers.insert(name, value.into());
        }
        new
    }

    /// Removes a request header, and gives its value.
    pub fn remove_request_header(&mut self, name: &str) -> Option<String> {
        let key = self.request_headers.keys().find(|key| same_name(key, name)).cloned()?;
        self.request_headers.remove(&key)
    }

    /// Sets a response header.
    pub fn set_response_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.response_headers.insert(name.into(), value.into());
    }

    /// As [`set_request_header`](Self::set_request_header).
    pub fn set_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.set_request_header(name, value);
    }
}

fn get<'a>(headers: &'a LazyMap<String>, name: &str) -> Option<&'a str> {
    headers.find_text(|key| same_text(key, name))
}
