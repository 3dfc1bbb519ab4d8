//! Signatures and tokens without end, and keys that are made to take long.

use std::time::Duration;

use cpex_wasmi::{Access, ClockGrant, Policy};

use super::common::*;
use super::harness::{Case, check};

/// The modulus of an RSA key of 4,096 bits in PKCS#1, with the largest exponent that is taken.
fn large_rsa_key() -> Vec<u8> {
    let modulus = [&[0, 0xff][..], &[0xff; 511]].concat();
    let exponent = [0, 0xff, 0xff, 0xff, 0xff];
    let number = |bytes: &[u8]| match u8::try_from(bytes.len()) {
        Ok(len) if len < 128 => [&[2, len], bytes].concat(),
        _ => [&[2, 0x82, 2, 1], bytes].concat(),
    };
    let content = [number(&modulus), number(&exponent)].concat();
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82, len[0], len[1]], &content[..]].concat()
}

/// A plugin with a key at 0 that verifies signatures of its memory for ever.
fn for_ever(name: &str, key: &[u8], algorithm: u32, len: u32, signature: u32) -> Case {
    let key_len = key.len();
    let wasm = guest(&format!(
        r#"(memory (export "memory") 8) (data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (loop $l (drop (call $verify (i32.const -1) (i32.const 0) (i32.const 0) (i32.const {len})
               (i32.const {algorithm}) (i32.const 0) (i32.const {key_len}) (i32.const 1024) (i32.const {signature})))
               (br $l)) (unreachable))"#,
        data(key)
    ));
    Case::new(name, wasm, "fuel_exhausted").peak_kib(288 + 8 * 64 + 64)
}

#[test]
fn signatures_without_end_end() {
    let rsa = large_rsa_key();
    let base = [
        0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66,
    ];
    let cases = [
        for_ever("signatures by RSA", &rsa, 3, 64, 512),
        for_ever("signatures by RSA with PSS", &rsa, 8, 64, 512),
        for_ever("signatures by Ed25519", &base, 0, 64, 64),
        for_ever("signatures of most of the memory", &base, 0, 500_000, 64),
        for_ever("a key that is none", &[0x30; 1000], 3, 64, 512),
        for_ever("a point that is none", &[2; 33], 1, 64, 64),
        for_ever("PEM that is none", b"-----BEGIN PUBLIC KEY-----\nAAAA\n", 0, 64, 64),
    ];
    cases.iter().for_each(check);
}

#[test]
fn tokens_without_end_end() {
    let granted = |policy: Policy| {
        let clock = ClockGrant::Fixed(Duration::from_secs(1));
        policy.access(Access::default().clock(clock))
    };
    let rules = r#"{"algorithms":["EdDSA"]}"#;
    let set = format!(r#"{{"keys":[{}{{}}]}}"#, r#"{"a":[]},"#.repeat(250));
    let deep = format!(r#"{{"keys":{}"#, "[".repeat(100_000));
    for (name, keys) in [("a set of keys that are none", &set), ("a deep set of keys", &deep)] {
        let (keys_at, len) = (rules.len(), keys.len());
        let wasm = guest_wanting(
            &["clock"],
            &format!(
                r#"(memory (export "memory") 8) (data (i32.const 0) "{}")
                   (func (export "cpex_invoke") (param i32) (result i32)
                     (loop $l (drop (call $jwt_json (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 60000)
                       (i32.const 0) (i32.const {keys_at}) (i32.const {keys_at}) (i32.const {len})
                       (i32.const 0) (i32.const 0))) (br $l)) (unreachable))"#,
                data([rules, keys].concat().as_bytes())
            ),
        );
        let case = Case::new(name, wasm, "fuel_exhausted").policy(granted);
        check(&case.peak_kib(288 + 8 * 64 + (1 << 10)));
    }
}
