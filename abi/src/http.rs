//! The argument and result of the function [`HTTP_SEND`].

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// The name of the function that sends an HTTP request: its argument is an [`HttpRequest`], its result an
/// [`HttpResponse`].
pub const HTTP_SEND: &str = "http.send";

/// An HTTP request that a plugin wants to be sent.
///
/// In JSON, `headers` and `body` may be left out:
///
/// ```
/// use cpex_wasmi_abi::HttpRequest;
///
/// let json = r#"{"method": "GET", "url": "https://pdp.example/v1", "headers": [["accept", "text/plain"]]}"#;
/// let request: HttpRequest = serde_json::from_str(json)?;
/// assert_eq!(request.headers, [("accept".into(), "text/plain".into())]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    /// The method, such as `GET`; it is sent in upper case.
    pub method: String,
    /// The URL, `https://` or `http://`, without user name and password. A fragment is dropped.
    pub url: String,
    /// Names and values of headers.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body; empty: none. In JSON: a string, or an array of the bytes' numbers.
    #[serde(default, with = "crate::bytes")]
    pub body: Vec<u8>,
}

/// The response to an [`HttpRequest`], after redirects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// The status, such as 200.
    pub status: u16,
    /// Names, in lower case, and values of headers, as they came. What of a value is not UTF-8 is U+FFFD.
    pub headers: Vec<(String, String)>,
    /// The body, as it came: it is not decompressed. In JSON: a string if it is UTF-8, else an array of the
    /// bytes' numbers.
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{self, Bounds};
    use alloc::vec;

    fn response(body: &[u8]) -> HttpResponse {
        HttpResponse { status: 200, headers: vec![("a".into(), "b".into())], body: body.into() }
    }

    #[test]
    fn a_body_is_text_in_json_if_it_is_text() {
        let json = |body: &[u8]| serde_json::to_string(&response(body)).unwrap();
        let text = r#"{"status":200,"headers":[["a","b"]],"body":"hi"}"#;
        assert_eq!(json(b"hi"), text);
        assert_eq!(serde_json::from_str::<HttpResponse>(text).unwrap(), response(b"hi"));
        let numbers = r#"{"status":200,"headers":[["a","b"]],"body":[255,0]}"#;
        assert_eq!(json(&[255, 0]), numbers);
        assert_eq!(serde_json::from_str::<HttpResponse>(numbers).unwrap(), response(&[255, 0]));
    }

    #[test]
    fn a_large_body_is_one_value_in_postcard() {
        let large = response(&vec![7; 100_000]);
        let mut bytes = Vec::new();
        codec::encode(&large, &mut bytes).unwrap();
        assert_eq!(codec::decode::<HttpResponse>(&bytes, Bounds::DEFAULT).unwrap(), large);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for json in [
            r#"{"method":"GET"}"#,
            r#"{"method":"GET","url":"x","body":[256]}"#,
            r#"{"method":"GET","url":"x","body":{}}"#,
            r#"{"method":"GET","url":"x","header":[]}"#,
            r#"{"method":"GET","url":"x","headers":[["a"]]}"#,
        ] {
            assert!(serde_json::from_str::<HttpRequest>(json).is_err(), "{json}");
        }
    }
}
