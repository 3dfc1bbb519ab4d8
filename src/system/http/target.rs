//! The target of a request, and the check that it is granted.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use core::fmt;

use url::Url;

use crate::policy::{Host, NetworkRequest};
use crate::system::Granted;
use crate::{AddressGuard, HostPattern, Method, NetworkGrant, Scheme};

/// The longest URL, in bytes.
pub(super) const MAX_URL_BYTES: usize = 8192;

/// A URL that a request can go to: of HTTP or HTTPS, with a host and without user name, password and
/// fragment.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
    host: Host,
    port: u16,
}

/// The reason for which a URL is not a [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoTarget(pub(super) &'static str);

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, NoTarget> {
        // It would be dropped, so that people read something else.
        if text.chars().any(|char| char.is_control() || char == ' ' || char == '\\') {
            return Err(NoTarget("it has spaces, backslashes or control characters"));
        }
        Self::new(Url::parse(text).ok(), text)
    }

    /// The target of a `Location` from here.
    pub(super) fn join(&self, location: &str) -> Result<Self, NoTarget> {
        Self::new(self.url.join(location).ok(), location)
    }

    /// Checks a URL that was written as that text.
    fn new(url: Option<Url>, text: &str) -> Result<Self, NoTarget> {
        let Some(mut url) = url else { return Err(NoTarget("it is not a URL")) };
        if !["http", "https"].contains(&url.scheme()) {
            return Err(NoTarget("it is neither HTTPS nor HTTP"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoTarget("it has a user name or password"));
        }
        let host = url.host().and_then(Host::of_url).ok_or(NoTarget("its host is invalid"))?;
        // Parsing drops the dot from an address, and refuses no other.
        if matches!(host, Host::Address(_)) && ends_with_dot(text) {
            return Err(NoTarget("its host ends with a dot"));
        }
        let port = url.port_or_known_default().filter(|port| *port > 0);
        let port = port.ok_or(NoTarget("its port is invalid"))?;
        url.set_fragment(None);
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(NoTarget("it is too long"));
        }
        Ok(Self { url, host, port })
    }

    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The host as it stands in the URL.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.url.scheme() == other.url.scheme()
            && self.url.host() == other.url.host()
            && self.port == other.port
    }

    /// Checks that a plugin may send a request with this method there: both a line of its manifest and a grant
    /// cover it, and the address, where the URL has one, is permitted. Gives what addresses are.
    pub(super) fn allowed(&self, method: &Method, granted: &Granted) -> Option<AddressGuard> {
        let request = NetworkRequest {
            methods: vec![method.clone()],
            scheme: Scheme::from_name(self.url.scheme())?,
            host: HostPattern::only(self.host.clone()),
            port: Some(self.port),
        };
        let covers = |grant: &&NetworkGrant| grant.covers(&request);
        granted.asked.network.iter().find(covers)?;
        let mut grants = granted.access.network.iter().filter(covers);
        let first = grants.next()?;
        let private = first.allow_private || grants.any(|grant| grant.allow_private);
        let guard = if private { AddressGuard::any() } else { AddressGuard::public() };
        match self.host {
            Host::Address(address) => guard.permits(address).then_some(guard),
            Host::Name(_) => Some(guard),
        }
    }
}

/// True if the host of a URL was written with a dot at its end, in whichever way: `.`, `。`, `%2e`.
fn ends_with_dot(text: &str) -> bool {
    // As parsing does it: without tabs and line breaks, and `\` for `/`.
    let text: String = text
        .trim()
        .chars()
        .filter(|char| !matches!(char, '\t' | '\r' | '\n'))
        .map(|char| if char == '\\' { '/' } else { char })
        .collect();
    let scheme = text
        .find([':', '/', '?', '#'])
        .filter(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(':')));
    let rest = scheme.and_then(|at| text.get(at.saturating_add(1)..)).unwrap_or(&text);
    // A reference to another path has no host.
    if scheme.is_none() && !rest.starts_with("//") {
        return false;
    }
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    // With a part more it is a name, and what was its last part tells.
    matches!(Url::parse(&alloc::format!("http://{host}z/")).as_ref().map(Url::host_str),
        Ok(Some(name)) if name.ends_with(".z"))
}

/// As it is told of: without the query, which may hold secrets.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_str();
        match url.split_once('?') {
            Some((rest, _)) => write!(f, "{rest}?…"),
            None => f.write_str(url),
        }
    }
}

