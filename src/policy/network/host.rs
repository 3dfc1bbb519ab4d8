//! Hosts: as grants and manifests name them, and as requests go to them.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

use super::{ipv4, suffix};
use crate::logging::visible;

/// The longest name, in bytes, and the longest part of one: no longer ones are in DNS.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// A host, in the one form in which hosts are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// A name in lower case, with Punycode for what is beyond ASCII.
    Name(String),
    /// An address. One of IPv6 that stands for one of IPv4 is that one.
    Address(IpAddr),
}

/// A host as a grant or a manifest names it: a name, an address, or with `*.` all names below one.
///
/// It is parsed once, so that all ways to write a host are the same: names in lower case and as Punycode, addresses
/// in any notation, those of IPv6 with or without brackets. What no request can go to is invalid.
///
/// ```
/// use cpex_wasmi::HostPattern;
///
/// let pattern: HostPattern = "*.Example.com".parse()?;
/// assert_eq!(pattern.to_string(), "*.example.com");
/// assert!(pattern.covers(&"api.example.com".parse()?));
/// assert!(!pattern.covers(&"example.com".parse()?));
/// assert_eq!("::1".parse::<HostPattern>()?, "[::1]".parse()?);
///
/// let invalid = "10.0.0.256".parse::<HostPattern>().unwrap_err();
/// assert!(invalid.to_string().contains("numbers up to 255"));
/// # Ok::<(), cpex_wasmi::InvalidHost>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern(Pattern);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pattern {
    Only(Host),
    /// The names below this one, at any depth.
    Below(String),
}

/// A text that names no host that a request could go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host is {told}")]
pub struct InvalidHost {
    told: String,
}

impl InvalidHost {
    /// The value and what is wrong with it, as it follows "is".
    pub(crate) fn told(&self) -> &str {
        &self.told
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<Ipv6Addr>() {
            return Ok(Self::Address(IpAddr::from(address).to_canonical()));
        }
        if text.contains(['[', ']']) || text.matches(':').count() > 1 {
            return Err("is not an IPv6 address");
        }
        // It would be decoded.
        if text.contains('%') {
            return Err("has a `%` in it");
        }
        let is_punycode =
            |label: &str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
        if text.is_ascii() && !text.split('.').any(is_punycode) {
            Self::named(&text.to_ascii_lowercase())
        } else {
            international(text)
        }
    }

    /// A name or an IPv4 address, in lower case and ASCII.
    fn named(name: &str) -> Result<Self, &'static str> {
        if name.ends_with('.') {
            return Err("ends with a dot");
        }
        if name.split('.').any(str::is_empty) {
            return Err("has an empty part between its dots");
        }
        if name.bytes().any(|byte| byte <= b' ' || b"\"#%*/:<>?@[\\]^`{|}\x7f".contains(&byte)) {
            return Err("has characters that a host cannot have");
        }
        if ipv4::ends_with_number(name) {
            let wrong = "is not an IPv4 address: write four numbers up to 255";
            return ipv4::read(name).map(|address| Self::Address(address.into())).ok_or(wrong);
        }
        let is_long = |label: &str| label.len() > MAX_LABEL_BYTES;
        if name.len() > MAX_NAME_BYTES || name.split('.').any(is_long) {
            return Err("is too long: a name has at most 253 characters, and 63 between dots");
        }
        Ok(Self::Name(name.to_owned()))
    }

    /// The host of a URL; `None` if it is one that no grant can name.
    #[cfg(feature = "http")]
    pub(crate) fn of_url(host: url::Host<&str>) -> Option<Self> {
        match host {
            url::Host::Domain(name) => Self::named(name).ok(),
            url::Host::Ipv4(address) => Some(Self::Address(address.into())),
            url::Host::Ipv6(address) => Some(Self::Address(IpAddr::from(address).to_canonical())),
        }
    }
}

