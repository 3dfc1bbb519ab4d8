//! Published signatures, signatures of OpenSSL's, and what is none.

use alloc::vec::Vec;

use cpex_wasmi_abi::{Status, encoding, signature as number};

use super::{Algorithm, PublicKey};
use crate::codec::Encoding;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn base64() -> Encoding {
    Encoding::from_number(encoding::BASE64).unwrap()
}

/// The rows of a table: name, algorithm, key and signature.
fn rows(table: &str) -> impl Iterator<Item = (&str, Algorithm, Vec<u8>, Vec<u8>)> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let row: Vec<_> = line.split(' ').collect();
        let algorithm = Algorithm::from_number(row[1].parse().unwrap()).unwrap();
        let bytes = |text: &str| base64().decode(text.as_bytes(), usize::MAX).unwrap().unwrap();
        (row[0], algorithm, bytes(row[2]), bytes(row[3]))
    })
}

const MESSAGE: &[u8] = b"the quick brown fox";

const UNSALTED: &str = "pss-without-salt";

fn openssl() -> impl Iterator<Item = (&'static str, Algorithm, Vec<u8>, Vec<u8>)> {
    rows(include_str!("vectors.txt"))
}

fn verify(algorithm: u32, key: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, Status> {
    let algorithm = Algorithm::from_number(algorithm).unwrap();
    PublicKey::read(algorithm, key).map(|key| algorithm.verify(&key, message, signature))
}

#[test]
fn signatures_of_openssl_are_valid() {
    assert_eq!(openssl().count(), 19);
    for (name, algorithm, key, signature) in openssl() {
        let key = PublicKey::read(algorithm, &key).unwrap();
        assert!(algorithm.verify(&key, MESSAGE, &signature), "{name}");
        assert!(!algorithm.verify(&key, b"the quick brown fix", &signature), "{name}");
    }
}

#[test]
fn a_changed_signature_is_not_valid() {
    for (name, algorithm, key, signature) in openssl() {
        let key = PublicKey::read(algorithm, &key).unwrap();
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!algorithm.verify(&key, MESSAGE, &changed), "{name} {at}");
        }
        for other in [&signature[1..], &signature[..signature.len() - 1], &[]] {
            assert!(!algorithm.verify(&key, MESSAGE, other), "{name}");
        }
        for (longer, end) in [([&[0], &signature[..]], "front"), ([&signature[..], &[0]], "end")] {
            assert!(!algorithm.verify(&key, MESSAGE, &longer.concat()), "{name} {end}");
        }
        let zeros = alloc::vec![0; signature.len()];
        assert!(!algorithm.verify(&key, MESSAGE, &zeros), "{name}");
        assert!(!algorithm.verify(&key, MESSAGE, &alloc::vec![0xff; signature.len()]), "{name}");
    }
}

#[test]
fn a_signature_is_of_one_algorithm() {
    for (name, algorithm, key, signature) in openssl() {
        for other in (0..9).filter_map(Algorithm::from_number).filter(|other| *other != algorithm) {
            let valid = PublicKey::read(other, &key)
                .is_ok_and(|key| other.verify(&key, MESSAGE, &signature));
            assert!(!valid, "{name} as {other:?}");
        }
    }
}

#[test]
fn weak_and_other_keys_are_refused() {
    for (name, algorithm, key, _) in
        rows(include_str!("refused.txt")).filter(|row| row.0 != UNSALTED)
    {
        assert_eq!(PublicKey::read(algorithm, &key).err(), Some(Status::Malformed), "{name}");
    }
    let ed25519 = Algorithm::Ed25519;
    // Points of small order: 0 and 1, and 1 written otherwise.
    for key in [
        [0; 32],
        {
            let mut one = [0; 32];
            one[0] = 1;
            one
        },
        {
            let mut one = [0xff; 32];
            one[0] = 0xee;
            one[31] = 0x7f;
            one
        },
    ] {
        assert_eq!(PublicKey::read(ed25519, &key).err(), Some(Status::Malformed), "{key:?}");
    }
    let too_long = alloc::vec![b' '; (16 << 10) + 1];
    assert_eq!(PublicKey::read(ed25519, &too_long).err(), Some(Status::TooLarge));
    assert_eq!(PublicKey::read(ed25519, &[]).err(), Some(Status::Malformed));
    // The point at infinity, and a point that is not on the curve.
    for key in [alloc::vec![0], [&[4][..], &[1; 64]].concat(), alloc::vec![0; 65]] {
        assert!(PublicKey::read(Algorithm::EcdsaP256, &key).is_err(), "{key:?}");
    }
}

