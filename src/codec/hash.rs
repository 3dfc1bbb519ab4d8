//! Hashes and authentication codes.

use alloc::vec::Vec;

use cpex_wasmi_abi::digest as number;
use hmac::{Hmac, KeyInit};
use sha2::{Digest as _, Sha256, Sha512};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Sha256,
    Sha512,
    Blake3,
    Fnv1a,
    Xxh3,
    Crc32,
}

impl Algorithm {
    /// The function with this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            number::SHA256 => Self::Sha256,
            number::SHA512 => Self::Sha512,
            number::BLAKE3 => Self::Blake3,
            number::FNV1A => Self::Fnv1a,
            number::XXH3 => Self::Xxh3,
            number::CRC32 => Self::Crc32,
            _ => return None,
        })
    }

    /// The charge for hashing so many bytes, in bytes of work: as for a processor without instructions for SHA.
    pub(crate) const fn work(self, len: usize) -> usize {
        let (begun, each) = match self {
            Self::Sha256 => (256, 4),
            Self::Sha512 => (512, 4),
            Self::Blake3 => (256, 2),
            Self::Fnv1a => (0, 2),
            Self::Xxh3 | Self::Crc32 => (0, 1),
        };
        len.saturating_mul(each).saturating_add(begun)
    }

    /// Hashes bytes. Numbers have their highest byte first.
    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
            Self::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
            Self::Fnv1a => fnv1a(bytes).to_be_bytes().to_vec(),
            Self::Xxh3 => twox_hash::XxHash3_64::oneshot(bytes).to_be_bytes().to_vec(),
            Self::Crc32 => crc32fast::hash(bytes).to_be_bytes().to_vec(),
        }
    }
}

/// FNV-1a with 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    const BEGIN: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(BEGIN, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// An authentication code: HMAC over a hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    Sha256,
    Sha512,
}

impl Mac {
    /// The code over the hash function with this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            number::SHA256 => Some(Self::Sha256),
            number::SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The charge for a code of so many bytes and a secret, in bytes of work.
    pub(crate) const fn work(self, len: usize) -> usize {
        len.saturating_mul(4).saturating_add(2048)
    }

    /// Makes the code of bytes under a secret of any length.
    pub(crate) fn code(self, secret: &[u8], bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => code::<Hmac<Sha256>>(secret, bytes),
            Self::Sha512 => code::<Hmac<Sha512>>(secret, bytes),
        }
    }
}

fn code<M: hmac::Mac + KeyInit>(secret: &[u8], bytes: &[u8]) -> Vec<u8> {
    // HMAC takes a secret of any length.
    let Ok(mac) = <M as KeyInit>::new_from_slice(secret) else { return Vec::new() };
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> alloc::string::String {
        bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_those_of_the_standards() {
        for (algorithm, empty, abc) in [
            (
                Algorithm::Sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algorithm::Sha512,
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (
                Algorithm::Blake3,
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            ),
            (Algorithm::Fnv1a, "cbf29ce484222325", "e71fa2190541574b"),
            (Algorithm::Xxh3, "2d06800538d394c2", "78af5f94892f3950"),
            (Algorithm::Crc32, "00000000", "352441c2"),
        ] {
            assert_eq!(hex(&algorithm.digest(b"")), empty, "{algorithm:?}");
            assert_eq!(hex(&algorithm.digest(b"abc")), abc, "{algorithm:?}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_4231() {
        let text = b"what do ya want for nothing?";
        assert_eq!(
            hex(&Mac::Sha256.code(b"Jefe", text)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&Mac::Sha512.code(b"Jefe", text)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex(&Mac::Sha256.code(&[0xaa; 131], long)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn there_are_no_other_numbers() {
        assert_eq!((0..=9).filter_map(Algorithm::from_number).count(), 6);
        assert_eq!((0..=9).filter_map(Mac::from_number).count(), 2);
    }
}