/// A name beyond ASCII, by the rules of IDNA as URLs have them.
#[cfg(feature = "http")]
fn international(text: &str) -> Result<Host, &'static str> {
    const WRONG: &str = "is invalid by the rules for names beyond ASCII (IDNA)";
    // All that IDNA takes for a dot.
    if text.ends_with(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) {
        return Err("ends with a dot");
    }
    match url::Host::parse(text) {
        Ok(url::Host::Domain(name)) => Host::named(&name),
        Ok(url::Host::Ipv4(address)) => Ok(Host::Address(address.into())),
        Ok(url::Host::Ipv6(_)) | Err(_) => Err(WRONG),
    }
}

/// A name beyond ASCII. Without the feature `http` there are no requests, and no rules of IDNA.
#[cfg(not(feature = "http"))]
fn international(text: &str) -> Result<Host, &'static str> {
    Host::named(&text.to_lowercase())
}

impl HostPattern {
    /// Returns whether all hosts that another pattern stands for are among those of this one.
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (_, Pattern::Only(host)) => self.matches(host),
            (Pattern::Below(parent), Pattern::Below(name)) => {
                name == parent || is_below(name, parent)
            }
            (Pattern::Only(_), Pattern::Below(_)) => false,
        }
    }

    /// The pattern that stands for one host.
    #[cfg(feature = "http")]
    pub(crate) fn only(host: Host) -> Self {
        Self(Pattern::Only(host))
    }

    /// Returns true for the named host, or one below it.
    fn matches(&self, host: &Host) -> bool {
        match (&self.0, host) {
            (Pattern::Only(only), host) => only == host,
            (Pattern::Below(parent), Host::Name(name)) => is_below(name, parent),
            // Addresses have no subdomains.
            (Pattern::Below(_), Host::Address(_)) => false,
        }
    }

    /// The address, if it is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self.0 {
            Pattern::Only(Host::Address(address)) => Some(address),
            _ => None,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        if ["", "*", "*."].contains(&text) {
            return Err(
                "names no host; `*.example.com` stands for all names below `example.com`".into()
            );
        }
        let Some(parent) = text.strip_prefix("*.") else {
            if text.contains('*') {
                return Err("has a `*` in another place than in `*.` before a name".into());
            }
            return Ok(Self(Pattern::Only(Host::parse(text)?)));
        };
        if parent.contains('*') {
            return Err("has a second `*`".into());
        }
        match Host::parse(parent)? {
            Host::Address(_) => Err("is below an address, which has no names below it".into()),
            Host::Name(name) if suffix::is_of_many_owners(&name) => Err(format!(
                "is all of `{name}`, whose names belong to many owners; name a domain, such as \
                 `*.example.{name}`"
            )),
            Host::Name(name) => Ok(Self(Pattern::Below(name))),
        }
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    // No part of a name is empty.
    name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        Self::read(text).map_err(|wrong| {
            let start: String = text.chars().take(MAX_NAME_BYTES).collect();
            let hint =
                meant(text).map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            InvalidHost { told: format!("`{}`, which {wrong}{hint}", visible(&start)) }
        })
    }
}

/// The host that is probably meant: without what belongs under other keys, and without dots too many.
fn meant(text: &str) -> Option<String> {
    let rest = text.trim();
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#', '\\']).next()?;
    let rest = rest.rsplit('@').next()?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if HostPattern::read(host).is_ok() => (host, Some(port)),
        _ => (rest, None),
    };
    let parts: Vec<_> = host.split('.').filter(|part| !part.is_empty()).collect();
    let host = parts.join(".");
    let port = port.and_then(|port| port.parse::<u16>().ok());
    let port = port.map_or_else(String::new, |port| format!(" with `ports: [{port}]`"));
    let without_star = host.strip_prefix("*.").unwrap_or(&host);
    [host.as_str(), without_star]
        .into_iter()
        .find(|host| HostPattern::read(host).is_ok())
        .map(|host| format!("`{}`{port}", visible(host)))
}

