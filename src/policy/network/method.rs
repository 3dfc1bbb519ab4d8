//! Methods of requests.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::logging::visible;
use crate::text::suggest::nearest;

/// The longest method, in bytes.
const MAX_BYTES: usize = 32;

/// Methods that plugins may not send: one asks for a tunnel, the others for the request with all its headers.
pub(crate) const FORBIDDEN: &[&str] = &["CONNECT", "TRACE", "TRACK"];

/// Methods that others may be a misspelling of.
const COMMON: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Methods that are no misspelling: registered ones, and what caches, secret stores and devices take.
const KNOWN: &[&str] = &[
    "ACL",
    "BAN",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LIST",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "NOTIFY",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SUBSCRIBE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// A method of HTTP requests, in upper case: a standard one, or any other that HTTP permits.
///
/// ```
/// use cpex_wasmi::Method;
///
/// let method: Method = "post".parse()?;
/// assert_eq!(method.as_str(), "POST");
/// assert!("CONNECT".parse::<Method>().is_err());
/// assert!("GET,POST".parse::<Method>().is_err());
/// # Ok::<(), cpex_wasmi::InvalidMethod>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Method(String);

/// A text that is no method that a plugin could send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the method is {told}")]
pub struct InvalidMethod {
    told: String,
}

impl InvalidMethod {
    fn new(given: &str, wrong: impl fmt::Display) -> Self {
        let start: String = given.chars().take(MAX_BYTES).collect();
        Self { told: format!("`{}`, {wrong}", visible(&start)) }
    }

    /// The value and what is wrong with it, as it follows "is".
    pub(crate) fn told(&self) -> &str {
        &self.told
    }
}

impl Method {
    /// The method `GET`.
    #[cfg(feature = "http")]
    pub(crate) fn get() -> Self {
        Self("GET".into())
    }

    /// Returns its name, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a method that somebody wrote down, which may not be a misspelling of a common one.
    pub(crate) fn written(text: &str) -> Result<Self, InvalidMethod> {
        let method: Self = text.parse()?;
        let name = method.as_str();
        if let Some(names) = common_in(name).filter(|_| !COMMON.contains(&name)) {
            let wrong = format!("which is not a method; did you mean {names}?");
            return Err(InvalidMethod::new(text, wrong));
        }
        let is_known = COMMON.contains(&name) || KNOWN.contains(&name);
        match nearest(name, COMMON.iter().copied()).filter(|_| !is_known) {
            None => Ok(method),
            Some(common) => Err(InvalidMethod::new(
                text,
                format!("which is not a method; did you mean `{common}`?"),
            )),
        }
    }
}

impl FromStr for Method {
    type Err = InvalidMethod;

    fn from_str(text: &str) -> Result<Self, InvalidMethod> {
        if text.is_empty() || text == "*" {
            return Err(InvalidMethod::new(
                text,
                "which is not a method; for all methods, leave the methods out",
            ));
        }
        if !is_token(text) || text.len() > MAX_BYTES {
            let hint = common_in(text)
                .map_or_else(String::new, |names| format!("; did you mean {names}?"));
            return Err(InvalidMethod::new(text, format!("which is not a method{hint}")));
        }
        // Servers tell `get` from `GET`, and grants should not have to.
        let name = text.to_ascii_uppercase();
        if FORBIDDEN.contains(&name.as_str()) {
            return Err(InvalidMethod::new(text, "which is not for plugins"));
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The common methods that a text is made of, if it is: `GET,POST`, `GET|POST`.
fn common_in(text: &str) -> Option<String> {
    let parts = text.split(|char: char| !char.is_ascii_alphabetic());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let are_common = !parts.is_empty() && parts.iter().all(|part| COMMON.contains(part));
    are_common.then(|| format!("`{}`", parts.join("`, `")))
}

/// Tells whether it is a token of HTTP.
pub(crate) fn is_token(text: &str) -> bool {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(of_token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn methods_are_compared_in_upper_case() {
        for (text, name) in [("get", "GET"), ("PaTcH", "PATCH"), ("x-list_1", "X-LIST_1")] {
            assert_eq!(text.parse::<Method>().map(|method| method.to_string()), Ok(name.into()));
        }
        for text in ["", "*", "GET /", "GET\r\n", "G\0", "Ä", "CONNECT", "trace", "TRACK", "(GET)"]
        {
            assert!(text.parse::<Method>().is_err(), "{text:?}");
        }
        assert!("X".repeat(MAX_BYTES).parse::<Method>().is_ok());
        assert!("X".repeat(MAX_BYTES + 1).parse::<Method>().is_err());
    }

    #[test]
    fn a_misspelt_method_is_told_with_the_nearest_one() {
        for (text, expected) in [
            ("GTE", "`GTE`, which is not a method; did you mean `GET`?"),
            ("PSOT", "did you mean `POST`?"),
            ("DELTE", "did you mean `DELETE`?"),
            ("GET,POST", "`GET,POST`, which is not a method; did you mean `GET`, `POST`?"),
            ("GET|POST", "`GET|POST`, which is not a method; did you mean `GET`, `POST`?"),
            ("GET ", "`GET `, which is not a method; did you mean `GET`?"),
            ("", "``, which is not a method; for all methods, leave the methods out"),
            ("*", "`*`, which is not a method; for all methods, leave the methods out"),
            ("connect", "`connect`, which is not for plugins"),
        ] {
            let error = Method::written(text).unwrap_err();
            assert!(error.told().contains(expected), "{error}");
        }
        for known in ["get", "PURGE", "LIST", "MKCOL", "LINK", "ACME-SYNC", "INVALIDATE"] {
            assert!(Method::written(known).is_ok(), "{known}");
        }
    }
}
