//! The result of the functions `url` and `url_json`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The parts of a URL, as browsers read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UrlParts {
    /// The whole, as a browser writes it.
    pub url: String,
    /// The scheme, such as `https`.
    pub scheme: String,
    /// The user name; empty if there is none.
    pub username: String,
    /// The password.
    pub password: Option<String>,
    /// The host: a name in ASCII (`xn--…`), or an address. Numbers such as `0x7f.1` are addresses.
    pub host: Option<String>,
    /// The kind of the host: `domain`, `ipv4` or `ipv6`. Only that of a known scheme is an address of IPv4.
    pub host_type: Option<String>,
    /// The port, or that of the scheme.
    pub port: Option<u16>,
    /// The path, without `.` and `..`.
    pub path: String,
    /// The part behind `?`.
    pub query: Option<String>,
    /// The part behind `#`.
    pub fragment: Option<String>,
}
