//! Public suffixes, under which names are registered: `com`, `co.uk`, `github.io`.

use alloc::string::String;

use cpex_wasmi_abi::Status;
use cpex_wasmi_abi::public_suffix as number;
use url::Host;

/// The longest name that is looked at, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// The part of a host name that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamePart {
    /// The public suffix.
    Suffix,
    /// The registrable domain: the suffix and the part before it.
    Domain,
}

impl NamePart {
    /// The part with this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            number::SUFFIX => Some(Self::Suffix),
            number::DOMAIN => Some(Self::Domain),
            _ => None,
        }
    }

    /// This part of a host name, in ASCII and lower case.
    ///
    /// # Errors
    ///
    /// [`Status::Malformed`] if browsers take the text for no host, [`Status::TooLarge`] if it is longer than 1 KiB, and
    /// [`Status::Absent`] if it has no such part: an address, or a domain of a name that is a suffix itself.
    pub(crate) fn of(self, name: &[u8]) -> Result<String, Status> {
        if name.len() > MAX_NAME_BYTES {
            return Err(Status::TooLarge);
        }
        let name = core::str::from_utf8(name).map_err(|_| Status::Malformed)?;
        let name = match Host::parse(name).map_err(|_| Status::Malformed)? {
            Host::Domain(name) => name,
            Host::Ipv4(_) | Host::Ipv6(_) => return Err(Status::Absent),
        };
        let name = name.strip_suffix('.').unwrap_or(&name);
        if name.split('.').any(str::is_empty) {
            return Err(Status::Malformed);
        }
        let part = match self {
            Self::Suffix => psl::suffix_str(name),
            Self::Domain => psl::domain_str(name),
        };
        part.map(Into::into).ok_or(Status::Absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_suffix_and_a_domain() {
        let domain = |name: &str| NamePart::Domain.of(name.as_bytes());
        let suffix = |name: &str| NamePart::Suffix.of(name.as_bytes());
        for (name, expected, end) in [
            ("www.example.co.uk", "example.co.uk", "co.uk"),
            ("WWW.Example.COM.", "example.com", "com"),
            ("user.github.io", "user.github.io", "github.io"),
            // A wildcard, and its exception.
            ("a.b.ck", "a.b.ck", "b.ck"),
            ("x.www.ck", "www.ck", "ck"),
            ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn", "xn--55qx5d.cn"),
            // Unknown ends are suffixes of one part.
            ("a.b.internal", "b.internal", "internal"),
        ] {
            assert_eq!(
                (domain(name), suffix(name)),
                (Ok(expected.into()), Ok(end.into())),
                "{name}"
            );
        }
        assert_eq!(domain("co.uk"), Err(Status::Absent));
        assert_eq!(
            (suffix("localhost"), domain("localhost")),
            (Ok("localhost".into()), Err(Status::Absent))
        );
        for address in ["127.0.0.1", "0x7f.1", "[::1]"] {
            assert_eq!(suffix(address), Err(Status::Absent), "{address}");
        }
        for wrong in ["", "a b", "a..b", ".", "a/b", "::1"] {
            assert_eq!(suffix(wrong), Err(Status::Malformed), "{wrong}");
        }
        assert_eq!(suffix(&"a".repeat(MAX_NAME_BYTES + 1)), Err(Status::TooLarge));
        assert_eq!(NamePart::Suffix.of(&[0xff]), Err(Status::Malformed));
    }
}
