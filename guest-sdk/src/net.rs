//! URLs and IP addresses, which the host reads.
//!
//! The input is a reference to text, or a [`Place`](crate::raw::Place) of the request, of which nothing is copied into the plugin. It
//! takes no access in the manifest.
//!
//! ```
//! use cpex_wasmi_guest::net;
//!
//! // A browser takes this for an address of the machine itself.
//! let url = net::url("http://good.example@0x7f.1/")?;
//! assert_eq!(url.host.as_deref(), Some("127.0.0.1"));
//! assert!(net::in_networks("127.0.0.1", "10.0.0.0/8, 127.0.0.0/8, ::1")?);
//! # Ok::<(), cpex_wasmi_guest::Error>(())
//! ```
//!
//! # Errors
//!
//! All functions fail with [`Status::Malformed`] if the input is not of that form, and with the status of a
//! read if it is a place that is missing or that the plugin may not read.

use alloc::string::String;

use cpex_wasmi_abi::codec::{self, Bounds};
use cpex_wasmi_abi::public_suffix as name;

pub use cpex_wasmi_abi::UrlParts;

pub use crate::input::Input;
use crate::input::bytes;
use crate::result::{check, optional};
use crate::{Result, Status, sys};

/// The bytes of a result that are taken before its length is known.
const ROOM: usize = 512;

/// The parts of an absolute URL, as browsers read it: names in ASCII, numbers as addresses, paths without `..`.
///
/// # Errors
///
/// Those of [all functions](self#errors); [`Status::TooLarge`] if the URL is longer than 8 KiB.
pub fn url(input: impl Input) -> Result<UrlParts> {
    let parts = bytes(&input, ROOM, sys::url)?;
    let bounds = Bounds { bytes: parts.len(), ..Bounds::DEFAULT };
    codec::decode(&parts, bounds).map_err(|_| Status::Malformed.into())
}

/// The registrable domain of a host name: `example.co.uk` of `www.example.co.uk`. `None` if there is none, as for an address, and for
/// a public suffix itself.
///
/// ```
/// use cpex_wasmi_guest::net;
///
/// assert_eq!(net::domain("login.example.co.uk")?.as_deref(), Some("example.co.uk"));
/// assert_eq!(net::public_suffix("login.example.co.uk")?.as_deref(), Some("co.uk"));
/// # Ok::<(), cpex_wasmi_guest::Error>(())
/// ```
///
/// It takes a host with the feature `public-suffix`, as does [`public_suffix`].
///
/// # Errors
///
/// Those of [all functions](self#errors); [`Status::TooLarge`] if the name is longer than 1 KiB.
pub fn domain(host: impl Input) -> Result<Option<String>> {
    part(&host, name::DOMAIN)
}

/// The public suffix of a host name, under which names are registered: `co.uk`, `github.io`. An end that is not on the list is one,
/// too. `None` for an address.
///
/// # Errors
///
/// As [`domain`].
pub fn public_suffix(host: impl Input) -> Result<Option<String>> {
    part(&host, name::SUFFIX)
}

fn part(host: &impl Input, part: u32) -> Result<Option<String>> {
    let read = |field, index, key: Option<&[u8]>, out: &mut [u8]| {
        sys::public_suffix(field, index, key, part, out)
    };
    optional(bytes(host, ROOM, read)).map(|name| name.map(sys::text))
}

/// True if an IP address is in one of networks such as `10.0.0.0/8` or `::1`, which have white space or commas between them. An
/// address of IPv4 that is written as one of IPv6 is of IPv4.
///
/// # Errors
///
/// Those of [all functions](self#errors); [`Status::Malformed`] also if one of the networks is invalid.
pub fn in_networks(address: impl Input, networks: &str) -> Result<bool> {
    let networks = networks.as_bytes();
    let found =
        address.with(|field, index, key| check(sys::in_networks(field, index, key, networks)))?;
    Ok(found == 1)
}