/// As much of a text that is no URL as can be told: what stands before a query, and no user name.
pub(super) fn untold(text: &str) -> String {
    // A password may have any of these in it, where it is not written as it should be.
    let (before, after) = text.rsplit_once('@').unwrap_or(("", text));
    let scheme = before.find("://").and_then(|end| before.get(..end));
    let start = after.split(['?', '#']).next().unwrap_or_default();
    let start = match scheme {
        Some(scheme) => alloc::format!("{scheme}://…@{start}"),
        None => start.to_owned(),
    };
    start.chars().take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;
    use alloc::vec::Vec;
    use cpex_wasmi_abi::Manifest;
    use proptest::prelude::*;

    use crate::Access;
    use crate::system::Services;

    fn granted(line: &str, host: &str) -> Granted {
        let mut manifest = Manifest::new("guest", "1.0.0");
        manifest.access.push(line.into());
        let grant = NetworkGrant::new(host.parse().unwrap()).schemes(Scheme::ALL.iter().copied());
        let access = Access::default().network(grant);
        Granted::new(&manifest, access, &Services::default()).unwrap()
    }

    fn allows(line: &str, host: &str, url: &str) -> bool {
        let target = Target::parse(url);
        target.is_ok_and(|target| target.allowed(&Method::get(), &granted(line, host)).is_some())
    }

    #[test]
    fn hosts_are_compared_in_one_form() {
        for (pattern, url, expected) in [
            ("a.example", "https://a.example/", true),
            ("A.Example", "https://a.eXample/", true),
            ("bücher.example", "https://BÜCHER.example/", true),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
            ("xn--bcher-kva.example", "https://bücher.example/", true),
            ("a.example", "https://a.example./", false),
            ("a.example", "https://b.a.example/", false),
            ("a.example", "https://a.example.evil/", false),
            ("a.example", "https://evil/a.example", false),
            ("a.example", "https://evil?a.example", false),
            ("a.example", "https://evil#a.example", false),
            ("a.example", "https://а.example/", false),
            ("*.example", "https://a.example/", true),
            ("*.example", "https://a.b.example/", true),
            ("*.example", "https://example/", false),
            ("*.example", "https://aexample/", false),
            ("*.example", "https://.example/", false),
            ("*.bücher.example", "https://a.xn--bcher-kva.example/", true),
            ("9.9.9.9", "https://9.9.9.9/", true),
            ("9.9.9.9", "https://0x9.0x9.9.011/", true),
            ("9.9.9.9", "https://151587081/", true),
            ("9.9.9.9", "https://[::ffff:9.9.9.9]/", true),
            ("151587081", "https://9.9.9.9/", true),
            ("[2606:4700::1111]", "https://[2606:4700:0::1111]/", true),
            ("2606:4700::1111", "https://[2606:4700::1111]/", true),
            ("[2606:4700::1111]", "https://[2606:4700::1112]/", false),
            ("*.example", "https://[2606:4700::1111]/", false),
            ("9.9.9.9", "https://9.9.9.9./", false),
            ("9.9.9.9", "https://9.9.9.9。/", false),
            ("9.9.9.9", "https://9.9.9.9%2E:443/", false),
            ("9.9.9.9", "https:9.9.9.9./", false),
        ] {
            let line = format!("network:https://{pattern}");
            // A request of a manifest has brackets.
            let line = line.replace("//2606:4700::1111", "//[2606:4700::1111]");
            assert_eq!(allows(&line, pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn a_url_is_told_of_without_its_secrets() {
        let told = |url| Target::parse(url).unwrap().to_string();
        assert_eq!(told("https://a.example:443/b?c=d#e"), "https://a.example/b?…");
        assert_eq!(told("http://a.example:443"), "http://a.example:443/");
        assert_eq!(untold("http://user:pass@a?b"), "http://…@a");
        assert_eq!(untold("user:pass@a"), "a");
        for password in ["p@ss", "p?ss", "p#ss", "p/ss", "p?s@s"] {
            assert_eq!(untold(&format!("http://user:{password}@a?b")), "http://…@a", "{password}");
        }
        assert_eq!(untold("x y"), "x y");
    }

    /// The host as a cautious reader takes it: what stands between `://` and the next of `/?#:`.
    fn plain_host(url: &str) -> &str {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
    }

    fn urls() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("https://"),
            Just("http://"),
            Just("a.example"),
            Just("evil"),
            Just("."),
            Just("@"),
            Just(":"),
            Just("/"),
            Just("\\"),
            Just("?"),
            Just("#"),
            Just("%2e"),
            Just("%00"),
            Just("%40"),
            Just(".."),
            Just("443"),
            Just("127.1"),
            Just("[::1]"),
            Just("。"),
            Just("\t"),
            Just("ａ"),
            Just("*"),
            Just("A"),
        ];
        let parts = prop::collection::vec(part, 0..8).prop_map(|parts: Vec<_>| parts.concat());
        prop_oneof![
            parts.prop_map(|rest| format!("https://{rest}")),
            "https://\\PC{0,20}a\\.example\\PC{0,20}",
            "\\PC{0,40}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever the URL: what is sent goes to a host that is granted.
        #[test]
        fn what_is_allowed_goes_to_a_host_that_is_granted(url in urls()) {
            for (pattern, below) in [("a.example", false), ("*.a.example", true)] {
                let line = format!("network:https://{pattern}:*");
                if !allows(&line, pattern, &url) {
                    continue;
                }
                let target = Target::parse(&url).unwrap();
                // By another reading of what is sent.
                let host = plain_host(target.url());
                prop_assert_eq!(host, target.host());
                let granted = if below { host.ends_with(".a.example") } else { host == "a.example" };
                prop_assert!(granted, "{}", target.url());
                // And it is read as it was written.
                let again = Target::parse(target.url()).unwrap();
                prop_assert_eq!(again.host(), host);
                prop_assert_eq!(again.port(), target.port());
            }
        }
    }
}
