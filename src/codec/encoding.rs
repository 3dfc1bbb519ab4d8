//! Texts for bytes: base64, hexadecimal digits, and the percent signs of URLs.

use alloc::vec;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cpex_wasmi_abi::{Status, encoding as number};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Reads padding, and does without.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const BASE64_URL: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG.with_encode_padding(false));

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A way to write bytes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Base64,
    Base64Url,
    Hex,
    Percent,
}

/// A result, or its length if that is more than there is room for.
pub(crate) type Fitting = Result<Vec<u8>, usize>;

impl Encoding {
    /// The encoding with this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            number::BASE64 => Self::Base64,
            number::BASE64_URL => Self::Base64Url,
            number::HEX => Self::Hex,
            number::PERCENT => Self::Percent,
            _ => return None,
        })
    }

    /// The charge for so many bytes of input, in bytes of work.
    pub(crate) const fn work(self, len: usize) -> usize {
        let each = match self {
            Self::Base64 | Self::Base64Url => 2,
            Self::Hex => 4,
            Self::Percent => 16,
        };
        len.saturating_mul(each)
    }

    /// Writes bytes as text, if that has room.
    pub(crate) fn encode(self, bytes: &[u8], room: usize) -> Fitting {
        let len = match self {
            Self::Base64 => bytes.len().div_ceil(3).saturating_mul(4),
            Self::Base64Url => bytes.len().saturating_mul(4).div_ceil(3),
            Self::Hex => bytes.len().saturating_mul(2),
            Self::Percent => {
                bytes.iter().fold(0_usize, |len, byte| len.saturating_add(percent_len(*byte)))
            }
        };
        if len > room {
            return Err(len);
        }
        let mut text = vec![0; len];
        match self {
            // There is as much room as they ask for.
            Self::Base64 => drop(BASE64.encode_slice(bytes, &mut text)),
            Self::Base64Url => drop(BASE64_URL.encode_slice(bytes, &mut text)),
            Self::Hex => {
                for (to, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
                    *to = [*byte >> 4, *byte & 15]
                        .map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or_default());
                }
            }
            Self::Percent => {
                text.clear();
                percent_encode(bytes, RESERVED)
                    .for_each(|part| text.extend_from_slice(part.as_bytes()));
            }
        }
        Ok(text)
    }

    /// Reads the bytes that a text stands for, if they have room. A text that has none may be malformed.
    pub(crate) fn decode(self, text: &[u8], room: usize) -> Result<Fitting, Status> {
        match self {
            Self::Base64 => from_base64(&BASE64, text, room),
            Self::Base64Url => from_base64(&BASE64_URL, text, room),
            Self::Hex => from_hex(text, room),
            Self::Percent => {
                let len = percent_decode(text).count();
                Ok(if len > room { Err(len) } else { Ok(percent_decode(text).collect()) })
            }
        }
    }
}

const fn percent_len(byte: u8) -> usize {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') { 1 } else { 3 }
}

fn from_base64(engine: &GeneralPurpose, text: &[u8], room: usize) -> Result<Fitting, Status> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    // A digit has six bits, and what is less than a byte is left over.
    let left = digits.len() % 4;
    let len = (digits.len() / 4).saturating_mul(3).saturating_add(left.saturating_mul(3) / 4);
    if len > room {
        return Ok(Err(len));
    }
    // What it takes to decode in groups of four.
    let mut bytes = vec![0; len.saturating_add(3)];
    let len = engine.decode_slice(text, &mut bytes).map_err(|_| Status::Malformed)?;
    bytes.truncate(len);
    Ok(Ok(bytes))
}

fn from_hex(text: &[u8], room: usize) -> Result<Fitting, Status> {
    let (pairs, []) = text.as_chunks::<2>() else { return Err(Status::Malformed) };
    if pairs.len() > room {
        return Ok(Err(pairs.len()));
    }
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4) | digit(*low)?);
    pairs.iter().map(byte).collect::<Option<_>>().map(Ok).ok_or(Status::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Encoding; 4] =
        [Encoding::Base64, Encoding::Base64Url, Encoding::Hex, Encoding::Percent];

    #[test]
    fn texts_are_those_of_the_standards() {
        for (encoding, bytes, text) in [
            (Encoding::Base64, b"foobar".as_slice(), b"Zm9vYmFy".as_slice()),
            (Encoding::Base64, b"fooba", b"Zm9vYmE="),
            (Encoding::Base64, b"foob", b"Zm9vYg=="),
            (Encoding::Base64, &[0xfb, 0xff], b"+/8="),
            (Encoding::Base64Url, &[0xfb, 0xff], b"-_8"),
            (Encoding::Hex, &[0x0f, 0xa0], b"0fa0"),
            (Encoding::Percent, "a b/\u{e9}~".as_bytes(), b"a%20b%2F%C3%A9~"),
        ] {
            assert_eq!(encoding.encode(bytes, 99).as_deref(), Ok(text), "{encoding:?}");
            assert_eq!(encoding.decode(text, 99), Ok(Ok(bytes.into())), "{encoding:?}");
        }
        assert_eq!(Encoding::Hex.decode(b"aBCd", 2), Ok(Ok(vec![0xab, 0xcd])));
        assert_eq!(Encoding::Base64.decode(b"Zm9vYg", 4), Ok(Ok(b"foob".into())));
        assert_eq!(Encoding::Percent.decode(b"100%+%4", 9), Ok(Ok(b"100%+%4".into())));
    }

    #[test]
    fn malformed_texts_are_refused() {
        for (encoding, text) in [
            (Encoding::Base64, "Zm9vYmE-".as_bytes()),
            (Encoding::Base64, b"Z"),
            (Encoding::Base64, b"Zh=="),
            (Encoding::Base64, b"Zg==="),
            (Encoding::Base64, b"Zm9v\n"),
            (Encoding::Base64, b"===="),
            (Encoding::Base64Url, b"+/8="),
            (Encoding::Hex, b"abc"),
            (Encoding::Hex, b"0x"),
            (Encoding::Hex, &[0xff, 0xff]),
        ] {
            assert_eq!(encoding.decode(text, 99), Err(Status::Malformed), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back_and_take_the_room_they_are_said_to(bytes: Vec<u8>) {
            for encoding in ALL {
                let Ok(text) = encoding.encode(&bytes, usize::MAX) else { panic!() };
                prop_assert!(text.is_ascii());
                prop_assert_eq!(encoding.encode(&bytes, text.len()), Ok(text.clone()));
                prop_assert_eq!(encoding.decode(&text, bytes.len()), Ok(Ok(bytes.clone())));
                if let Some(less) = text.len().checked_sub(1) {
                    prop_assert_eq!(encoding.encode(&bytes, less), Err(text.len()));
                    prop_assert_eq!(encoding.decode(&text, bytes.len().saturating_sub(1)), Ok(Err(bytes.len())));
                }
            }
        }

        #[test]
        fn any_text_is_decoded_within_its_room(text: Vec<u8>, room in 0_usize..64) {
            for encoding in ALL {
                match encoding.decode(&text, room) {
                    Ok(Ok(bytes)) => prop_assert!(bytes.len() <= room),
                    Ok(Err(len)) => prop_assert!(len > room && len <= text.len()),
                    Err(status) => prop_assert_eq!(status, Status::Malformed),
                }
            }
        }
    }
}
