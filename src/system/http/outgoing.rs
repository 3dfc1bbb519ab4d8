//! The parts of a request that a plugin may set.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::HttpRequest;

use crate::Method;
use crate::policy::is_token;

/// The most headers of a request.
pub(super) const MAX_REQUEST_HEADERS: usize = 64;

/// The longest name or value of a request's header, in bytes.
const MAX_HEADER_BYTES: usize = 8192;

/// A request that is well formed: what it says is what is sent.
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    /// The problem of a request, if it has one.
    pub(super) fn new(request: HttpRequest) -> Result<Self, &'static str> {
        let HttpRequest { method, url: _, headers, body } = request;
        let method = method.parse().map_err(|_| "its method is invalid, or not for plugins")?;
        if headers.len() > MAX_REQUEST_HEADERS {
            return Err("it has too many headers");
        }
        let mut checked = Vec::with_capacity(headers.len());
        for (mut name, value) in headers {
            if !is_token(&name) || name.len().max(value.len()) > MAX_HEADER_BYTES {
                return Err("the name of a header is invalid or too long");
            }
            name.make_ascii_lowercase();
            if is_of_the_transport(&name) {
                return Err("it has a header that the host sets itself");
            }
            // Visible characters of ASCII with spaces between: nothing that servers read differently.
            let plain = value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            if !plain || value.trim() != value {
                return Err("the value of a header has forbidden characters");
            }
            checked.push((name, value));
        }
        Ok(Self { method, headers: checked, body })
    }

    /// Its size, with its URL, in bytes.
    pub(super) fn bytes(&self, url: &str) -> u64 {
        let headers =
            self.headers.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        let bytes = headers.fold(url.len(), usize::saturating_add).saturating_add(self.body.len());
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// The part of it that follows a redirect, as the Fetch standard has it: no body where the method becomes GET,
    /// and no credentials to another origin.
    pub(super) fn redirected(&mut self, status: u16, same_origin: bool) {
        let becomes_get = match status {
            301 | 302 => self.method.as_str() == "POST",
            303 => !["GET", "HEAD"].contains(&self.method.as_str()),
            _ => false,
        };
        if becomes_get {
            self.method = Method::get();
            self.body = Vec::new();
            self.headers.retain(|(name, _)| !folded(name).starts_with("content-"));
        }
        if !same_origin {
            self.headers.retain(|(name, _)| name != "authorization" && name != "cookie");
        }
    }
}

/// A header's name as servers look it up: those that pass headers on as variables take every character but letters and
/// digits for the same (`HTTP_CONTENT_LENGTH` is `Content-Length`, `Content_Length` or `Content.Length`).
fn folded(name: &str) -> String {
    let plain =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect()
}

/// True if a header is about the connection, the length of the body or the host, or speaks to proxies; or names another
/// method, host or path than those that were looked at, which some servers go by.
fn is_of_the_transport(name: &str) -> bool {
    const OWN: &[&str] = &[
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-host",
        "x-forwarded-method",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-scheme",
        "x-forwarded-server",
        "x-host",
        "x-http-host-override",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-host",
        "x-original-method",
        "x-original-url",
        "x-rewrite-url",
    ];
    let name = folded(name);
    OWN.contains(&name.as_str()) || name.starts_with("proxy-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn request(method: &str, headers: &[(&str, &str)]) -> HttpRequest {
        HttpRequest {
            method: method.into(),
            url: String::new(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            body: vec![1],
        }
    }

    #[test]
    fn what_could_be_read_as_something_else_is_refused() {
        for method in ["", "GET /", "GET\r\n", "G\0", "Ä", "CONNECT", "connect", "TRACE", "(GET)"]
        {
            assert!(Outgoing::new(request(method, &[])).is_err(), "{method:?}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("a\r\nb", "x"),
            ("a", "x\r\nb: c"),
            ("a", "x\nb"),
            ("a", "x\0"),
            ("a", "x\u{7f}"),
            ("a", "ü"),
            ("a", " x"),
            ("a", "x\t"),
            ("Host", "x"),
            ("content-LENGTH", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "x"),
            ("Upgrade", "x"),
            ("TE", "x"),
            ("Trailer", "x"),
            ("Expect", "100-continue"),
            ("Proxy-Authorization", "x"),
            ("Keep-Alive", "x"),
        ] {
            assert!(Outgoing::new(request("GET", &[(name, value)])).is_err(), "{name:?} {value:?}");
        }
        let long = "x".repeat(MAX_HEADER_BYTES + 1);
        assert!(Outgoing::new(request("GET", &[("a", &long)])).is_err());
        assert!(Outgoing::new(request("GET", &[(&long, "a")])).is_err());
        assert!(Outgoing::new(request("GET", &[("a", "b"); MAX_REQUEST_HEADERS + 1])).is_err());

        let fine = Outgoing::new(request("pAtch", &[("X-Key", "a b\tc"), ("a", "")])).unwrap();
        assert_eq!(fine.method.as_str(), "PATCH");
        assert_eq!(fine.headers, [("x-key".into(), "a b\tc".into()), ("a".into(), "".into())]);
    }

    #[test]
    fn a_forbidden_header_is_refused_in_all_spellings() {
        for name in [
            "X_HTTP_Method_Override",
            "X-HTTP_Method-Override",
            "x.http.method",
            "X|Method|Override",
            "Transfer_Encoding",
            "Transfer.Encoding",
            "CONTENT_LENGTH",
            "Proxy_Authorization",
            "Keep_Alive",
            "Forwarded",
            "X_Forwarded_Host",
            "X-Original-URL",
            "x_rewrite_url",
        ] {
            assert!(Outgoing::new(request("POST", &[(name, "x")])).is_err(), "{name}");
        }
        for name in ["X_Key", "X-Forwarded-For", "Content_Type", "Hosts", "Proxy"] {
            assert!(Outgoing::new(request("POST", &[(name, "x")])).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_redirect_is_followed_as_the_standard_says() {
        let headers =
            &[("authorization", "a"), ("cookie", "b"), ("content-type", "c"), ("accept", "d")];
        for (method, status, same_origin, expected, left) in [
            ("GET", 301, true, "GET", 4),
            ("GET", 302, false, "GET", 2),
            ("POST", 301, true, "GET", 3),
            ("POST", 302, false, "GET", 1),
            ("PUT", 302, true, "PUT", 4),
            ("PUT", 303, true, "GET", 3),
            ("HEAD", 303, true, "HEAD", 4),
            ("POST", 307, true, "POST", 4),
            ("POST", 308, false, "POST", 2),
        ] {
            let mut request = Outgoing::new(request(method, headers)).unwrap();
            request.redirected(status, same_origin);
            let shown = alloc::format!("{method} {status} {same_origin}");
            assert_eq!(
                (request.method.as_str(), request.headers.len()),
                (expected, left),
                "{shown}"
            );
            assert_eq!(request.body.is_empty(), method != expected, "{shown}");
        }
        let mut request = Outgoing::new(request("POST", &[("content_type", "a")])).unwrap();
        request.redirected(303, true);
        assert!(request.headers.is_empty());
    }
}
