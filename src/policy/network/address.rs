//! The addresses that a name may resolve to.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A guard of the addresses that a request may go to. A transport connects only to addresses that it permits, whether
/// they were resolved from a name or stand in the URL. It connects to the very address that it asked about, without
/// resolving the name again.
///
/// ```
/// use cpex_wasmi::AddressGuard;
///
/// let guard = AddressGuard::public();
/// assert!(guard.permits("9.9.9.9".parse()?));
/// for other in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"] {
///     assert!(!guard.permits(other.parse()?));
/// }
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressGuard {
    allow_private: bool,
}

impl AddressGuard {
    /// A guard that permits public addresses only: none that is private, local to the machine or the link,
    /// shared, for groups, for documentation or tests, or where clouds keep what they know of a machine.
    pub const fn public() -> Self {
        Self { allow_private: false }
    }

    /// A guard that permits all, for grants with `allow_private: true`.
    pub const fn any() -> Self {
        Self { allow_private: true }
    }

    /// True if a request may go there.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// An address that is not in IANA's registry of special addresses, nor known for what clouds have there.
fn is_public_v4(address: Ipv4Addr) -> bool {
    const SPECIAL: &[(Ipv4Addr, u32)] = &[
        // This network, which is this machine to some.
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        // Shared by a provider's customers; Alibaba Cloud's metadata.
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        // The link; metadata of most clouds.
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        // Protocols; Oracle Cloud's metadata.
        (Ipv4Addr::new(192, 0, 0, 0), 24),
        // Documentation.
        (Ipv4Addr::new(192, 0, 2, 0), 24),
        (Ipv4Addr::new(198, 51, 100, 0), 24),
        (Ipv4Addr::new(203, 0, 113, 0), 24),
        // Once relays from IPv4 to IPv6.
        (Ipv4Addr::new(192, 88, 99, 0), 24),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        // Benchmarks.
        (Ipv4Addr::new(198, 18, 0, 0), 15),
        // Azure's metadata.
        (Ipv4Addr::new(168, 63, 129, 16), 32),
        // Groups; reserved; everybody.
        (Ipv4Addr::new(224, 0, 0, 0), 3),
    ];
    !SPECIAL.iter().any(|(network, bits)| {
        let differs = address.to_bits() ^ network.to_bits();
        differs.leading_zeros() >= *bits
    })
}

/// An address in the range of global addresses, but for what of it is special or stands for an IPv4 address
/// that is not public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, .., g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16_u32 | u32::from(low)))
    };
    match (a, b) {
        // IPv4 addresses, mapped.
        (0, 0) if address.to_ipv4_mapped().is_some() => v4(g, h),
        // Behind a translator to IPv4.
        (0x64, 0xff9b) => {
            address.to_bits() >> 32_u32 == 0x0064_ff9b_0000_0000_0000_0000 && v4(g, h)
        }
        // Protocols; Teredo; benchmarks; ORCHID.
        (0x2001, 0..=0x1ff) => false,
        // Documentation.
        (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // By 6to4 to an IPv4 address.
        (0x2002, _) => v4(b, c),
        (0x2000..=0x3fff, _) => true,
        // Unspecified, loopback, unique local, of the link or the site, groups, reserved.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are() {
        for public in [
            "1.1.1.1",
            "9.9.9.9",
            "99.255.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(AddressGuard::public().permits(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::1.1.1.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let address = special.parse().unwrap();
            assert!(!AddressGuard::public().permits(address), "{special}");
            assert!(AddressGuard::any().permits(address), "{special}");
        }
    }
}