/// As it stands in a URL, with `*.` before it if it stands for names below.
impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Only(Host::Name(name)) => f.write_str(name),
            Pattern::Only(Host::Address(IpAddr::V4(address))) => address.fmt(f),
            Pattern::Only(Host::Address(IpAddr::V6(address))) => write!(f, "[{address}]"),
            Pattern::Below(name) => write!(f, "*.{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    fn parsed(text: &str) -> HostPattern {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn all_ways_to_write_a_host_are_the_same() {
        for (text, canonical) in [
            ("a", "a"),
            ("A.Example", "a.example"),
            ("a_b", "a_b"),
            ("*.A.example", "*.a.example"),
            ("*.internal", "*.internal"),
            ("10.0.0.7", "10.0.0.7"),
            ("0x0a.7", "10.0.0.7"),
            ("::1", "[::1]"),
            ("[0:0::1]", "[::1]"),
            ("::ffff:10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(parsed(text).to_string(), canonical, "{text}");
            assert_eq!(parsed(canonical), parsed(text));
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn names_beyond_ascii_are_punycode() {
        for (text, canonical) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("XN--bcher-kva.example", "xn--bcher-kva.example"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
            ("１０.0.0.7", "10.0.0.7"),
            ("a。example", "a.example"),
        ] {
            assert_eq!(parsed(text).to_string(), canonical, "{text}");
        }
        for text in ["xn--a", "xn--.example", "a\u{200b}..b", "ü.example.", "ü.example。", "＊.ü"]
        {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_subdomain_is_another_host() {
        for (pattern, host, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "A.B", true),
            ("a.b", "x.a.b", false),
            ("*.a.b", "x.a.b", true),
            ("*.a.b", "x.y.a.b", true),
            ("*.a.b", "a.b", false),
            ("*.a.b", "xa.b", false),
            ("*.a.b", "*.a.b", true),
            ("*.a.b", "*.x.a.b", true),
            ("*.a.b", "*.xa.b", false),
            ("*.x.a.b", "*.a.b", false),
            ("a.b", "*.a.b", false),
            ("*.a.b", "a.b.evil", false),
            ("*.a.b", "10.0.0.7", false),
            ("::1", "[::1]", true),
        ] {
            assert_eq!(parsed(pattern).covers(&parsed(host)), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn a_host_that_cannot_be_is_told_with_the_nearest_one() {
        let long = "a".repeat(64);
        for (text, expected) in [
            ("", "names no host"),
            ("*", "names no host"),
            ("*.", "names no host"),
            (".", "ends with a dot"),
            ("..", "ends with a dot"),
            ("a..b", "did you mean `a.b`?"),
            (".a", "did you mean `a`?"),
            ("a.example.", "ends with a dot; did you mean `a.example`?"),
            ("127.0.0.1.", "did you mean `127.0.0.1`?"),
            ("10.0.0.256", "is not an IPv4 address: write four numbers up to 255"),
            ("999.1.1.1", "is not an IPv4 address"),
            ("1.2.3.4.5", "is not an IPv4 address"),
            ("a.1", "is not an IPv4 address"),
            ("*.com", "such as `*.example.com`"),
            ("*.co.uk", "such as `*.example.co.uk`"),
            ("*.*.a", "has a second `*`"),
            ("a.*", "has a `*` in another place than in `*.` before a name"),
            ("*a", "has a `*` in another place than in `*.` before a name"),
            ("*.10.0.0.7", "which has no names below it; did you mean `10.0.0.7`?"),
            ("*.[::1]", "did you mean `[::1]`?"),
            ("https://a", "did you mean `a`?"),
            ("https://*.a.example:8443/x", "did you mean `*.a.example` with `ports: [8443]`?"),
            ("a:443", "did you mean `a` with `ports: [443]`?"),
            ("[::1]:443", "did you mean `[::1]` with `ports: [443]`?"),
            ("u@a", "did you mean `a`?"),
            ("a/", "did you mean `a`?"),
            ("a b", "has characters that a host cannot have"),
            (" a", "did you mean `a`?"),
            ("a?", "did you mean `a`?"),
            ("a\n", "`a\\n`, which has characters that a host cannot have; did you mean `a`?"),
            ("[a]", "is not an IPv6 address"),
            ("fe80::1%eth0", "is not an IPv6 address"),
            ("%61", "has a `%` in it"),
            ("a\\b", "did you mean `a`?"),
            (&long, "is too long: a name has at most"),
        ] {
            let error = text.parse::<HostPattern>().unwrap_err().to_string();
            assert!(error.starts_with("the host is `"), "{error}");
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
