//! Requests that a policy grants, and those that a manifest asks for.

mod address;
mod host;
mod ipv4;
mod method;
mod suffix;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::AccessRequest;

pub use address::AddressGuard;
#[cfg(feature = "http")]
pub(crate) use host::Host;
pub use host::{HostPattern, InvalidHost};
pub(crate) use method::FORBIDDEN;
#[cfg(feature = "http")]
pub(crate) use method::is_token;
pub use method::{InvalidMethod, Method};

/// Requests that a plugin may send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkGrant {
    /// A host; `*.` at its start stands for its subdomains, and not for itself.
    pub host: HostPattern,
    /// The ports; empty: any.
    pub ports: Vec<u16>,
    /// The URL schemes. Default: HTTPS only.
    pub schemes: Vec<Scheme>,
    /// The request methods; empty: any.
    pub methods: Vec<Method>,
    /// Permits addresses that are private, local to the machine or the link, or where
    /// clouds keep what they know of a machine. Default: no.
    pub allow_private: bool,
}

impl NetworkGrant {
    /// Any request to a host by HTTPS, if its address is public.
    ///
    /// ```
    /// use cpex_wasmi::NetworkGrant;
    ///
    /// let grant = NetworkGrant::new("api.example.com".parse()?);
    /// # Ok::<(), cpex_wasmi::InvalidHost>(())
    /// ```
    pub fn new(host: HostPattern) -> Self {
        Self {
            host,
            ports: Vec::new(),
            schemes: vec![Scheme::Https],
            methods: Vec::new(),
            allow_private: false,
        }
    }

    /// Exactly the requests that a manifest asks for, and if it names an address, that one.
    pub(crate) fn asked_for(asked: NetworkRequest) -> Self {
        let NetworkRequest { methods, scheme, host, port } = asked;
        let public = AddressGuard::public();
        Self {
            allow_private: host.address().is_some_and(|address| !public.permits(address)),
            host,
            ports: port.into_iter().collect(),
            schemes: vec![scheme],
            methods,
        }
    }

    /// Tells whether all requests that a manifest asks for in a line are granted.
    pub(super) fn covers(&self, asked: &NetworkRequest) -> bool {
        self.host.covers(&asked.host)
            && self.schemes.contains(&asked.scheme)
            && (self.ports.is_empty() || asked.port.is_some_and(|port| self.ports.contains(&port)))
            // Without methods it asks for any that is granted.
            && asked.methods.iter().all(|method| self.permits(method))
    }

    /// Tells whether a method is granted.
    pub(crate) fn permits(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// Tells whether its host is an address to which nothing goes unless an entry has `allow_private`.
    pub(super) fn is_unreachable_without(&self, others: &[Self]) -> bool {
        let public = AddressGuard::public();
        self.host.address().is_some_and(|address| !public.permits(address))
            && !others.iter().any(|other| other.allow_private && other.host.covers(&self.host))
    }
}

/// A scheme of URLs that requests go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `https`.
    Https,
    /// `http`: nothing is encrypted, and anybody on the way may answer.
    Http,
}

impl Scheme {
    /// All schemes.
    pub const ALL: &'static [Self] = &[Self::Https, Self::Http];

    /// Returns the scheme's name in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// Returns the scheme of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheme| scheme.name() == name)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A line of a manifest that asks for requests, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkRequest {
    /// Empty: any that is granted.
    pub(crate) methods: Vec<Method>,
    pub(crate) scheme: Scheme,
    pub(crate) host: HostPattern,
    /// `None`: any.
    pub(crate) port: Option<u16>,
}

impl NetworkRequest {
    /// Parses the line; `None` if it asks for something else. The error says what no request can have.
    pub(crate) fn of(request: &AccessRequest<'_>) -> Option<Result<Self, String>> {
        let AccessRequest::Network { methods, scheme, host, port } = *request else { return None };
        Some(Self::new(methods, scheme, host, port))
    }

    fn new(methods: &str, scheme: &str, host: &str, port: Option<u16>) -> Result<Self, String> {
        let scheme =
            Scheme::from_name(scheme).ok_or_else(|| format!("the scheme is `{scheme}`"))?;
        let host = host.parse().map_err(|error: InvalidHost| error.to_string())?;
        let methods = match methods {
            "" => Vec::new(),
            methods => methods
                .split(',')
                .map(Method::written)
                .collect::<Result<_, _>>()
                .map_err(|error| error.to_string())?,
        };
        Ok(Self { methods, scheme, host, port })
    }
}
