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
    /// let grant = NetworkGrant::new("*.internal.svc".parse()?)
    ///     .ports([8443])
    ///     .methods(["GET".parse()?])
    ///     .allow_private();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// Sets the ports; none: any.
    #[must_use]
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = ports.into_iter().collect();
        self
    }

    /// Sets the URL schemes.
    #[must_use]
    pub fn schemes(mut self, schemes: impl IntoIterator<Item = Scheme>) -> Self {
        self.schemes = schemes.into_iter().collect();
        self
    }

    /// Sets the request methods; none: any.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = methods.into_iter().collect();
        self
    }

    /// Permits addresses that are not public.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        self.allow_private = true;
        self
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

    /// Returns true if all these requests are granted: those of a manifest's line, or a single one.
    pub(crate) fn covers(&self, asked: &NetworkRequest) -> bool {
        self.host.covers(&asked.host)
            && self.schemes.contains(&asked.scheme)
            && (self.ports.is_empty() || asked.port.is_some_and(|port| self.ports.contains(&port)))
            // Without methods it asks for any that is granted.
            && (self.methods.is_empty()
                || asked.methods.iter().all(|method| self.methods.contains(method)))
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

/// The number of methods that a line of a manifest may name.
const MAX_METHODS: usize = 64;

impl NetworkRequest {
    /// Parses the line; `None` if it asks for something else. The error says what no request can have.
    pub(crate) fn of(request: &AccessRequest<'_>) -> Option<Result<Self, String>> {
        let AccessRequest::Network { methods, scheme, host, port } = *request else { return None };
        Some(Self::new(methods, scheme, host, port))
    }

    /// The requests with each of its methods alone: an entry of a policy may grant one of them, and another the next.
    pub(super) fn by_method(&self) -> impl Iterator<Item = Self> {
        let each = self.methods.iter().map(|method| vec![method.clone()]);
        let any = self.methods.is_empty().then(Vec::new);
        each.chain(any).map(|methods| Self { methods, host: self.host.clone(), ..*self })
    }

    fn new(methods: &str, scheme: &str, host: &str, port: Option<u16>) -> Result<Self, String> {
        let scheme =
            Scheme::from_name(scheme).ok_or_else(|| format!("the scheme is `{scheme}`"))?;
        let host = host.parse().map_err(|error: InvalidHost| error.to_string())?;
        let methods = match methods {
            "" => Vec::new(),
            // The most expensive check of a line grows with them, and is made before anything is paid for.
            methods if methods.matches(',').count() >= MAX_METHODS => {
                return Err(format!("it names more than {MAX_METHODS} methods"));
            }
            methods => methods
                .split(',')
                .map(Method::written)
                .collect::<Result<_, _>>()
                .map_err(|error| error.to_string())?,
        };
        Ok(Self { methods, scheme, host, port })
    }
}
