//! Networks of IP addresses.

use core::net::IpAddr;

use cpex_wasmi_abi::Status;

/// The longest text of an address or a network, in bytes.
const MAX_TEXT_BYTES: usize = 64;

/// A network: addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, or a single address.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            // No sign, and no zero before other digits.
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => {
                if bits.len() > 1 && bits.starts_with('0') {
                    return None;
                }
                bits.parse().ok().filter(|bits| *bits <= most)?
            }
            Some(_) => return None,
            None => most,
        };
        Some(Self { address, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

/// Reads an address, also in the brackets of a URL. One of IPv4 that is written as one of IPv6 is of IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = match inner {
        Some(inner) => IpAddr::V6(inner.parse().ok()?),
        None => text.parse().ok()?,
    };
    Some(address.to_canonical())
}

/// True if an address is in one of networks, which have white space or commas between them.
///
/// # Errors
///
/// [`Status::Malformed`] if the text is no address, or one of the networks is invalid, whether or not another has it.
pub(crate) fn in_networks(text: &[u8], networks: &[u8]) -> Result<bool, Status> {
    let read = |text| core::str::from_utf8(text).map_err(|_| Status::Malformed);
    let address = (text.len() <= MAX_TEXT_BYTES).then(|| read(text)).ok_or(Status::Malformed)??;
    let address = self::address(address).ok_or(Status::Malformed)?;
    let mut found = false;
    let between = |char: char| char == ',' || char.is_ascii_whitespace();
    for network in read(networks)?.split(between).filter(|network| !network.is_empty()) {
        let network = Network::parse(network).ok_or(Status::Malformed)?;
        found |= network.contains(address);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_their_networks() {
        for (address, networks, expected) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "10.0.0.0/8, 11.1.2.3", true),
            ("192.168.1.128", "192.168.1.128/25", true),
            ("192.168.1.127", "192.168.1.128/25", false),
            ("9.9.9.9", "0.0.0.0/0", true),
            ("::1", "0.0.0.0/0", false),
            ("::ffff:10.0.0.1", "10.0.0.0/8", true),
            ("[fd00::1]", "fc00::/7\n::1", true),
            ("::2", "::1/128", false),
            ("9.9.9.9", "", false),
        ] {
            let found = in_networks(address.as_bytes(), networks.as_bytes());
            assert_eq!(found, Ok(expected), "{address} in {networks}");
        }
    }

    #[test]
    fn malformed_addresses_and_networks_are_refused() {
        for (address, networks) in [
            ("10.1.2", "10.0.0.0/8"),
            ("010.1.2.3", "10.0.0.0/8"),
            ("0x0a.1.2.3", "10.0.0.0/8"),
            ("[10.1.2.3]", "10.0.0.0/8"),
            ("localhost", "127.0.0.0/8"),
            ("", "127.0.0.0/8"),
            (" 127.0.0.1", "127.0.0.0/8"),
            ("10.1.2.3", "10.0.0.0/33"),
            ("10.1.2.3", "10.0.0.0/+8"),
            ("10.1.2.3", "10.0.0.0/08"),
            ("10.1.2.3", "10.0.0.0/"),
            ("10.1.2.3", "10.0.0.0/8 evil"),
            ("::1", "::/129"),
        ] {
            let found = in_networks(address.as_bytes(), networks.as_bytes());
            assert_eq!(found, Err(Status::Malformed), "{address} in {networks}");
        }
        assert_eq!(in_networks(&[0xff], b"::/0"), Err(Status::Malformed));
        assert_eq!(in_networks(b"::1", &[0xff]), Err(Status::Malformed));
    }
}
