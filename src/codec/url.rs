//! URLs, as browsers read them.

use cpex_wasmi_abi::{Status, UrlParts};
use url::{Host, Url};

/// The longest URL that is read, in bytes. What is written of it is at most some ten times as long.
const MAX_URL_BYTES: usize = 8192;

/// The charge for so many bytes of a URL, in bytes of work.
pub(crate) const fn url_work(len: usize) -> usize {
    len.saturating_mul(128).saturating_add(4096)
}

/// Reads a URL.
///
/// # Errors
///
/// [`Status::TooLarge`] if it is longer than 8 KiB, [`Status::Malformed`] if browsers take it for no absolute URL.
pub(crate) fn url_parts(text: &[u8]) -> Result<UrlParts, Status> {
    if text.len() > MAX_URL_BYTES {
        return Err(Status::TooLarge);
    }
    let text = core::str::from_utf8(text).map_err(|_| Status::Malformed)?;
    let url = Url::parse(text).map_err(|_| Status::Malformed)?;
    let mut parts = UrlParts::default();
    parts.scheme = url.scheme().into();
    parts.username = url.username().into();
    parts.password = url.password().map(Into::into);
    parts.host = url.host_str().map(Into::into);
    let host_type = url.host().map(|host| match host {
        Host::Domain(_) => "domain",
        Host::Ipv4(_) => "ipv4",
        Host::Ipv6(_) => "ipv6",
    });
    parts.host_type = host_type.map(Into::into);
    parts.port = url.port_or_known_default();
    parts.path = url.path().into();
    parts.query = url.query().map(Into::into);
    parts.fragment = url.fragment().map(Into::into);
    parts.url = url.into();
    Ok(parts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parts(text: &str) -> Value {
        serde_json::to_value(url_parts(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn urls_are_read_as_browsers_do() {
        assert_eq!(
            parts("HTTPS://user:pw@B\u{fc}cher.Example:8443/a/../b?q=1#f"),
            json!({
                "url": "https://user:pw@xn--bcher-kva.example:8443/b?q=1#f", "scheme": "https", "username": "user",
                "password": "pw", "host": "xn--bcher-kva.example", "host_type": "domain", "port": 8443, "path": "/b",
                "query": "q=1", "fragment": "f",
            })
        );
        for (text, host, kind) in [
            ("http://0x7f.1/", "127.0.0.1", "ipv4"),
            ("http://2130706433", "127.0.0.1", "ipv4"),
            ("http:\\\\good.example\\@evil.example", "good.example", "domain"),
            ("http://good.example@evil.example", "evil.example", "domain"),
            ("http://[::FFFF:7f00:1]/", "[::ffff:7f00:1]", "ipv6"),
            (" http://evil\t.example/", "evil.example", "domain"),
            ("http://\u{ff45}vil.example", "evil.example", "domain"),
        ] {
            let parts = parts(text);
            assert_eq!(
                (&parts["host"], &parts["host_type"]),
                (&json!(host), &json!(kind)),
                "{text}"
            );
        }
        assert_eq!(parts("mailto:a@b.example")["path"], "a@b.example");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in ["", "/path", "www.example.com", "http://", "http://a b/", "http://a:99999/"] {
            assert_eq!(url_parts(text.as_bytes()), Err(Status::Malformed), "{text}");
        }
        assert_eq!(url_parts(&[0xff]), Err(Status::Malformed));
        let long = [b"http://a/".as_slice(), &[b'a'; MAX_URL_BYTES]].concat();
        assert_eq!(url_parts(&long), Err(Status::TooLarge));
        let widest = [b"http://a/".as_slice(), &[b'<'; MAX_URL_BYTES - 9]].concat();
        let parts = serde_json::to_vec(&url_parts(&widest).unwrap()).unwrap();
        assert!(parts.len() < 10 * MAX_URL_BYTES);
    }
}
