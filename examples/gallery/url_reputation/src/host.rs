//! The host of a URL.

use alloc::string::String;

/// The host of a URL, in lower case, without user, port and a last dot. As browsers read it: `\` is a `/`.
pub(crate) fn of(url: &str) -> String {
    let (_, rest) = url.split_once(':').unwrap_or(("", url));
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(['"', '\'', '<', '>', '`']).next().unwrap_or_default();
    let host = match host.split_once(']') {
        // An IPv6 address has colons of its own.
        Some((address, _)) => address.trim_start_matches('['),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches(['.', ',', ';', ')', '!']).to_ascii_lowercase()
}

/// The host with what looks alike written alike: `0` as `o`, `rn` as `m`.
pub(crate) fn skeleton(host: &str) -> String {
    let mut skeleton = String::with_capacity(host.len());
    for character in host.chars() {
        let alike = match character {
            '0' => 'o',
            '1' | 'i' => 'l',
            '3' => 'e',
            '5' => 's',
            '-' | '_' => continue,
            other => other,
        };
        match (skeleton.as_bytes().last(), alike) {
            (Some(b'r'), 'n') => {
                skeleton.pop();
                skeleton.push('m');
            }
            (Some(b'v'), 'v') => {
                skeleton.pop();
                skeleton.push('w');
            }
            _ => skeleton.push(alike),
        }
    }
    skeleton
}

/// True if one character, added, left out or changed, makes one text of the other, or two that changed places.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let before = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) =
        (one.get(before..).unwrap_or_default(), other.get(before..).unwrap_or_default());
    match (one, other) {
        ([], []) => true,
        ([first, second, one @ ..], [third, fourth, other @ ..])
            if first == fourth && second == third && one == other =>
        {
            true
        }
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([_, one @ ..], other) if one == other => true,
        (one, [_, other @ ..]) if one == other => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_browsers_do() {
        for (url, host) in [
            ("https://Example.COM:8443/a?b", "example.com"),
            ("http:\\\\example.com", "example.com"),
            ("https:example.com.", "example.com"),
            ("https://good.com@evil.net", "evil.net"),
            ("https://user:pass@evil.net:1", "evil.net"),
            ("http://[2001:db8::1]:80", "2001:db8::1"),
            ("https://evil.net?@good.com", "evil.net"),
        ] {
            assert_eq!(of(url), host, "{url}");
        }
    }

    #[test]
    fn near_hosts_differ_in_one_place() {
        assert!(is_near("example", "exmple") && is_near("example", "examplle"));
        assert!(is_near("example", "exanple") && is_near("example", "examlpe"));
        assert!(!is_near("example", "exmpla") && !is_near("example", "sample"));
        assert_eq!(skeleton("exarnp1e-5"), skeleton("exampies"));
    }
}
