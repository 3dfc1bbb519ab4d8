//! HTTP requests to other hosts: a policy decision service, say. (The headers of the request that the plugin
//! is called about are [`Call::http`](crate::Call::http).)
//!
//! A plugin can send a request if its manifest asks for it, such as with
//! `access: ["network:POST https://pdp.example.com"]` in [`plugin!`](crate::plugin!), and its operator
//! grants it.
//!
//! ```no_run
//! use cpex_wasmi_guest::prelude::*;
//! use cpex_wasmi_guest::system::http::Request;
//!
//! fn handler(call: &Call) -> Result<Verdict> {
//!     let response = Request::get("https://pdp.example.com/v1/state")
//!         .header("accept", "text/plain")
//!         .send()?;
//!     match (response.status(), response.text()) {
//!         (200, Some("open")) => allow(),
//!         _ => deny("closed", "the decision service says no"),
//!     }
//! }
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{HTTP_SEND, HttpRequest, HttpResponse};

use crate::Result;

/// A request that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is sent by `send`"]
pub struct Request(HttpRequest);

impl Request {
    /// A request with this method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self(HttpRequest {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// With one more header. The host sets those itself that are about the connection and the length of the
    /// body.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// With a body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Sends it, follows redirects, and waits for the response. That it took long counts against the
    /// plugin's deadline.
    ///
    /// # Errors
    ///
    /// [`Status::AccessDenied`](crate::Status::AccessDenied) if the manifest does not ask for it, the operator
    /// does not grant it, or the host has only private addresses, of this request or of one that it was
    /// redirected to; [`InvalidArgument`](crate::Status::InvalidArgument) if it is no request;
    /// [`Unavailable`](crate::Status::Unavailable) if there was no response;
    /// [`QuotaExceeded`](crate::Status::QuotaExceeded) if the plugin has sent as many as it may;
    /// [`TooLarge`](crate::Status::TooLarge) if request or response are too large;
    /// [`UnknownFunction`](crate::Status::UnknownFunction) if the host sends no requests. The plugin's log has
    /// the reason.
    pub fn send(&self) -> Result<Response> {
        super::call(HTTP_SEND, &self.0).map(Response)
    }
}

/// The response to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response(HttpResponse);

impl Response {
    /// The status, such as 200.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// True if the status is one of success: 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.0.status)
    }

    /// The first header of that name, in whichever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.0.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Names, in lower case, and values of all headers, as they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        core::str::from_utf8(&self.0.body).ok()
    }

    /// The body, without a copy.
    pub fn into_body(self) -> Vec<u8> {
        self.0.body
    }
}

impl From<HttpResponse> for Response {
    fn from(response: HttpResponse) -> Self {
        Self(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn headers_are_found_in_whichever_case() {
        let headers =
            vec![("content-type".into(), "a".into()), ("content-type".into(), "b".into())];
        let response = Response::from(HttpResponse { status: 204, headers, body: vec![0xff] });
        assert_eq!(response.header("Content-Type"), Some("a"));
        assert_eq!(response.header("content"), None);
        assert_eq!(response.headers().count(), 2);
        assert!(response.is_success());
        assert_eq!((response.text(), response.body()), (None, &[0xff][..]));
    }
}
