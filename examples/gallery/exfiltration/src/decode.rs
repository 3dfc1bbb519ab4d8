//! The encodings: the patterns of candidates, and how they are decoded.

use alloc::string::String;
use alloc::vec::Vec;

/// The position of base64.
pub(crate) const BASE64: usize = 0;

/// The patterns of texts that may be base64, hex and percent-encoding.
pub(crate) static ENCODINGS: [&str; 3] = [
    "[A-Za-z0-9+/_-]{20,}={0,2}",
    r"\b(?:0x)?[0-9A-Fa-f]{32,}\b",
    "(?:[A-Za-z0-9._~+/=-]*%[0-9A-Fa-f]{2})+[A-Za-z0-9._~+/=-]*",
];

/// Decodes a text by the position of its encoding. `None` if it is not encoded so.
pub(crate) fn decoded(encoding: usize, text: &str) -> Option<Vec<u8>> {
    match encoding {
        BASE64 => base64(text.trim_end_matches('=').as_bytes()),
        1 => hex(text.strip_prefix("0x").unwrap_or(text).as_bytes()),
        _ => percent(text.as_bytes()),
    }
}

/// The bytes as a text. If they are none, with spaces for all that is not ASCII.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let ascii = |byte: u8| if byte.is_ascii() { char::from(byte) } else { ' ' };
        error.into_bytes().into_iter().map(ascii).collect()
    })
}

/// Both alphabets, with or without padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut kept) = (0_u32, 0_u32);
    for character in text {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        kept += 6;
        if kept >= 8 {
            kept -= 8;
            bytes.push((bits >> kept) as u8);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| byte(*pair)).collect::<Option<Vec<u8>>>().filter(|it| !it.is_empty())
}

fn percent(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [b'%', high, low, after @ ..] => {
                bytes.push(byte([*high, *low])?);
                after
            }
            [character, after @ ..] => {
                bytes.push(*character);
                after
            }
            // What had nothing to decode is no encoding.
            [] => return (bytes.len() < text.len()).then_some(bytes),
        };
    }
}

fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |character: u8| char::from(character).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn each_encoding_is_decoded() {
        assert_eq!(decoded(0, "aGk_IQ==").unwrap(), b"hi?!");
        assert_eq!(decoded(1, "0x6869").unwrap(), b"hi");
        assert_eq!(decoded(2, "h%69%21").unwrap(), b"hi!");
        assert_eq!((decoded(0, "a b"), decoded(1, "686"), decoded(2, "hi")), (None, None, None));
        assert_eq!((decoded(0, ""), decoded(1, ""), decoded(2, "%zz")), (None, None, None));
    }
}