#[test]
fn an_rsa_key_has_a_bounded_size_and_exponent() {
    let modulus = |bytes: usize| {
        let mut modulus = alloc::vec![0xff; bytes];
        modulus[0] = 0x80;
        modulus
    };
    let usual = [1, 0, 1];
    for (bytes, fits) in [(128, false), (255, false), (256, true), (512, true), (513, false)] {
        assert_eq!(PublicKey::rsa(&modulus(bytes), &usual).is_some(), fits, "{bytes}");
    }
    let mut short = modulus(256);
    short[0] = 0x7f;
    assert!(PublicKey::rsa(&short, &usual).is_none(), "2,047 bits");
    let padded = [&[0; 3][..], &modulus(256)].concat();
    assert!(PublicKey::rsa(&padded, &[0, 1, 0, 1]).is_some(), "zeros in front mean nothing");
    let mut even = modulus(256);
    even[255] = 0xfe;
    assert!(PublicKey::rsa(&even, &usual).is_none(), "an even modulus");
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0], &[1, 0, 0, 0, 1], &[0xff; 256]] {
        assert!(PublicKey::rsa(&modulus(256), exponent).is_none(), "{exponent:?}");
    }
    assert!(PublicKey::rsa(&modulus(256), &[3]).is_some());
    assert!(PublicKey::rsa(&modulus(256), &[0xff; 4]).is_some());
    assert!(PublicKey::rsa(&[], &usual).is_none());
}

#[test]
fn a_longer_exponent_and_modulus_cost_more() {
    let work = |bytes, exponent: &[u8]| {
        let modulus = alloc::vec![0xff; bytes];
        PublicKey::rsa(&modulus, exponent).unwrap().work()
    };
    assert!(work(512, &[1, 0, 1]) > 3 * work(256, &[1, 0, 1]));
    assert!(work(256, &[0xff; 4]) > work(256, &[1, 0, 1]));
}

#[test]
fn signatures_of_rfc_8032_are_valid() {
    for (key, message, signature) in [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let (key, message, signature) = (hex(key), hex(message), hex(signature));
        assert_eq!(verify(number::ED25519, &key, &message, &signature), Ok(true));
    }
}

/// Adding the order of the group to the second half gives a second signature of the same message.
#[test]
fn an_ed25519_signature_has_one_form() {
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let (_, algorithm, key, mut signature) = openssl().next().unwrap();
    let mut carry = 0;
    for (digit, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*digit) + u16::from(add) + carry;
        (*digit, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let key = PublicKey::read(algorithm, &key).unwrap();
    assert!(!algorithm.verify(&key, MESSAGE, &signature));
}

/// ECDSA with numbers that are 0, or as large as the order of the group.
#[test]
fn ecdsa_numbers_out_of_range_are_not_valid() {
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let (_, algorithm, key, signature) = openssl().nth(1).unwrap();
    let key = PublicKey::read(algorithm, &key).unwrap();
    let (r, s) = signature.split_at(32);
    for (r, s) in [(&order[..], s), (r, &order), (&[0; 32], s), (r, &[0; 32]), (&order, &order)] {
        assert!(!algorithm.verify(&key, MESSAGE, &[r, s].concat()));
    }
}

#[test]
fn the_salt_of_pss_is_as_long_as_the_hash() {
    let mut rows = rows(include_str!("refused.txt"));
    let (_, algorithm, key, signature) = rows.find(|row| row.0 == UNSALTED).unwrap();
    let key = PublicKey::read(algorithm, &key).unwrap();
    assert!(!algorithm.verify(&key, MESSAGE, &signature));
}

#[test]
fn keys_are_read_in_all_their_forms() {
    let (_, _, info, signature) = openssl().next().unwrap();
    let bare = &info[info.len() - 32..];
    let pem = |label: &str, der: &[u8]| {
        let text = base64().encode(der, usize::MAX).unwrap();
        let lines: Vec<_> = text.chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        alloc::format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let text = pem("PUBLIC KEY", &info);
    for key in [&info[..], bare, text.as_bytes(), text.trim_ascii_end().as_bytes()] {
        assert_eq!(verify(number::ED25519, key, MESSAGE, &signature), Ok(true));
    }
    let (_, _, info, signature) = openssl().find(|row| row.0 == "rsa2048-pkcs1-sha256").unwrap();
    let bare = &info[24..];
    for key in [&info[..], bare, pem("RSA PUBLIC KEY", bare).as_bytes()] {
        assert_eq!(verify(number::RSA_PKCS1_SHA256, key, MESSAGE, &signature), Ok(true));
    }
    for key in [pem("CERTIFICATE", &info), pem("RSA PUBLIC KEY", &info), pem("PUBLIC KEY", bare)] {
        assert_eq!(
            verify(number::RSA_PKCS1_SHA256, key.as_bytes(), MESSAGE, &signature),
            Err(Status::Malformed)
        );
    }
    let trailing = [&info[..], &[0]].concat();
    assert!(verify(number::RSA_PKCS1_SHA256, &trailing, MESSAGE, &signature).is_err());
}
