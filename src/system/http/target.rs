//! Where a request goes, and whether it may.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

use cpex_wasmi_abi::Wish;
use url::{Host, Url};

use super::AddressGuard;
use crate::NetworkGrant;
use crate::system::Granted;

/// The longest URL, in bytes.
pub(super) const MAX_URL_BYTES: usize = 8192;

/// A URL that a request can go to: of HTTP or HTTPS, with a host and without user name, password and
/// fragment.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
    host: HostName,
    port: u16,
}

/// A host, in the one form that it is compared in: a name in lower case as DNS has it, or an address,
/// which is one of IPv4 if it stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HostName {
    Name(String),
    Address(IpAddr),
}

impl HostName {
    fn of(host: Host<&str>) -> Option<Self> {
        Some(match host {
            // As it stands in certificates and grants: with a dot at its end it would be resolved otherwise.
            Host::Domain(name) if name.split('.').all(|label| !label.is_empty()) => {
                Self::Name(name.to_owned())
            }
            Host::Domain(_) => return None,
            Host::Ipv4(address) => Self::Address(address.into()),
            Host::Ipv6(address) => Self::Address(IpAddr::from(address).to_canonical()),
        })
    }
}

/// Why there is no [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoTarget(pub(super) &'static str);

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, NoTarget> {
        // It would be dropped, so that people read something else.
        if text.chars().any(|char| char.is_control() || char == ' ' || char == '\\') {
            return Err(NoTarget("it has spaces, backslashes or control characters"));
        }
        Self::new(Url::parse(text).ok())
    }

    /// Where a `Location` leads from here.
    pub(super) fn join(&self, location: &str) -> Result<Self, NoTarget> {
        Self::new(self.url.join(location).ok())
    }

    fn new(url: Option<Url>) -> Result<Self, NoTarget> {
        let Some(mut url) = url else { return Err(NoTarget("it is no URL")) };
        if !["http", "https"].contains(&url.scheme()) {
            return Err(NoTarget("it is neither of HTTPS nor of HTTP"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoTarget("it has a user name or password"));
        }
        let host = url.host().and_then(HostName::of).ok_or(NoTarget("its host is none"))?;
        let port = url.port_or_known_default().filter(|port| *port > 0);
        let port = port.ok_or(NoTarget("its port is none"))?;
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

    /// Whether a plugin may send a request with this method there: both a line of its manifest and a grant
    /// cover it, and the address, where the URL has one, is permitted. Gives what addresses are.
    pub(super) fn allowed(&self, method: &str, granted: &Granted) -> Option<AddressGuard> {
        if !granted.asked().any(|wish| self.is_asked(method, &wish)) {
            return None;
        }
        let mut grants =
            granted.access.network.iter().filter(|grant| self.is_granted(method, grant));
        let first = grants.next()?;
        let private = first.allow_private || grants.any(|grant| grant.allow_private);
        let guard = if private { AddressGuard::any() } else { AddressGuard::public() };
        match self.host {
            HostName::Address(address) => guard.permits(address).then_some(guard),
            HostName::Name(_) => Some(guard),
        }
    }

    fn is_asked(&self, method: &str, wish: &Wish<'_>) -> bool {
        let Wish::Network { methods, scheme, host, port } = *wish else { return false };
        self.url.scheme() == scheme
            && port.is_none_or(|port| port == self.port)
            && (methods.is_empty() || methods.split(',').any(|asked| is_same(asked.trim(), method)))
            && self.is_of(host)
    }

    fn is_granted(&self, method: &str, grant: &NetworkGrant) -> bool {
        let NetworkGrant { host, ports, schemes, methods, allow_private: _ } = grant;
        schemes.iter().any(|scheme| is_same(scheme, self.url.scheme()))
            && (ports.is_empty() || ports.contains(&self.port))
            && (methods.is_empty() || methods.iter().any(|granted| is_same(granted, method)))
            && self.is_of(host)
    }

    /// Whether the host is the one of a pattern, or below it.
    fn is_of(&self, pattern: &str) -> bool {
        let parsed = |host: &str| Host::parse(host.strip_suffix('.').unwrap_or(host)).ok();
        let borrowed = |host: &Host| match host {
            Host::Domain(name) => HostName::of(Host::Domain(name)),
            Host::Ipv4(address) => HostName::of(Host::Ipv4(*address)),
            Host::Ipv6(address) => HostName::of(Host::Ipv6(*address)),
        };
        if let Some(parent) = pattern.strip_prefix("*.") {
            // Addresses have no subdomains.
            let (HostName::Name(name), Some(Host::Domain(parent))) = (&self.host, parsed(parent))
            else {
                return false;
            };
            let below = name.strip_suffix(parent.as_str()).and_then(|rest| rest.strip_suffix('.'));
            return below.is_some_and(|below| !below.is_empty()) && !parent.is_empty();
        }
        let host = parsed(pattern).or_else(|| {
            // An IPv6 address without the brackets that it has in a URL.
            pattern.parse().ok().map(Host::Ipv6)
        });
        host.as_ref().and_then(borrowed).is_some_and(|host| host == self.host)
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
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
    let start = text.split(['?', '#']).next().unwrap_or_default();
    let start = match start.split_once('@') {
        Some((before, after)) => {
            let scheme = before.find("://").and_then(|end| before.get(..end));
            scheme.map_or_else(|| after.to_owned(), |scheme| alloc::format!("{scheme}://…@{after}"))
        }
        None => start.to_owned(),
    };
    start.chars().take(256).collect()
}
